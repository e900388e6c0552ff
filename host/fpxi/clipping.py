"""How many samples of a run lie at either end of the converter's range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from fpxi_readout.protocol.generated import FrameFlag

if TYPE_CHECKING:
    import numpy.typing as npt
    from fpxi_readout.frame import Frame
    from fpxi_readout.protocol.geometry import FrameArea, PanelGeometry


@dataclass(frozen=True, slots=True)
class ClippedSamples:
    """Those at one end of the range."""

    samples: int
    fraction: float
    """Of all samples that were looked at."""
    frames: int
    """That have any."""


class ClippingCount:
    """Looks at the imaging samples of received rows; a test pattern is not looked at."""

    def __init__(self, geometry: PanelGeometry) -> None:
        self._geometry = geometry
        self._area: FrameArea | None = None
        self._imaging: npt.NDArray[np.bool_] | None = None
        """None: all are."""
        self._looked_at = 0
        self._saturated = self._saturated_frames = 0
        self._cut_off = self._cut_off_frames = 0

    @property
    def saturated(self) -> ClippedSamples:
        """At full scale: lower bounds."""
        return self._part(self._saturated, self._saturated_frames)

    @property
    def cut_off(self) -> ClippedSamples:
        """At 0: upper bounds."""
        return self._part(self._cut_off, self._cut_off_frames)

    def add(self, frame: Frame) -> None:
        """Count one frame."""
        if FrameFlag.PATTERN in frame.flags:
            return
        samples = self._imaging_samples(frame)
        saturated = int(np.count_nonzero(samples >= self._geometry.full_scale))
        cut_off = samples.size - int(np.count_nonzero(samples))
        self._looked_at += samples.size
        self._saturated += saturated
        self._cut_off += cut_off
        self._saturated_frames += saturated > 0
        self._cut_off_frames += cut_off > 0

    def _imaging_samples(self, frame: Frame) -> npt.NDArray[np.uint16]:
        if frame.area != self._area:
            self._area = frame.area
            ring = frame.area.not_imaging(self._geometry)
            self._imaging = ~ring if ring.any() else None
        samples, imaging = frame.samples, self._imaging
        if frame.rows_missing:
            samples = samples[frame.row_received]
            imaging = None if imaging is None else imaging[frame.row_received]
        return samples if imaging is None else samples[imaging]

    def _part(self, samples: int, frames: int) -> ClippedSamples:
        fraction = samples / self._looked_at if self._looked_at else 0.0
        return ClippedSamples(samples, fraction, frames)
