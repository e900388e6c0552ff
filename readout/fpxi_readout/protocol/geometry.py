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
        return process_ring_mask(self.rows, self.columns, self.process_ring)


def process_ring_mask(rows: int, columns: int, width: int) -> NDArray[np.bool_]:
    """Shape (rows, columns); True in a border of so many pixels, which does not image."""
    mask = np.ones((rows, columns), np.bool_)
    mask[width : rows - width, width : columns - width] = False
    return mask
