"""The mean and the noise of darks taken under one set of conditions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import as_utc
from fpxi_imaging.conditions import Conditions
from fpxi_imaging.errors import CalibrationError, SettingError
from fpxi_imaging.frozen import freeze


@dataclass(frozen=True, eq=False)
class DarkMap:
    """Darks of one exposure, gain setting and temperature; arrays of shape (rows, cols)."""

    mean: npt.NDArray[np.float32]
    """Counts."""
    noise: npt.NDArray[np.float32]
    """Temporal standard deviation of one frame, counts."""
    frames: int
    """Of the row that was received least often; 0: not known."""
    conditions: Conditions
    """Their temperature is the frames' mean."""
    taken: datetime
    """When the first frame was taken; aware, kept as UTC."""

    def __post_init__(self) -> None:
        if np.ndim(self.mean) != 2 or np.size(self.mean) == 0:
            raise CalibrationError(
                f"offset must be a non-empty image, not of shape {np.shape(self.mean)}"
            )
        freeze(self, None, mean=np.float32)
        freeze(self, self.shape, noise=np.float32)
        if self.frames < 0:
            raise SettingError("frames", self.frames, "0 or more")
        object.__setattr__(self, "taken", as_utc("taken", self.taken))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.mean.shape
        return rows, cols

    @property
    def uncertainty(self) -> npt.NDArray[np.float32]:
        """Standard uncertainty of the mean by its noise, counts (k = 1); NaN where not known."""
        return self.noise / np.float32(np.sqrt(self.frames) if self.frames else np.nan)
