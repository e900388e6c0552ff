"""Build the firmware of the STM32F405 board.

`python readout/firmware/build_stm32f405.py [--output DIR] [--git HASH]`

Writes fpxi-stm32f405.elf, the content of each region of flash as a .bin, and manifest.json, and
prints sizes and worst-case stack. The same sources give the same bytes, wherever they lie.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import stm32f405_image as image

FIRMWARE = Path(__file__).resolve().parent
OUTPUT = FIRMWARE.parents[1] / "build" / "stm32f405"
BOARD = Path("boards") / "stm32f405"
SOURCE_FOLDERS = (Path("core"), Path("panels"), BOARD)
NAME = "fpxi-stm32f405"
PREFIX = "arm-none-eabi-"

CPU_FLAGS = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wvla", "-Werror"]
COMPILE_FLAGS = [
    *CPU_FLAGS,
    *WARNINGS,
    "-std=c11",
    "-O2",
    "-g",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-common",
    "-fstack-usage",
    "-fcallgraph-info=su",
]
LINK_FLAGS = [
    *CPU_FLAGS,
    "-nostartfiles",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
    "-Wl,--fatal-warnings",
]


class BuildError(Exception):
    """A tool refused; the message holds its command and all that it said."""


class NoToolchainError(Exception):
    """There is no ARM compiler on this machine."""

    def __init__(self, tool: str) -> None:
        super().__init__(
            f"{tool} was not found. On Debian and Ubuntu: "
            "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi"
        )


@dataclass(frozen=True, slots=True)
class Built:
    """What a build left in its folder."""

    elf: Path
    manifest: Path
    content: dict[str, Any]  # of the manifest


def _tool(name: str) -> str:
    found = shutil.which(PREFIX + name)
    if found is None:
        raise NoToolchainError(PREFIX + name)
    return found


def _run(arguments: Sequence[str | Path], folder: Path) -> str:
    result = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        raise BuildError(f"{shlex.join(map(str, arguments))}\n{result.stdout}")
    return result.stdout


def firmware_sources(firmware: Path) -> list[Path]:
    """Return the C files, relative to the firmware folder."""
    return [
        path.relative_to(firmware)
        for folder in SOURCE_FOLDERS
        for path in sorted((firmware / folder).glob("*.c"))
    ]


def compile_sources(firmware: Path, objects: Path, sources: Sequence[Path]) -> list[Path]:
    """Compile sources, named relative to the firmware; return objects, relative to their folder."""
    compiler = _tool("gcc")
    # Names in the debugging information, and in assertions, are relative to the firmware.
    paths = [f"-ffile-prefix-map={firmware}=.", f"-fdebug-prefix-map={objects}=."]

    def compile_one(source: Path) -> Path:
        target = source.with_suffix(".o")
        (objects / target).parent.mkdir(parents=True, exist_ok=True)
        _run([compiler, *COMPILE_FLAGS, *paths, "-c", source, "-o", objects / target], firmware)
        return target

    with ThreadPoolExecutor() as pool:
        return list(pool.map(compile_one, sources))


def _link(firmware: Path, objects: Path, names: Sequence[Path]) -> tuple[Path, Path]:
    elf, listing = objects / f"{NAME}.elf", objects / f"{NAME}.map"
    script = firmware / BOARD / "stm32f405.ld"
    command: list[str | Path] = [_tool("gcc"), *LINK_FLAGS]
    command += [f"-Wl,-T,{script}", f"-Wl,-Map={listing}"]
    _run([*command, *names, "-lc", "-lgcc", "-o", elf], objects)
    return elf, listing


def _region(elf: Path, region: image.Region) -> bytes:
    """Return what an ELF file puts into a region of flash."""
    target = elf.with_name(region.file)
    sections = [argument for name in region.sections for argument in ("-j", name)]
    _run([_tool("objcopy"), "-O", "binary", *sections, elf, target], elf.parent)
    return target.read_bytes()


def _write_checksum(elf: Path) -> int:
    """Put the checksum of the firmware behind it, where stage 0 looks for it."""
    content = _region(elf, image.FIRMWARE_REGION)
    checksum = image.checksum(content[:-4])
    word = elf.with_name("checksum.bin")
    word.write_bytes(checksum.to_bytes(4, "little"))
    _run([_tool("objcopy"), "--update-section", f".image_crc={word}", elf], elf.parent)
    return checksum


def link_unchecked(firmware: Path, objects: Path) -> Path:
    """Make an ELF file that runs of compiled sources, whatever else is wrong with it.

    For tests of what finds mistakes; what is shipped comes from `build`.
    """
    names = [source.with_suffix(".o") for source in firmware_sources(firmware)]
    elf, _ = _link(firmware, objects, names)
    _write_checksum(elf)
    return elf


def _version(firmware: Path) -> str:
    text = (firmware / "core" / "version.h").read_text(encoding="utf-8")
    return ".".join(re.findall(r"FPXI_FIRMWARE_(?:MAJOR|MINOR|PATCH) (\d+)u", text))


def git_hash(folder: Path) -> str:
    """Return the commit of a folder, with `-dirty` where files differ; `unknown` without git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40"]
    command += ["--exclude=*"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return result.stdout.strip() if result.returncode == 0 else "unknown"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _examine(elf: Path, listing: Path, objects: Path) -> image.Findings:
    calls = {
        path.relative_to(objects).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(objects.glob("**/*.ci"))
    }
    return image.examine(
        symbols=_run([_tool("nm"), elf], objects),
        sections=_run([_tool("size"), "-A", "-d", elf], objects),
        map_text=listing.read_text(encoding="utf-8"),
        calls=calls,
        disassembly=_run([_tool("objdump"), "-d", "--no-show-raw-insn", elf], objects),
    )


def fingerprint(firmware: Path = FIRMWARE) -> str:
    """Return a SHA-256 of all that an image is made of: sources, scripts, tools, libraries.

    Raises NoToolchainError, BuildError.
    """
    digest = hashlib.sha256()
    found = {path for folder in SOURCE_FOLDERS for path in (firmware / folder).rglob("*")}
    for path in sorted(found.union(firmware.glob("*.py"))):
        if not path.is_file() or path.suffix == ".pyc":
            continue
        name = path.relative_to(firmware).as_posix()
        digest.update(f"{name} {_sha256(path.read_bytes())}\n".encode())
    for tool in ("gcc", "as", "ld", "objcopy"):
        digest.update(_run([_tool(tool), "--version"], firmware).encode())
    for library in ("libc.a", "libgcc.a"):
        path = Path(
            _run([_tool("gcc"), *CPU_FLAGS, f"-print-file-name={library}"], firmware).strip()
        )
        if path.is_file():  # without it, linking says so
            digest.update(f"{library} {_sha256(path.read_bytes())}\n".encode())
    return digest.hexdigest()


def build(output: Path, *, firmware: Path = FIRMWARE, git: str | None = None) -> Built:
    """Build the image into a folder.

    Raises NoToolchainError, BuildError (compiler, linker) and image.ImageError (an image that
    must not be shipped).
    """
    firmware = firmware.resolve()
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        objects = Path(scratch).resolve()
        compiled = compile_sources(firmware, objects, firmware_sources(firmware))
        elf, listing = _link(firmware, objects, compiled)
        findings = _examine(elf, listing, objects)
        checksum = _write_checksum(elf)
        regions = {region: _region(elf, region) for region in image.REGIONS}
        for region, content in regions.items():
            (output / region.file).write_bytes(content)
        shutil.copyfile(elf, output / elf.name)
        shutil.copyfile(listing, output / listing.name)
        shipped = _sha256((output / elf.name).read_bytes())
    manifest = {
        "format": 1,
        "name": NAME,
        "board": "stm32f405",
        "panels": sorted(findings.dictionaries),
        "version": _version(firmware),
        "git": git or git_hash(firmware),
        "schema_hash": {
            panel: image.schema_hash(regions[image.FIRMWARE_REGION], address)
            for panel, address in sorted(findings.dictionaries.items())
        },
        "regions": [_describe(region, content) for region, content in regions.items()],
        "elf": {"file": f"{NAME}.elf", "sha256": shipped},
        "crc": checksum,
        "sizes": findings.sizes,
    }
    path = output / "manifest.json"
    path.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return Built(output / f"{NAME}.elf", path, manifest)


def _describe(region: image.Region, content: bytes) -> dict[str, Any]:
    return {
        "file": region.file,
        "address": region.address,
        "size": len(content),
        "sha256": _sha256(content),
    }


def _report(built: Built) -> str:
    lines = [f"{built.elf}  SHA-256 {built.content['elf']['sha256']}"]
    for name, size in built.content["sizes"].items():
        limit = image.LIMITS[name]
        lines.append(f"{name:6} {size:7} of {limit:7} bytes ({100 * size / limit:.0f} %)")
    return "\n".join(lines)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for the image")
    parser.add_argument("--git", help="commit to name in the manifest; default: what git says")
    options = parser.parse_args()
    try:
        print(_report(build(options.output, git=options.git)))
    except (BuildError, NoToolchainError, image.ImageError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
