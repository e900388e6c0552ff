"""One frame as it came from the panel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fpxi_readout.protocol.generated import FrameFlag
from fpxi_readout.protocol.geometry import FrameArea


@dataclass(frozen=True, slots=True)
class Sampling:
    """How samples were made of the panel's pixels; by default each pixel is one sample."""

    first_row: int = 0
    """panel row of the first sample"""
    first_column: int = 0
    """panel column of the first sample"""
    binning: int = 1
    """panel rows, and columns, summed to one sample"""
    cds: bool = True
    """correlated double sampling"""
    oversampling: int = 1
    """conversions averaged for each pixel"""
    averaged: int = 1
    """exposures averaged"""


@dataclass(frozen=True, slots=True)
class Absence:
    """How many frames cannot be delivered, by reason."""

    lost: int = 0
    """frames that the device sent, or may have sent"""
    skipped: int = 0
    """frames that the device gave up unsent, because the link was too slow"""

    def __add__(self, more: Absence) -> Absence:
        return Absence(self.lost + more.lost, self.skipped + more.skipped)


NONE_ABSENT = Absence()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Raw samples with the settings they were taken with, and which rows arrived.

    The frame owns its arrays; nothing else writes to them.
    """

    number: int
    """frame number since the device started"""
    timestamp_us: int
    """device time at which the exposure began"""
    exposure_us: int
    """integration time"""
    gain_setting: int
    """index into `PanelGeometry.gain_settings`"""
    bias_mV: int
    """bias during the exposure"""
    temperature_mC: int
    """panel temperature at read-out, in thousandths of a degree Celsius"""
    flags: FrameFlag
    samples: NDArray[np.uint16]
    """shape (rows, columns); a row that never arrived is 0, see `row_received`"""
    row_received: NDArray[np.bool_]
    """shape (rows,); False where the row never arrived"""
    sampling: Sampling = Sampling()
    absent_before: Absence = NONE_ABSENT
    """what is missing between the frame delivered before, or the start of the run, and this one"""

    @property
    def area(self) -> FrameArea:
        """The part of the panel that it shows."""
        rows, columns = self.samples.shape
        made = self.sampling
        return FrameArea(made.first_row, made.first_column, rows, columns, made.binning)

    @property
    def rows_missing(self) -> int:
        """How many rows never arrived."""
        return int(self.row_received.size - np.count_nonzero(self.row_received))
