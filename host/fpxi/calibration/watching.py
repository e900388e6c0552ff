"""Frames of a calibration run, summed up while they come, and looked at before they count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from fpxi_imaging import Conditions, DarkMap, FrameSeries, FrameStack, dark_map
from fpxi_imaging.defects.thresholds import panel_noise

from fpxi.conditions import conditions_of
from fpxi.image_key import ImageKey
from fpxi.session import Session

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame

LOOK_FRAMES = 5
MOST_LOOKS = 20
"""Bursts that a signal is given to settle; what still moves then shows as drift."""
SETTLED_FRACTION = 0.002
"""Of the signal: a level that moves less from burst to burst has settled,"""
SETTLED_SIGMA = 0.1
"""and so has one that moves less than this multiple of the median pixel's noise."""


@dataclass(frozen=True, eq=False)
class Watched:
    """The frames of one capture, summed up."""

    stack: FrameStack
    imaging: npt.NDArray[np.bool_]
    """(rows, cols) False in the process ring."""
    conditions: Conditions
    """Of the first frame."""
    taken: datetime

    def add(self, frame: Frame) -> None:
        """Take in one frame."""
        self.stack.add(frame.samples, frame.row_received)

    @property
    def level(self) -> float:
        """Mean of the frames' medians over the imaging pixels, counts."""
        medians = self.stack.frame_medians
        whole = medians[np.isfinite(medians)]
        if whole.size:
            return float(whole.mean())
        return float(np.nanmedian(self.stack.mean[self.imaging]))

    @property
    def noise(self) -> float:
        """Temporal standard deviation of the median imaging pixel, counts."""
        return panel_noise(np.sqrt(self.stack.variance), self.imaging)

    def saturated(self, full_scale: int) -> float:
        """Fraction of the imaging pixels that reach full scale in some frame."""
        return float(np.mean(self.stack.maximum[self.imaging] >= full_scale))

    def dark_map(self) -> DarkMap:
        """Return mean and noise of frames that are darks."""
        return dark_map(FrameSeries(self.stack, self.conditions, self.taken))

    @property
    def cut_off(self) -> float:
        """Fraction of the imaging pixels that read 0 in most frames."""
        return float(np.mean(self.stack.zeros[self.imaging] > self.stack.frames / 2))


def capture_watched(
    session: Session,
    frames: int,
    path: Path | None = None,
    *,
    image_key: ImageKey = ImageKey.IMAGE,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Watched:
    """Capture frames, recorded if a path is given, and return what they came to.

    Raises whatever `Session.capture` does.
    """
    watched: list[Watched] = []
    with session.frames(frames) as seen:

        def count(done: int) -> None:
            frame = next(seen)  # offered to `seen` before the capture counted it
            if not watched:
                watched.append(_begun(session, frame))
            watched[0].add(frame)
            if progress is not None:
                progress(done)

        session.capture(frames, path, image_key=image_key, overwrite=overwrite, progress=count)
    return watched[0]


def look(session: Session, dark_level: float | None) -> Watched:
    """Take a few frames, unrecorded, until their level has settled; return the last few.

    `dark_level` is the median dark, counts, against which a signal is measured; None: these are
    the first darks. Lag and tubes settle so; what goes on moving is left to the checks of drift.
    """
    before = float("nan")
    for _ in range(MOST_LOOKS):
        watched = capture_watched(session, LOOK_FRAMES)
        signal = 0.0 if dark_level is None else watched.level - dark_level
        allowed = max(SETTLED_FRACTION * signal, SETTLED_SIGMA * watched.noise)
        if abs(watched.level - before) <= allowed:
            break
        before = watched.level
    return watched


def _begun(session: Session, frame: Frame) -> Watched:
    geometry, identity = session.geometry, session.identity
    assert geometry is not None  # a frame has come
    assert identity is not None
    not_imaging = frame.area.not_imaging(geometry)
    return Watched(
        FrameStack(frame.samples.shape, not_imaging),
        ~not_imaging,
        conditions_of(frame, geometry.name, identity.serial_number),
        datetime.now(UTC),
    )
