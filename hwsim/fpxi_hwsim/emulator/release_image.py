"""Where the emulated board's firmware comes from."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from types import ModuleType

import platformdirs

from fpxi_hwsim.emulator.errors import FirmwareImageError
from fpxi_hwsim.emulator.image import Image

ENVIRONMENT_VARIABLE = "FPXI_STM32_ELF"
BUILD_SCRIPT = Path(__file__).resolve().parents[3] / "readout/firmware/build_stm32f405.py"
CACHE = platformdirs.user_cache_path("fpxi") / "stm32f405"
"""images built here before, each named by the fingerprint of all that it was made of"""
KEPT_IMAGES = 10
UNFINISHED = "building-"
LONGEST_BUILD_S = 3600.0
"""how old an unfinished build is that nobody works on"""


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
    """Build the image from the sources, which takes a second or two, unless it was built before."""
    script = _load_script()
    try:
        kept = CACHE / f"{script.fingerprint()}.elf"
        if not kept.is_file():
            _build_into(kept, script)
        os.utime(kept)  # used now
        _remove_oldest()
    except (script.NoToolchainError, script.BuildError, OSError) as error:
        raise FirmwareImageError(
            "of the STM32F405 board",
            f"not built: {error}\nor name a release's ELF file by image=<path> or "
            f"${ENVIRONMENT_VARIABLE}",
        ) from error
    return kept


def _build_into(kept: Path, script: ModuleType) -> None:
    """Build an image; at its place it is whole, whoever else builds it meanwhile."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=kept.parent) as folder:
        Path(script.build(Path(folder)).elf).replace(kept)


def _remove_oldest() -> None:
    """Remove the images that were not used for longest, and what killed builds left."""
    images = sorted(CACHE.glob("*.elf"), key=_used_s, reverse=True)
    for image in images[KEPT_IMAGES:]:
        image.unlink(missing_ok=True)
    for folder in CACHE.glob(f"{UNFINISHED}*"):
        if _used_s(folder) < time.time() - LONGEST_BUILD_S:
            shutil.rmtree(folder, ignore_errors=True)


def _used_s(path: Path) -> float:
    """Return when a file was last used; 0 when another process has removed it meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


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
