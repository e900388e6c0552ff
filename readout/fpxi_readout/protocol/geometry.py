"""The pixel array of a panel, as its device describes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class GainSetting:
    """One full-scale range of the front end."""

    name: str
    full_scale_fC: float


@dataclass(frozen=True, slots=True)
class PanelGeometry:
    """Size, pitch and read-out of a pixel array."""

    name: str
    rows: int
    columns: int
    pitch_um: float
    process_ring: int
    """width in pixels of the border that does not image"""
    adc_bits: int
    line_time_us: float
    """time to read one row"""
    gain_settings: tuple[GainSetting, ...]

    @property
    def full_scale(self) -> int:
        """The count at which a sample saturates."""
        return (1 << self.adc_bits) - 1

    @property
    def not_imaging(self) -> NDArray[np.bool_]:
        """Shape (rows, columns); True in the process ring."""
        mask = np.ones((self.rows, self.columns), np.bool_)
        ring = self.process_ring
        mask[ring : self.rows - ring, ring : self.columns - ring] = False
        return mask
