"""What a check of a calibration's frames found."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Grade(enum.Enum):
    """How good what was checked is."""

    GOOD = "good"
    USABLE = "usable"
    """Correction works, worse than it could."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    """One check: what was measured, in words that also say what to do."""

    check: str
    """Its name, such as `dark drift`."""
    grade: Grade
    measured: float
    limit: float
    unit: str
    text: str
