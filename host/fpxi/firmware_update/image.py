"""A firmware image: its manifest, and the files that the manifest names, checked against it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fpxi.firmware_update.errors import ImageFileError, ManifestError
from fpxi.firmware_update.flash_layout import (
    FIRST_FIRMWARE_SECTOR,
    FLASH_BASE,
    FLASH_END,
    PRODUCT_IDS,
    START_SECTOR,
    sector_address,
    sectors_of,
)

MANIFEST_NAME = "manifest.json"
FORMAT = 1
DIGEST = re.compile(r"[0-9a-f]{64}")
VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class ImageRegion:
    """Bytes that belong to one address; whole 32-bit words."""

    address: int
    data: bytes

    @property
    def sectors(self) -> list[int]:
        """The flash sectors that it occupies."""
        return sectors_of(self.address, len(self.data))


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """A whole image: every file is there, of the size and SHA-256 that the manifest gives."""

    path: Path
    """the manifest"""
    name: str
    board: str
    panels: tuple[str, ...]
    version: tuple[int, int, int]
    git: str
    schema_hash: dict[str, bytes]
    """SHA-256 of the dictionary that the firmware serves, for each panel"""
    start: ImageRegion | None
    """sector 0"""
    firmware: tuple[ImageRegion, ...]
    """from sector 4 on"""

    @property
    def version_text(self) -> str:
        """The version as in 1.2.3."""
        return ".".join(map(str, self.version))


def load_image(path: Path) -> FirmwareImage:
    """Read and check an image, given its manifest or the folder that holds it.

    Raises
    ------
    ManifestError
        The manifest is absent, damaged, or describes no image for a known board.
    ImageFileError
        A file of the image is absent, cut or damaged.

    """
    manifest = path / MANIFEST_NAME if path.is_dir() else path
    try:
        document = json.loads(manifest.read_bytes())
    except OSError as error:
        raise ManifestError(manifest, f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(manifest, f"is damaged or no manifest ({error})") from error
    return _Reader(manifest).image(document)


class _Reader:
    """Takes a manifest apart; whatever is not as it must be is told with its name."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def image(self, document: object) -> FirmwareImage:
        if self._entry(document, "format", int) != FORMAT:
            raise self._wrong(f"format must be {FORMAT}: update fpxi on this computer")
        board = self._entry(document, "board", str)
        if board not in PRODUCT_IDS:
            raise self._wrong(f"is for board {board!r}; known are {', '.join(PRODUCT_IDS)}")
        panels = tuple(self._entry(document, "panels", list))
        if not panels or not all(isinstance(panel, str) for panel in panels):
            raise self._wrong("panels must name at least one panel")
        regions = self._regions(self._entry(document, "regions", list))
        return FirmwareImage(
            path=self._path,
            name=self._entry(document, "name", str),
            board=board,
            panels=panels,
            version=self._version(self._entry(document, "version", str)),
            git=self._entry(document, "git", str),
            schema_hash=self._hashes(self._entry(document, "schema_hash", dict), panels),
            start=next((r for r in regions if r.sectors == [START_SECTOR]), None),
            firmware=tuple(r for r in regions if r.sectors[0] >= FIRST_FIRMWARE_SECTOR),
        )

    def _regions(self, entries: list[Any]) -> list[ImageRegion]:
        regions = [self._region(entry) for entry in entries]
        taken = [sector for region in regions for sector in region.sectors]
        if len(set(taken)) != len(taken):
            raise self._wrong("two regions share a sector of the flash")
        if not any(sector >= FIRST_FIRMWARE_SECTOR for sector in taken):
            raise self._wrong("holds no firmware")
        return regions

    def _region(self, entry: object) -> ImageRegion:
        name, address, size = (
            self._entry(entry, key, kind)
            for key, kind in (("file", str), ("address", int), ("size", int))
        )
        if Path(name).name != name:
            raise self._wrong(f"file {name!r} is not a plain name in the manifest's folder")
        self._check_place(name, address, size)
        return ImageRegion(address, self._read(name, size, self._digest(entry, "sha256")))

    def _check_place(self, name: str, address: int, size: int) -> None:
        if size <= 0 or size % 4 or not FLASH_BASE <= address <= FLASH_END - size:
            raise self._wrong(f"{name}: {size} bytes at {address:#x} do not fit the flash in words")
        sectors = sectors_of(address, size)
        if sectors != [START_SECTOR] and sectors[0] < FIRST_FIRMWARE_SECTOR:
            raise self._wrong(f"{name} reaches into sectors 1 to 3, where the parameters are")
        if address != sector_address(sectors[0]):
            raise self._wrong(f"{name} does not begin with a sector")

    def _read(self, name: str, size: int, sha256: bytes) -> bytes:
        path = self._path.parent / name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ImageFileError(path, f"cannot be read ({error.strerror})") from error
        if len(data) != size:
            raise ImageFileError(path, f"has {len(data)} bytes where the manifest says {size}")
        if hashlib.sha256(data).digest() != sha256:
            raise ImageFileError(path, "is damaged: its SHA-256 is not the manifest's")
        return data

    def _version(self, text: str) -> tuple[int, int, int]:
        match = VERSION.fullmatch(text)
        if match is None or max(map(int, match.groups())) > 0xFF:
            raise self._wrong(f"version {text!r} is not of the form 1.2.3")
        return int(match[1]), int(match[2]), int(match[3])

    def _hashes(self, entries: dict[str, Any], panels: tuple[str, ...]) -> dict[str, bytes]:
        return {panel: self._digest(entries, panel) for panel in panels}

    def _digest(self, table: object, key: str) -> bytes:
        text = self._entry(table, key, str)
        if not DIGEST.fullmatch(text):
            raise self._wrong(f"{key} is not a SHA-256 in 64 small hexadecimal digits")
        return bytes.fromhex(text)

    def _entry(self, table: object, key: str, kind: type) -> Any:
        if not isinstance(table, dict):
            raise self._wrong(f"a table with {key!r} is missing")
        value = table.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._wrong(f"{key!r} is missing or no {kind.__name__}")
        return value

    def _wrong(self, reason: str) -> ManifestError:
        return ManifestError(self._path, reason)
