"""Firmware images: what goes where in flash, and the addresses of symbols."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fpxi_hwsim.emulator.errors import EmulatorMissingError, FirmwareImageError
from fpxi_hwsim.emulator.memory import FLASH_BASE, FLASH_SIZE

try:
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection
except ImportError as error:
    raise EmulatorMissingError("pyelftools") from error


@dataclass(frozen=True)
class Image:
    """Contents for the flash.

    Attributes:
        regions: (address, bytes) pairs.
        symbols: addresses by name; empty for a plain binary.

    """

    regions: tuple[tuple[int, bytes], ...]
    symbols: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_elf(cls, path: Path) -> Image:
        """Read the loadable segments of an ELF file at their load addresses.

        Raises FirmwareImageError if the file is no ELF, holds none, or leaves the flash.
        """
        try:
            with path.open("rb") as stream:
                elf = ELFFile(stream)
                regions = tuple(
                    (int(segment["p_paddr"]), bytes(segment.data()))
                    for segment in elf.iter_segments()
                    if segment["p_type"] == "PT_LOAD" and segment["p_filesz"]
                )
                table = elf.get_section_by_name(".symtab")
                symbols: dict[str, int] = {}
                if isinstance(table, SymbolTableSection):
                    symbols = {s.name: int(s["st_value"]) for s in table.iter_symbols() if s.name}
        except (OSError, ELFError) as problem:
            raise FirmwareImageError(str(path), f"not readable as ELF ({problem})") from problem
        return cls(_checked(str(path), regions), symbols)

    @classmethod
    def from_binary(cls, path: Path, address: int = FLASH_BASE) -> Image:
        """Take a plain binary file for the flash at `address`."""
        try:
            data = path.read_bytes()
        except OSError as problem:
            raise FirmwareImageError(str(path), f"not readable ({problem})") from problem
        return cls(_checked(str(path), ((address, data),)))


def _checked(name: str, regions: tuple[tuple[int, bytes], ...]) -> tuple[tuple[int, bytes], ...]:
    if not regions:
        raise FirmwareImageError(name, "holds nothing to load")
    for address, data in regions:
        if not FLASH_BASE <= address <= address + len(data) <= FLASH_BASE + FLASH_SIZE:
            raise FirmwareImageError(
                name, f"{len(data)} bytes at {address:#010x} do not lie in the flash"
            )
    return regions
