"""Compile the firmware as a library for this machine.

`python readout/firmware/build_native.py [--output DIR] [--compiler NAME] [--sanitize]`

Uses $CC, the machine's C compiler, or, where there is none, the one in the `ziglang` package.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parent
OUTPUT = FIRMWARE.parents[1] / "hwsim" / "fpxi_hwsim" / "_native"
SOURCE_FOLDERS = ("core", "panels", "boards/native")
SUFFIXES = {"win32": ".dll", "darwin": ".dylib"}
LIBRARY_NAME = "fpxi_native" + SUFFIXES.get(sys.platform, ".so")

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wvla", "-Werror"]
GNU_FLAGS = ["-std=c11", "-O2", "-g0", *WARNINGS, "-fvisibility=hidden", "-shared"]
MSVC_FLAGS = ["/nologo", "/std:c11", "/O2", "/W4", "/WX", "/LD"]
SANITIZE_FLAGS = [
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-g",
]


class CompileError(Exception):
    """The compiler refused; the message holds its command and all that it said."""


class NoCompilerError(Exception):
    """There is no C compiler on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "No C compiler found. Install one (gcc, clang, or the Visual Studio build tools in a "
            "developer prompt), name it in $CC, or `pip install ziglang`."
        )


@dataclass(frozen=True, slots=True)
class Compiler:
    """How a compiler is called."""

    command: tuple[str, ...]
    is_msvc: bool = False

    def arguments(
        self, sources: Sequence[Path], library: Path, extra_flags: Sequence[str]
    ) -> list[str]:
        """Return the command line that compiles and links sources to a library."""
        names = [str(source) for source in sources]
        if self.is_msvc:
            return [*self.command, *MSVC_FLAGS, *extra_flags, *names, f"/Fe:{library}"]
        position = [] if sys.platform == "win32" else ["-fPIC"]
        return [*self.command, *GNU_FLAGS, *position, *extra_flags, *names, "-o", str(library)]


def find_compiler() -> Compiler | None:
    """Return the first C compiler that works: $CC, cc, gcc, clang, cl, then ziglang."""
    named = os.environ.get("CC")
    candidates = ([named] if named else []) + ["cc", "gcc", "clang", "cl"]
    for name in candidates:
        compiler = named_compiler(name)
        if compiler is not None:
            return compiler
    return zig_compiler()


def named_compiler(name: str) -> Compiler | None:
    """Return the compiler of that name (a command, or `zig`); None where it does not run."""
    if name == "zig":
        return zig_compiler()
    command = shlex.split(name, posix=sys.platform != "win32")
    found = shutil.which(command[0]) if command else None
    if found is None:
        return None
    if Path(found).stem.lower() in {"cl", "clang-cl"}:
        return Compiler((found, *command[1:]), is_msvc=True)
    # Apple's `cc` is there without a compiler behind it: only a run tells.
    found = str(Path(found).absolute())
    runs = subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0
    return Compiler((found, *command[1:])) if runs else None


def zig_compiler() -> Compiler | None:
    """Return the compiler in the ziglang package; None where that is not installed."""
    if importlib.util.find_spec("ziglang") is None:
        return None
    # Zig would compile for the very processor at hand; a wheel must run on any.
    return Compiler((sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline"))


def native_sources(firmware: Path = FIRMWARE) -> list[Path]:
    """Return the C files of the native build."""
    return [path for folder in SOURCE_FOLDERS for path in sorted((firmware / folder).glob("*.c"))]


def compile_native(
    output_dir: Path,
    *,
    firmware: Path = FIRMWARE,
    extra_flags: Sequence[str] = (),
    extra_sources: Sequence[Path] = (),
    compiler: Compiler | None = None,
) -> Path:
    """Compile the native firmware into a folder and return the path of the library.

    A library that is already there is replaced in one step: a process that has it loaded keeps
    the old one. Raises NoCompilerError and CompileError.
    """
    chosen = compiler or find_compiler()
    if chosen is None:
        raise NoCompilerError
    output_dir.mkdir(parents=True, exist_ok=True)
    sources = [path.resolve() for path in [*native_sources(firmware), *extra_sources]]
    with tempfile.TemporaryDirectory(dir=output_dir) as scratch:
        library = Path(scratch).resolve() / LIBRARY_NAME
        _run(chosen.arguments(sources, library, extra_flags), Path(scratch))
        return library.replace(output_dir / LIBRARY_NAME)


def _run(arguments: list[str], folder: Path) -> None:
    result = subprocess.run(
        arguments,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        raise CompileError(f"{shlex.join(arguments)}\n{result.stdout}")


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for the library")
    parser.add_argument("--compiler", help="command to call, or `zig`; default: the first found")
    parser.add_argument("--sanitize", action="store_true", help="check addresses and overflows")
    options = parser.parse_args()
    compiler = named_compiler(options.compiler) if options.compiler else None
    if options.compiler and compiler is None:
        parser.error(f"there is no compiler {options.compiler} on this machine")
    flags = SANITIZE_FLAGS if options.sanitize else ()
    try:
        print(compile_native(options.output, extra_flags=flags, compiler=compiler))
    except (CompileError, NoCompilerError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
