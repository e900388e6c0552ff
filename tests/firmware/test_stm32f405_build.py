"""The STM32F405's image: whole, reproducible, no heap, DMA memory where DMA can reach it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "readout" / "firmware"
BASE = 0x08010000
STACK_TOP = 0x10002000
VECTORS = 98


def load(name: str, folder: Path = FIRMWARE) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    specification = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


build_stm32f405: Any = load("build_stm32f405")
image: Any = build_stm32f405.image
stack_depth: Any = image.stack_depth


@pytest.fixture(scope="session")
def arm_gcc() -> str:
    found = shutil.which("arm-none-eabi-gcc")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("arm-none-eabi-gcc is not installed")
        pytest.skip("arm-none-eabi-gcc is not installed")
    return found


@pytest.fixture(scope="session")
def built(arm_gcc, tmp_path_factory):
    return build_stm32f405.build(tmp_path_factory.mktemp("stm32f405"), git="0123abc")


@pytest.fixture
def changed(arm_gcc, tmp_path):
    """Builds a copy of the firmware in which a piece of one file was replaced."""

    def build(file: str, old: str, new: str) -> Any:
        firmware = tmp_path / "elsewhere" / "firmware"
        shutil.copytree(FIRMWARE, firmware)
        path = firmware / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        return build_stm32f405.build(tmp_path / "out", firmware=firmware)

    return build


def words(path: Path) -> list[int]:
    content = path.read_bytes()
    return [int.from_bytes(content[i : i + 4], "little") for i in range(0, len(content), 4)]


def crc_unit(content: list[int]) -> int:
    """The CRC unit, bit by bit (RM0090, 4.2)."""
    crc = 0xFFFFFFFF
    for word in content:
        crc ^= word
        for _ in range(32):
            crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
    return crc


# --- the image -----------------------------------------------------------------------------------


def test_the_manifest_tells_what_the_files_hold(built):
    manifest = json.loads(built.manifest.read_text(encoding="utf-8"))
    folder = built.manifest.parent
    assert built.manifest.name == "manifest.json"
    assert (manifest["format"], manifest["board"], manifest["git"]) == (1, "stm32f405", "0123abc")
    assert manifest["panels"] == ["cmos32", "tft64"]
    files = [(each["file"], each["sha256"]) for each in [*manifest["regions"], manifest["elf"]]]
    assert [name for name, _ in files] == ["stage0.bin", "firmware.bin", "fpxi-stm32f405.elf"]
    for name, sha256 in files:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    for region in manifest["regions"]:
        assert (folder / region["file"]).stat().st_size == region["size"]
        assert region["size"] % 4 == 0
    assert [region["address"] for region in manifest["regions"]] == [0x08000000, BASE]


def test_the_version_is_that_of_the_package(built):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{built.content["version"]}"' in text


def test_the_schema_hashes_are_those_of_the_definition(built):
    protocol = ROOT / "readout" / "protocol"
    sys.path.insert(0, str(protocol))
    try:
        definition = load("definition", protocol)
        dictionary = load("dictionary", protocol)
    finally:
        sys.path.remove(str(protocol))
    defined = definition.load(protocol / "protocol.toml")
    for panel, schema_hash in built.content["schema_hash"].items():
        assert dictionary.build(defined, panel).schema_hash.hex() == schema_hash


def test_the_vector_table_is_whole(built):
    firmware = words(built.manifest.with_name("firmware.bin"))
    reserved = {7, 8, 9, 10, 13}
    assert firmware[0] == STACK_TOP
    for number, entry in enumerate(firmware[1:VECTORS], start=1):
        if number in reserved:
            assert entry == 0
        else:
            assert entry % 2 == 1, f"vector {number} is not Thumb code"
            assert BASE < entry < BASE + 4 * len(firmware)
    serviced = {firmware[16 + irq] for irq in (16, 17, 23, 28, 37, 38, 50, 68, 70)}
    assert len(serviced) == 9
    fault = firmware[3]
    assert fault not in serviced
    assert [entry for entry in firmware[16:VECTORS] if entry not in serviced] == [fault] * 73


def test_the_checksum_stands_where_stage_0_looks_for_it(built):
    firmware = words(built.manifest.with_name("firmware.bin"))
    magic, end = firmware[VECTORS : VECTORS + 2]
    assert magic == int.from_bytes(b"FPXI", "little")
    assert end == BASE + 4 * (len(firmware) - 1)
    assert firmware[-1] == crc_unit(firmware[:-1]) == built.content["crc"]


def test_stage_0_stands_alone(built, arm_gcc, tmp_path):
    stage0 = words(built.manifest.with_name("stage0.bin"))
    assert stage0[0] == STACK_TOP
    assert all(0x08000000 < entry < 0x08000000 + 4 * len(stage0) for entry in stage0[1:7])
    assert 4 * len(stage0) <= 1024
    stage0_object = tmp_path / "stage0.o"
    source = FIRMWARE / "boards" / "stm32f405" / "stage0.c"
    flags = build_stm32f405.COMPILE_FLAGS
    subprocess.run([arm_gcc, *flags, "-c", source, "-o", stage0_object], check=True)
    needed = subprocess.run(
        ["arm-none-eabi-nm", "-u", stage0_object], capture_output=True, text=True, check=True
    )
    assert needed.stdout == ""


def test_sizes_and_stack_fit(built):
    sizes = built.content["sizes"]
    assert set(sizes) == {"flash", "sram", "ccm", "stack"}
    for memory, size in sizes.items():
        assert 0 < size <= image.LIMITS[memory]
    flash = sum(region["size"] for region in built.content["regions"])
    assert sizes["flash"] == flash


@pytest.mark.parametrize(
    "file",
    ["core/version.h", "panels/none.c", "boards/stm32f405/stm32f405.ld", "build_stm32f405.py"],
)
def test_the_fingerprint_is_of_all_that_an_image_is_made_of(arm_gcc, tmp_path, file):
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    fingerprint = build_stm32f405.fingerprint(firmware)
    assert fingerprint == build_stm32f405.fingerprint()
    with (firmware / file).open("a", encoding="utf-8") as source:
        source.write("\n")
    assert build_stm32f405.fingerprint(firmware) != fingerprint


def test_the_fingerprint_is_of_the_compiler_too(arm_gcc, monkeypatch):
    fingerprint = build_stm32f405.fingerprint()
    run = build_stm32f405._run
    monkeypatch.setattr(build_stm32f405, "_run", lambda *words: run(*words).replace("12.", "13."))
    assert build_stm32f405.fingerprint() != fingerprint


def test_the_same_sources_give_the_same_image_anywhere(built, changed):
    again = changed("core/version.h", "/* Version", "/* Version")
    assert again.content["elf"] == built.content["elf"]
    assert again.content["regions"] == built.content["regions"]
    assert again.content["git"] == "unknown"


# --- what is refused -----------------------------------------------------------------------------


def test_a_dma_buffer_in_ccm_is_refused(changed):
    buffer = "static uint8_t rings"
    with pytest.raises(image.ImageError, match="DMA cannot reach rings at 0x1000"):
        changed(
            "boards/stm32f405/links.c", f"FPXI_DMA_MEMORY {buffer}", f"FPXI_CCM_MEMORY {buffer}"
        )


@pytest.mark.parametrize("name", image.DMA_SYMBOLS)
def test_every_known_dma_buffer_is_looked_for(name):
    symbols = dict.fromkeys(image.DMA_SYMBOLS, 0x20000000)
    with pytest.raises(image.ImageError, match=f"DMA cannot reach {name} at 0x10002000"):
        image.check_dma_memory("", {**symbols, name: 0x10002000})


def test_a_map_that_puts_dma_memory_into_ccm_is_refused(built):
    text = built.elf.with_suffix(".map").read_text(encoding="utf-8")
    symbols = dict.fromkeys(image.DMA_SYMBOLS, 0x20000000)
    image.check_dma_memory(text, symbols)
    line = re.search(r"^ \.dma .*links\.o$", text, re.MULTILINE)
    assert line
    moved = text.replace(line[0], line[0].replace("0x2000", "0x1000"))
    with pytest.raises(image.ImageError, match=r"DMA cannot reach boards/stm32f405/links\.o's"):
        image.check_dma_memory(moved, symbols)


def test_dma_memory_that_nobody_finds_is_refused():
    with pytest.raises(image.ImageError, match="no DMA memory rings"):
        image.check_dma_memory("", dict.fromkeys(image.DMA_SYMBOLS[:3], 536870912))


def test_firmware_that_outgrows_its_memory_is_refused(changed):
    with pytest.raises(build_stm32f405.BuildError, match="overflowed"):
        changed("boards/stm32f405/stm32f405.ld", "LENGTH = 960K", "LENGTH = 16K")


def test_a_warning_is_an_error(changed):
    with pytest.raises(build_stm32f405.BuildError, match="unused variable"):
        changed("boards/stm32f405/led.c", "bool on = true;", "bool on = true; int unused;")


@pytest.mark.parametrize("name", ["malloc", "_malloc_r", "_sbrk", "free", "__sbrk"])
def test_a_heap_is_refused(name):
    image.check_no_heap({"fpxi_core_poll": 1, "memcpy": 2})
    with pytest.raises(image.ImageError, match=name):
        image.check_no_heap({"fpxi_core_poll": 1, name: 2})


def test_a_missing_compiler_is_named_with_its_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build_stm32f405.NoToolchainError, match="apt install gcc-arm-none-eabi"):
        build_stm32f405.build(tmp_path / "out")


# --- the stack -----------------------------------------------------------------------------------


def node(name: str, size: int, kind: str = "static") -> str:
    return f'node: {{ title: "{name}" label: "{name}\\na.c:1:1\\n{size} bytes ({kind})" }}\n'


def edge(source: str, target: str) -> str:
    return f'edge: {{ sourcename: "{source}" targetname: "{target}" label: "a.c:2:2" }}\n'


def graph(*lines: str) -> Any:
    made = stack_depth.CallGraph()
    made.add_compiled("".join(lines))
    return made


def test_the_deepest_path_counts():
    made = graph(
        *[node("a", 8), node("b", 100), node("a.c:c", 16), node("d", 200)],
        *[edge("a", "b"), edge("a", "a.c:c"), edge("a.c:c", "d")],
    )
    assert made.depth("a") == 8 + 16 + 200


def test_recursion_is_refused():
    made = graph(node("a", 8), node("b", 8), edge("a", "b"), edge("b", "a"))
    with pytest.raises(stack_depth.StackError, match="recursion: a -> b -> a"):
        made.depth("a")


def test_an_unbounded_stack_is_refused():
    with pytest.raises(stack_depth.StackError, match="without a bound"):
        graph(node("a", 8, "dynamic"))


def test_a_call_by_pointer_must_be_named():
    calls = [node("a", 8), node("b", 30), edge("a", stack_depth.INDIRECT)]
    with pytest.raises(stack_depth.StackError, match="a calls by pointer"):
        graph(*calls).name_indirect({})
    made = graph(*calls)
    made.name_indirect({"a": ["b"]})
    assert made.depth("a") == 38


def test_an_unknown_function_is_refused():
    made = graph(node("a", 8), edge("a", "b"))
    with pytest.raises(stack_depth.StackError, match="no function b"):
        made.depth("a")


def test_what_the_compiler_did_not_compile_is_read_from_its_code():
    made = graph(node("a", 8), edge("a", "divide"))
    made.add_disassembled(
        "08000100 <divide>:\n"
        " 8000100:\tpush\t{r4, r5, lr}\n"
        " 8000104:\tsub\tsp, #20\n"
        " 8000108:\tbl\t8000200 <shift>\n"
        "08000200 <shift>:\n"
        " 8000200:\tstmdb\tsp!, {r4-r7}\n"
        " 8000204:\tvpush\t{d8-d9}\n"
        " 8000208:\tstr.w\tr4, [sp, #-4]!\n"
    )
    assert made.depth("a") == 8 + (12 + 20) + (16 + 16 + 4)


def test_a_stack_too_deep_is_refused():
    calls = [node("fpxi_start", 9000), node("fpxi_handle_fault", 8), node("fpxi_isr_tim2", 8)]
    with pytest.raises(image.ImageError, match="the stack may take"):
        image.worst_stack({"core/core.ci": "".join(calls)}, "")
