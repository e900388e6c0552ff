"""The sources compile everywhere without a word, and keep the rules of the core."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fpxi_hwsim.native import ABI

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "readout" / "firmware"


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    return found


def compile_objects(sources: list[Path], folder: Path) -> Path:
    flags = ["-std=c11", "-O0", "-fno-pie", "-fno-stack-protector", "-fcallgraph-info"]
    subprocess.run([tool("gcc"), *flags, "-c", *map(str, sources)], cwd=folder, check=True)
    return folder


def symbols(folder: Path) -> list[tuple[str, str]]:
    """Kind and name of every symbol in the objects of a folder."""
    command = [tool("nm"), *map(str, folder.glob("*.o"))]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.findall(r" (\w) (\w+)$", listing, re.MULTILINE)


def outside(folder: Path) -> set[str]:
    return {name for kind, name in symbols(folder) if kind == "U" and "fpxi_" not in name}


def writable(folder: Path) -> set[str]:
    return {name for kind, name in symbols(folder) if kind in "bBdDcC"}


@pytest.fixture(scope="module")
def portable_sources():
    return [*(FIRMWARE / "core").glob("*.c"), *(FIRMWARE / "panels").glob("*.c")]


@pytest.fixture(scope="module")
def core_objects(portable_sources, tmp_path_factory):
    return compile_objects(portable_sources, tmp_path_factory.mktemp("objects"))


@pytest.fixture(scope="module")
def bad_object(tmp_path_factory):
    """What the core may not do: heap, writable statics, recursion."""
    folder = tmp_path_factory.mktemp("bad")
    source = folder / "bad.c"
    source.write_text(
        "#include <stdlib.h>\n"
        "static int count; static int set = 1;\n"
        "int odd(int n);\n"
        "int even(int n) { free(malloc(1)); return n ? odd(n - 1) : count++ + set++; }\n"
        "int odd(int n) { return n ? even(n - 1) : 0; }\n",
        encoding="utf-8",
    )
    return compile_objects([source], folder)


def test_the_core_needs_nothing_but_memory_copies(core_objects, bad_object):
    assert outside(core_objects) <= {"memcpy", "memset", "memcmp", "memchr"}
    assert outside(bad_object) == {"malloc", "free"}


def test_the_core_keeps_no_writable_statics(core_objects, bad_object):
    assert writable(core_objects) == set()
    assert writable(bad_object) == {"count", "set"}


def call_graph(folder: Path) -> dict[str, set[str]]:
    calls: dict[str, set[str]] = {}
    for file in folder.glob("*.ci"):
        text = file.read_text(encoding="utf-8")
        for source, target in re.findall(r'sourcename: "([^"]+)" targetname: "([^"]+)"', text):
            calls.setdefault(source.split(":")[-1], set()).add(target.split(":")[-1])
    return calls


def reachable(calls: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    front = set(calls.get(start, ()))
    while front:
        found |= front
        front = set().union(*(calls.get(name, set()) for name in front)) - found
    return found


def recursive(folder: Path) -> set[str]:
    calls = call_graph(folder)
    return {name for name in calls if name in reachable(calls, name)}


def test_no_function_of_the_core_can_reach_itself(core_objects, bad_object):
    assert "fpxi_streamer_send" in reachable(call_graph(core_objects), "fpxi_core_poll")
    assert recursive(core_objects) == set()
    assert recursive(bad_object) == {"even", "odd"}


@pytest.mark.parametrize("name", ["gcc", "clang", "zig"])
def test_it_compiles_without_a_warning(build_native, tmp_path, name):
    compiler = build_native.named_compiler(name)
    if compiler is None:
        tool(name)
    path = build_native.compile_native(tmp_path, compiler=compiler)
    library = ctypes.CDLL(str(path))
    assert library.fpxi_native_abi() == ABI


ARM_FLAGS = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]


def compile_for_arm(build_native, sources, folder):
    """Compile for the Cortex-M4F with the warnings of every other build; return what it says."""
    compiler = tool("arm-none-eabi-gcc")
    flags = [*ARM_FLAGS, "-std=c11", "-O2", *build_native.WARNINGS, "-c"]
    command = [compiler, *flags, *map(str, sources)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stderr


def test_core_and_panels_compile_for_the_processor_without_a_warning(
    build_native, portable_sources, tmp_path
):
    assert compile_for_arm(build_native, portable_sources, tmp_path) == ""
    assert len(list(tmp_path.glob("*.o"))) == len(portable_sources)


def test_a_narrowing_is_a_warning_on_the_processor(build_native, tmp_path):
    source = tmp_path / "bad.c"
    source.write_text("short narrow(long a);\nshort narrow(long a) { return a; }\n")
    assert "-Werror=conversion" in compile_for_arm(build_native, [source], tmp_path)


def test_only_the_interface_is_visible(build_native, tmp_path):
    path = build_native.compile_native(tmp_path, compiler=build_native.named_compiler(tool("gcc")))
    header = (FIRMWARE / "boards" / "native" / "fpxi_native.h").read_text(encoding="utf-8")
    declared = set(re.findall(r"FPXI_EXPORT .*?(fpxi_native_\w+)\(", header))
    listing = subprocess.run(
        [tool("nm"), "-D", "--defined-only", str(path)], capture_output=True, text=True, check=True
    ).stdout
    visible = {line.split()[2] for line in listing.splitlines()}
    assert {name for name in visible if name.startswith("fpxi")} == declared


def test_a_compile_error_is_shown_whole(build_native, tmp_path):
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware)
    with (firmware / "core" / "core.c").open("a", encoding="utf-8") as file:
        file.write("int unfinished(void) { return }\n")
    with pytest.raises(build_native.CompileError, match=r"core\.c(.|\n)*return }"):
        build_native.compile_native(tmp_path / "out", firmware=firmware)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_machine_without_compiler_uses_ziglang(build_native, monkeypatch, tmp_path):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build_native.find_compiler().command[:3] == (sys.executable, "-m", "ziglang")


def test_no_compiler_at_all_says_what_to_do(build_native, monkeypatch, tmp_path):
    monkeypatch.setattr(build_native, "find_compiler", lambda: None)
    with pytest.raises(build_native.NoCompilerError, match="pip install ziglang"):
        build_native.compile_native(tmp_path)


def test_a_named_compiler_comes_first(build_native, monkeypatch):
    monkeypatch.setenv("CC", f"{tool('gcc')} -m64")
    assert build_native.find_compiler().command[-1] == "-m64"


def test_a_compiler_that_does_not_run_is_passed_over(build_native, monkeypatch, tmp_path):
    fake = tmp_path / "cc"
    fake.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "ziglang" in build_native.find_compiler().command
