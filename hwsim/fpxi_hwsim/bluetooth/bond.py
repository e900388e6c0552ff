"""The one host that a panel is bound to, in memory or in a file."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fpxi_hwsim.bluetooth.errors import KeysFileError

KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Bond:
    """A host and the key that it shares with the panel."""

    address: str
    """identity address that the host gave; informative: whoever has the key is the host"""
    key: bytes
    """long-term key of LE Secure Connections, 16 bytes"""


class BondStore:
    """Keeps a bond; with a path, beyond the end of the program.

    Raises
    ------
    KeysFileError
        The file is there and holds no bond, or its folder takes no file.

    """

    def __init__(self, path: Path | None = None) -> None:
        if path is not None and not os.access(path.parent, os.W_OK):
            raise KeysFileError(str(path), "its folder is absent, or takes no file")
        self._path = path
        self._bond = _read(path) if path is not None and path.exists() else None

    @property
    def bond(self) -> Bond | None:
        """The host; None: whoever pairs next."""
        return self._bond

    def bind(self, bond: Bond) -> None:
        """Make a host the panel's; KeysFileError, and no change, when it cannot be kept."""
        if self._path is not None:
            _write(self._path, {"address": bond.address, "key": bond.key.hex()})
        self._bond = bond

    def forget(self) -> None:
        """Let the next host that pairs be the panel's; KeysFileError as in `bind`."""
        if self._path is not None:
            try:
                self._path.unlink(missing_ok=True)
            except OSError as error:
                raise KeysFileError(str(self._path), str(error)) from error
        self._bond = None


def _read(path: Path) -> Bond:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        bond = Bond(str(fields["address"]), bytes.fromhex(fields["key"]))
    except OSError as error:
        raise KeysFileError(str(path), str(error)) from error
    except (ValueError, TypeError, KeyError) as error:
        raise KeysFileError(str(path), f"holds no bond ({error!r})") from error
    if len(bond.key) != KEY_BYTES:
        raise KeysFileError(str(path), f"holds a key of {len(bond.key)} bytes, not {KEY_BYTES}")
    return bond


def _write(path: Path, fields: dict[str, str]) -> None:
    """Replace a file whole or not at all; for the owner's eyes alone, where the system can."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(fields, file)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise KeysFileError(str(path), str(error)) from error
