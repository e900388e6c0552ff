"""The mean and the noise of darks taken under one set of conditions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from fpxi_imaging.conditions import Conditions
from fpxi_imaging.frozen import freeze


@dataclass(frozen=True, eq=False)
class DarkMap:
    """Darks of one exposure, gain setting and temperature; arrays of shape (rows, cols)."""

    mean: npt.NDArray[np.float32]
    """Counts."""
    noise: npt.NDArray[np.float32]
    """Temporal standard deviation of one frame, counts."""
    frames: int
    conditions: Conditions
    """Their temperature is the frames' mean."""
    taken: datetime
    """Aware, UTC."""

    def __post_init__(self) -> None:
        freeze(self, None, mean=np.float32)
        freeze(self, self.shape, noise=np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.mean.shape
        return rows, cols
