"""How many samples of a run lie at either end of the converter's range, and of how many pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from fpxi_readout.protocol.generated import FrameFlag

if TYPE_CHECKING:
    import numpy.typing as npt
    from fpxi_readout.frame import Frame
    from fpxi_readout.protocol.geometry import FrameArea, PanelGeometry

    Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ClippedSamples:
    """Those at one end of the range."""

    samples: int
    fraction: float
    """Of all samples that were looked at."""
    frames: int
    """That have any."""
    pixels: int
    """That were clipped in any frame since the frames' region last changed."""
    constant_pixels: int
    """That were so in every frame in which their row arrived, as defects are; of one frame none is
    known to be."""


class ClippingCount:
    """Looks at the imaging samples of received rows; a test pattern is not looked at."""

    def __init__(self, geometry: PanelGeometry) -> None:
        self._full_scale = geometry.full_scale
        self._geometry = geometry
        self._area: FrameArea | None = None
        self._imaging: Mask = np.zeros((0, 0), np.bool_)
        self._looked_at = 0
        self._saturated, self._cut_off = _End(), _End()

    @property
    def saturated(self) -> ClippedSamples:
        """At full scale: lower bounds."""
        return self._saturated.counted(self._looked_at)

    @property
    def cut_off(self) -> ClippedSamples:
        """At 0: upper bounds."""
        return self._cut_off.counted(self._looked_at)

    def add(self, frame: Frame) -> None:
        """Count one frame."""
        if FrameFlag.PATTERN in frame.flags:
            return
        if frame.area != self._area:
            self._area = frame.area
            self._imaging = ~frame.area.not_imaging(self._geometry)
            for end in (self._saturated, self._cut_off):
                end.begin(self._imaging.shape)
        looked_at = self._imaging
        if frame.rows_missing:
            looked_at = looked_at & frame.row_received[:, np.newaxis]
        self._looked_at += int(np.count_nonzero(looked_at))
        self._saturated.add(frame.samples >= self._full_scale, looked_at)
        self._cut_off.add(frame.samples == 0, looked_at)


class _End:
    """One end of the range: running counts, and which pixels reach it always or at times."""

    def __init__(self) -> None:
        self._samples = self._frames = 0
        self.begin((0, 0))

    def begin(self, shape: tuple[int, ...]) -> None:
        """Begin to tell pixels apart: frames of another region follow."""
        self._ever, self._inside = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        self._seen = 0

    def add(self, clipped: Mask, looked_at: Mask) -> None:
        """Count the samples of a frame."""
        here = clipped & looked_at
        samples = int(np.count_nonzero(here))
        self._samples += samples
        self._frames += samples > 0
        self._seen += 1
        self._ever |= here
        self._inside |= looked_at & ~clipped

    def counted(self, looked_at: int) -> ClippedSamples:
        """Return the counts, as a part of so many samples."""
        fraction = self._samples / looked_at if looked_at else 0.0
        always = int(np.count_nonzero(self._ever & ~self._inside)) if self._seen > 1 else 0
        pixels = int(np.count_nonzero(self._ever))
        return ClippedSamples(self._samples, fraction, self._frames, pixels, always)


def clipping_warnings(saturated: ClippedSamples, cut_off: ClippedSamples) -> Iterator[str]:
    """Yield what is to be said to whoever made the frames; nothing where nothing was clipped."""
    for clipped, words in (
        (saturated, "are saturated{}: unless the pixels are defects, expose less"),
        (cut_off, "are cut off at 0{}: their signal is lower than they say"),
    ):
        if clipped.samples:
            share = f"{_plural(clipped.samples, 'sample')} ({100 * clipped.fraction:.2g} %)"
            told = words.format(f" ({_pixels(clipped)})")
            yield f"Warning: {share} in {_plural(clipped.frames, 'frame')} {told}."


def _pixels(clipped: ClippedSamples) -> str:
    at_times = clipped.pixels - clipped.constant_pixels
    if not clipped.constant_pixels:
        return _plural(at_times, "pixel")
    always = f"{_plural(clipped.constant_pixels, 'pixel')} in every frame, as defects are"
    return f"{always}; {_plural(at_times, 'pixel') if at_times else 'none'} only at times"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
