"""What a viewer shows: the newest frame as values, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from fpxi_imaging.calibration.calibration import Calibration
    from fpxi_imaging.correction.processing import Orientation, Processing, Scale
    from fpxi_readout.frame import Frame


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What the preview should be."""

    corrected: bool = False
    """Correct with `calibration`; without one, or where it does not fit, the preview stays raw."""
    calibration: Calibration | None = None
    processing: Processing | None = None
    """None: offset, gain and defects. A raw preview is averaged and turned, and no more."""
    whole_blocks: bool = False
    """After the first whole block average show whole ones alone, not how the next one grows."""

    @property
    def rests_on_earlier_frames(self) -> bool:
        """Whether a picture is made of frames before it too, so that none should be missed."""
        if self.processing is None:
            return False
        steps = self.processing.lag or self.processing.zinger_sigma is not None
        corrects = self.corrected and self.calibration is not None
        return self.processing.averaging.frames > 1 or (steps and corrects)


@dataclass(frozen=True, slots=True, eq=False)
class PreviewImage:
    """One picture to show; its arrays are never written to again."""

    frame: Frame
    """The newest raw frame in the picture."""
    values: npt.NDArray[np.float32]
    """(rows, cols) as turned; corrected, in `scale`, or raw counts; NaN where there is none."""
    flags: npt.NDArray[np.uint8]
    """(rows, cols) `fpxi_imaging.flags.PixelFlag` bits."""
    generation: int
    """Rises by one with every picture."""
    corrected: bool
    averaged_frames: int
    """Frames in the average."""
    frames_to_average: int
    """Frames in an average that is full; 1 where none was asked for."""
    scale: Scale
    orientation: Orientation
    """How the picture is turned; `turned_back` of `fpxi_imaging.correction.turning` finds back."""
    notice: str
    """Why the picture is not what the settings ask for; empty if it is."""
    notes: tuple[str, ...] = ()
    """What was interpolated to correct at the frame's conditions, and what differs from those of
    the calibration, in words."""
