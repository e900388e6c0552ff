"""What people decide about defects: edits of pixels, imported lists, and what they take back."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import SettingError
from fpxi_imaging.frozen import freeze


@dataclass(frozen=True)
class DefectEdit:
    """A user's decision about one pixel, which overrules what was found.

    Raises `SettingError` for a time without a time zone or an edit that nobody signs.
    """

    row: int
    column: int
    defective: bool
    author: str
    time: datetime
    """Aware, kept as UTC."""
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", _signed(self.author, self.time))


@dataclass(frozen=True, eq=False)
class DefectImport:
    """A list of defects from elsewhere, added to what was found by one act.

    Raises `SettingError` as `DefectEdit` does.
    """

    classes: npt.NDArray[np.uint16]
    """(rows, cols) `DefectClass` bits of the listed pixels, all of them also `IMPORTED`; 0 else."""
    file: str
    """Its name."""
    format: str
    """Its kind in words, such as `mask, 0 means defective`."""
    author: str
    time: datetime
    """Aware, kept as UTC."""
    reason: str = ""

    def __post_init__(self) -> None:
        freeze(self, None, classes=np.uint16)
        object.__setattr__(self, "time", _signed(self.author, self.time))

    @property
    def pixels(self) -> int:
        """How many it lists."""
        return int(np.count_nonzero(self.classes))


class Decision(enum.Enum):
    """The kinds of decisions, each counted from 1 in the order in which they were made."""

    EDIT = "edit"
    IMPORT = "import"


@dataclass(frozen=True)
class DefectWithdrawal:
    """An edit or import that somebody took back; it stays on record, and counts no longer.

    Raises `SettingError` as `DefectEdit` does.
    """

    decision: Decision
    number: int
    """Which edit, or which import, from 1."""
    author: str
    time: datetime
    """Aware, kept as UTC."""
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", _signed(self.author, self.time))


def _signed(author: str, time: datetime) -> datetime:
    """Return the time as UTC. Raises `SettingError` without author or time zone."""
    if not author.strip():
        raise SettingError("author", author, "the name of whoever decides")
    if time.tzinfo is None:
        raise SettingError("time", time, "a time with a time zone")
    return time.astimezone(UTC)
