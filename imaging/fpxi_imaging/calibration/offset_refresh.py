"""What is kept of a renewal of a calibration's darks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fpxi_imaging._guards import as_utc
from fpxi_imaging.conditions import Conditions


@dataclass(frozen=True)
class OffsetRefresh:
    """A dark that took the place of an earlier one, and how far the two are apart."""

    time: datetime
    """When the new dark was taken; aware, kept as UTC."""
    frames: int
    conditions: Conditions
    median_drift: float
    """Median over the good pixels of new - old, counts."""
    rms_drift: float
    """Root mean square over the good pixels of new - old, counts."""
    text: str
    """The same in words, and what is assumed about other exposures."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", as_utc("time", self.time))
