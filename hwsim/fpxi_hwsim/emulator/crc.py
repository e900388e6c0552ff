"""CRC unit (RM0090, chapter 4): polynomial 0x04C11DB7 over 32-bit words, not reflected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.peripheral import Peripheral

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine

_WORD = 0xFFFF_FFFF
_POLYNOMIAL = 0x04C1_1DB7


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (_POLYNOMIAL if value & 1 << 31 else 0)
        entries.append(value & _WORD)
    return tuple(entries)


_TABLE = _table()


class Crc(Peripheral):
    """The unit as reset starts it, with 0xFFFFFFFF."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine, "CRC", 0x4002_3000)
        self._dr = self.register(0x00, "DR", reset=_WORD, writable=_WORD, write=self._add)
        self.register(0x04, "IDR", writable=0xFF)
        self.register(0x08, "CR", writable=1, read=lambda: 0, write=self._control)

    def _add(self, word: int) -> None:
        value = self._dr.value ^ word
        for _ in range(4):
            value = (value << 8 & _WORD) ^ _TABLE[value >> 24]
        self._dr.value = value

    def _control(self, value: int) -> None:
        if value & 1:
            self._dr.value = _WORD
