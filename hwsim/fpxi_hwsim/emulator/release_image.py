"""Where the emulated board's firmware comes from."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

from fpxi_hwsim.emulator.errors import FirmwareImageError
from fpxi_hwsim.emulator.image import Image

ENVIRONMENT_VARIABLE = "FPXI_STM32_ELF"
BUILD_SCRIPT = Path(__file__).resolve().parents[3] / "readout/firmware/build_stm32f405.py"


@cache
def read_image(path: Path) -> Image:
    """Read an ELF file, once.

    Raises
    ------
    FirmwareImageError
        It is absent or no firmware for this board.

    """
    return Image.from_elf(path)


def find_elf(named: str | None) -> Path:
    """Return the ELF file to execute.

    That is the one named, else the one in $FPXI_STM32_ELF, else one built from the sources that
    this package lies beside.

    Raises
    ------
    FirmwareImageError
        None is named, and there are no sources or no compiler to build one.

    """
    name = named or os.environ.get(ENVIRONMENT_VARIABLE)
    if name:
        return Path(name)
    if not BUILD_SCRIPT.is_file():
        raise FirmwareImageError(
            "of the STM32F405 board",
            f"none is named; name a release's ELF file by image=<path> or ${ENVIRONMENT_VARIABLE}",
        )
    return _build()


@cache
def _build() -> Path:
    """Build the image from the sources, once in each process: it takes a second or two."""
    script = _load_script()
    folder = Path(tempfile.mkdtemp(prefix="fpxi-stm32f405-"))
    try:
        return Path(script.build(folder).elf)
    except (script.NoToolchainError, script.BuildError) as error:
        raise FirmwareImageError(
            "of the STM32F405 board",
            f"not built: {error}\nor name a release's ELF file by image=<path> or "
            f"${ENVIRONMENT_VARIABLE}",
        ) from error


def _load_script() -> ModuleType:
    folder = str(BUILD_SCRIPT.parent)
    if folder not in sys.path:
        sys.path.append(folder)  # it imports what lies beside it
    specification = importlib.util.spec_from_file_location("fpxi_build_stm32f405", BUILD_SCRIPT)
    if specification is None or specification.loader is None:
        raise FirmwareImageError(str(BUILD_SCRIPT), "not loadable as a script")
    script = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = script
    specification.loader.exec_module(script)
    return script
