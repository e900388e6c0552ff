"""A flash memory that outlives the emulated board: 1 MB in a file, as a programmer reads it out."""

from __future__ import annotations

from pathlib import Path

from fpxi_hwsim.emulator.errors import FirmwareImageError
from fpxi_hwsim.emulator.memory import FLASH_SIZE, Memory


class FlashFile:
    """Keeps the flash: firmware and parameters.

    Where the file exists, the board starts with what it holds, whatever image is named.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._words = 0

    def load(self, memory: Memory) -> None:
        """Take the flash from the file, if there is one; FirmwareImageError if it is no flash."""
        if not self._path.exists():
            self._write(memory)
            return
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise FirmwareImageError(str(self._path), f"not readable ({error})") from error
        if len(content) != FLASH_SIZE:
            reason = f"has {len(content)} bytes; the flash of an STM32F405 has {FLASH_SIZE}"
            raise FirmwareImageError(str(self._path), reason)
        memory.flash[:] = content

    def store(self, memory: Memory, words: int) -> None:
        """Write the file if the flash was worked on; `words` counts what was written."""
        if words != self._words:
            self._words = words
            self._write(memory)

    def _write(self, memory: Memory) -> None:
        part = self._path.with_name(self._path.name + ".part")
        try:
            part.write_bytes(memory.flash)
            part.replace(self._path)
        except OSError as error:
            raise FirmwareImageError(str(self._path), f"not writable ({error})") from error
