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


@dataclass(frozen=True, slots=True)
class FrameArea:
    """The part of a panel that frames show, and how finely."""

    first_row: int
    """panel row of the first sample"""
    first_column: int
    """panel column of the first sample"""
    rows: int
    """rows of samples"""
    columns: int
    """columns of samples"""
    binning: int = 1
    """panel rows, and columns, to one sample"""

    @classmethod
    def whole(cls, panel: PanelGeometry) -> FrameArea:
        """Return all of a panel, each pixel a sample."""
        return cls(0, 0, panel.rows, panel.columns)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of samples."""
        return self.rows, self.columns

    def not_imaging(self, panel: PanelGeometry) -> NDArray[np.bool_]:
        """Shape (rows, columns); True where any pixel of a sample is in the process ring."""
        rows = slice(self.first_row, self.first_row + self.rows * self.binning)
        columns = slice(self.first_column, self.first_column + self.columns * self.binning)
        pixels = panel.not_imaging[rows, columns]
        groups = pixels.reshape(self.rows, self.binning, self.columns, self.binning)
        return np.asarray(groups.any(axis=(1, 3)), np.bool_)

    def __str__(self) -> str:
        last_row = self.first_row + self.rows * self.binning - 1
        last_column = self.first_column + self.columns * self.binning - 1
        text = f"rows {self.first_row} to {last_row}, columns {self.first_column} to {last_column}"
        return text if self.binning == 1 else f"{text}, {self.binning} x {self.binning} binned"


def process_ring_mask(rows: int, columns: int, width: int) -> NDArray[np.bool_]:
    """Shape (rows, columns); True in a border of so many pixels, which does not image."""
    mask = np.ones((rows, columns), np.bool_)
    mask[width : rows - width, width : columns - width] = False
    return mask
