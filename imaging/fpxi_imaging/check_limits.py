"""When the frames, rather than single pixels, make no calibration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckLimits:
    """What the frames of a calibration have to meet; kept in its file."""

    least_frames: int = 2
    """Of each series: fewer tell nothing of their noise."""
    advised_frames: int = 30
    """ASTM E2597 asks for 30 to 100 darks to tell noisy pixels from chance."""
    least_flat_response: float = 3.0
    """The flat must rise above the dark by this multiple of the median sigma of the darks."""
    most_defective: float = 0.5
    """Largest fraction of imaging pixels that may be defective."""
    many_defects: float = 0.05
    """Above this fraction the frames are doubtful."""
    most_saturated: float = 0.05
    """Largest fraction of imaging pixels that may saturate in a series."""


DEFAULT_LIMITS = CheckLimits()
