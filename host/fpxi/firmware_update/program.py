"""Putting an image into the flash of a board in its boot loader, and proving that it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from fpxi.firmware_update.boot_loader import CHUNK, BootLoader
from fpxi.firmware_update.errors import (
    BootLoaderError,
    ParameterSectorsChangedError,
    VerificationError,
)
from fpxi.firmware_update.flash_layout import PARAMETER_SECTORS, SECTOR_BYTES, sector_address
from fpxi.firmware_update.image import FirmwareImage, ImageRegion

Progress = Callable[[str, int, int], None]
"""called with the step's name, and bytes done and to be done of it"""
Chunk = tuple[int, bytes]

ROUNDS = 3
READINGS = 5


def program_image(loader: BootLoader, image: FirmwareImage, progress: Progress) -> bool:
    """Write what differs and read all of it back; return whether sector 0 was rewritten.

    Firmware is written before the start sector: until all of it is there, the start-up code that
    was in sector 0 finds a wrong checksum and enters the boot loader. The sectors of the saved
    parameters are neither written nor erased, and compared before and after.

    Raises
    ------
    VerificationError
        The flash does not take the image.
    ParameterSectorsChangedError
        The saved parameters are not what they were.
    BootLoaderError, UpdateInterruptedError
        The boot loader or the link gave up.

    """
    parameters = _read_parameters(loader, progress)
    _write_until_right(loader, image.firmware, (), progress)
    start = (image.start,) if image.start is not None else ()
    rewritten = next(_differing(loader, start, progress), None) is not None
    if rewritten:
        _write_until_right(loader, start, image.firmware, progress)
    _require_same_parameters(loader, parameters, progress)
    return rewritten


def _write_until_right(
    loader: BootLoader,
    regions: tuple[ImageRegion, ...],
    written_before: tuple[ImageRegion, ...],
    progress: Progress,
) -> None:
    """Write regions until they, and those written before, read back right.

    All are read back after each round: an address that noise changed may have hit any of them.
    """
    wrong = {sector for region in regions for sector in region.sectors}
    for _ in range(ROUNDS):
        _write_sectors(loader, (*regions, *written_before), wrong, progress)
        found = list(_differing(loader, (*regions, *written_before), progress))
        if not found:
            return
        wrong = {_sector(address) for address in found}
    raise VerificationError(found[0], ROUNDS)


def _write_sectors(
    loader: BootLoader, regions: Iterable[ImageRegion], sectors: set[int], progress: Progress
) -> None:
    chunks = [c for region in regions for c in _chunks(region) if _sector(c[0]) in sectors]
    for count, sector in enumerate(sorted(sectors), 1):
        loader.erase(sector)
        progress("Erasing", count, len(sectors))
    total = sum(len(data) for _, data in chunks)
    done = 0
    for address, data in chunks:
        loader.write(address, data)
        done += len(data)
        progress("Writing", done, total)


def _differing(
    loader: BootLoader, regions: Iterable[ImageRegion], progress: Progress
) -> Iterator[int]:
    """Go through the addresses of chunks that do not read back as they should.

    What is read has no checksum. Noise can make right bytes look wrong, not wrong ones right:
    one right reading will do.
    """
    chunks = [chunk for region in regions for chunk in _chunks(region)]
    total = sum(len(data) for _, data in chunks)
    done = 0
    for address, data in chunks:
        if not any(loader.read(address, len(data)) == data for _ in range(READINGS)):
            yield address
        done += len(data)
        progress("Verifying", done, total)


def _read_parameters(loader: BootLoader, progress: Progress) -> list[Chunk]:
    chunks = list(_parameter_chunks())
    content = []
    for index, (address, count) in enumerate(chunks):
        content.append((address, _read_twice(loader, address, count)))
        progress("Reading saved parameters", index + 1, len(chunks))
    return content


def _read_twice(loader: BootLoader, address: int, count: int) -> bytes:
    """Read until two readings agree."""
    readings: set[bytes] = set()
    for _ in range(READINGS):
        data = loader.read(address, count)
        if data in readings:
            return data
        readings.add(data)
    raise BootLoaderError(f"read at {address:#010x}", "no two readings agree: the line is bad")


def _require_same_parameters(loader: BootLoader, before: list[Chunk], progress: Progress) -> None:
    for index, (address, data) in enumerate(before):
        if not any(loader.read(address, len(data)) == data for _ in range(READINGS)):
            raise ParameterSectorsChangedError(address)
        progress("Comparing saved parameters", index + 1, len(before))


def _parameter_chunks() -> Iterator[tuple[int, int]]:
    for sector in PARAMETER_SECTORS:
        first = sector_address(sector)
        for address in range(first, first + SECTOR_BYTES[sector], CHUNK):
            yield address, CHUNK


def _chunks(region: ImageRegion) -> Iterator[Chunk]:
    for offset in range(0, len(region.data), CHUNK):
        yield region.address + offset, region.data[offset : offset + CHUNK]


def _sector(address: int) -> int:
    return next(s for s in reversed(range(len(SECTOR_BYTES))) if sector_address(s) <= address)
