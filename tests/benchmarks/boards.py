"""What the benchmarks of the read-out board share: rigs on either board, and the release image."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from fpxi_hwsim.emulator.release_image import ENVIRONMENT_VARIABLE, find_elf
from fpxi_readout.protocol import generated as p

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

from rig import Rig

EMULATED, NATIVE = "stm32f405", "native"
BAUD = 10_500_000
BITS_PER_BYTE = 10
"""on the host link: start, 8, stop"""
CORE_HZ = 168_000_000
SETTLE_US = 150_000


def release_elf() -> Path:
    """Return the image that every emulated board of this process executes."""
    elf = find_elf(None)
    os.environ[ENVIRONMENT_VARIABLE] = str(elf)
    return elf


def describe(elf: Path) -> str:
    """Name an image by its SHA-256."""
    return f"{elf.name}, SHA-256 {hashlib.sha256(elf.read_bytes()).hexdigest()}"


def open_rig(board: str, panel: str, **settings: object) -> Rig:
    """Return a device whose host link runs at its highest rate."""
    rig = Rig(board, panel, **settings)
    rig.set(baud=BAUD)
    assert isinstance(rig.ask(p.Save()), p.Ack)
    assert isinstance(rig.ask(p.Reset()), p.Ack)
    rig.run(SETTLE_US)
    return rig


def emulated_board(rig: Rig) -> Any:
    """Return the emulator's board behind a device: what a debug probe would show of it."""
    return rig.device._firmware.board
