"""Naming recorded frames so that they can be known again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fpxi_imaging import Source, SourceRole

from fpxi.calibration.series import Chosen
from fpxi.image_key import ImageKey

_ROLES = {ImageKey.DARK: SourceRole.DARK, ImageKey.FLAT: SourceRole.FLAT}


def source_of(chosen: Chosen, role: SourceRole | None = None) -> Source:
    """Return the source that frames are of; by default, in the role that they were chosen for."""
    indices = tuple(int(index) for index in chosen.indices)
    return source_file(chosen.reader.path, role or _ROLES[chosen.key], indices)


def source_file(path: Path, role: SourceRole, frames: tuple[int, ...] = ()) -> Source:
    """Return the source that a file is, with its SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return Source(str(path), role, frames, digest.hexdigest(), path.stat().st_size)
