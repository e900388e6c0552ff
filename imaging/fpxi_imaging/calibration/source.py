"""Which recorded frames a calibration was made from."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class SourceRole(enum.Enum):
    """What the frames served for."""

    DARK = "dark"
    FLAT = "flat"
    STEP_OFF = "step-off"
    REFRESH = "refresh"
    """Darks that renewed the offset later."""


@dataclass(frozen=True)
class Source:
    """Frames of one recording, and how to know that recording again."""

    path: str
    """Where it was."""
    role: SourceRole
    frames: tuple[int, ...] = ()
    """Indices in the recording; empty where they are not known."""
    sha256: str = ""
    """Of the whole file, 64 hexadecimal digits; empty where it is not known."""
    size: int = 0
    """Of the file, bytes; 0 where it is not known."""
