"""What a viewer shows: the newest frame as values, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from fpxi_imaging.calibration import Calibration
    from fpxi_readout.frame import Frame


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What the preview should be."""

    corrected: bool = False
    """Correct with `calibration`; without one, or where it does not fit, the preview stays raw."""
    calibration: Calibration | None = None
    averaging_frames: int = 1
    """Time constant of the exponential running average, frames; 1: none."""


@dataclass(frozen=True, slots=True, eq=False)
class PreviewImage:
    """One picture to show; its arrays are never written to again."""

    frame: Frame
    """The newest raw frame in the picture."""
    values: npt.NDArray[np.float32]
    """(rows, cols) counts, corrected or raw; NaN where there is none."""
    flags: npt.NDArray[np.uint8]
    """(rows, cols) `fpxi_imaging.flags.PixelFlag` bits."""
    generation: int
    """Rises by one with every picture."""
    corrected: bool
    averaged_frames: int
    """Frames in the running average."""
    notice: str
    """Why the picture is not what the settings ask for; empty if it is."""
