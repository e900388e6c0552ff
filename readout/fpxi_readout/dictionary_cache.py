"""Dictionaries fetched before, kept on disk by the hash of their content."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs

from fpxi_readout.protocol import dictionary as dictionaries
from fpxi_readout.protocol.dictionary import Dictionary, DictionaryError


class DictionaryCache:
    """A folder of dictionaries. A damaged entry is as good as none: it is fetched again."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or Path(platformdirs.user_cache_dir("fpxi")) / "dictionaries"

    def load(self, schema_hash: bytes) -> Dictionary | None:
        """Return the dictionary with this hash; None when it is not there, or damaged."""
        try:
            with self._path(schema_hash).open("rb") as file:
                compressed = file.read(dictionaries.MAX_COMPRESSED + 1)
            return dictionaries.parse(compressed, schema_hash)
        except (OSError, DictionaryError):
            return None

    def store(self, schema_hash: bytes, compressed: bytes) -> None:
        """Keep a dictionary. A folder that cannot be written costs only the next fetch."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._replace(self._path(schema_hash), compressed)
        except OSError:
            return

    def _path(self, schema_hash: bytes) -> Path:
        return self.directory / f"{schema_hash.hex()}.json.z"

    def _replace(self, path: Path, content: bytes) -> None:
        """Write a file that is either there whole or not at all."""
        descriptor, name = tempfile.mkstemp(dir=self.directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
