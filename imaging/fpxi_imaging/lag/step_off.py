"""Where in a sequence of frames the beam goes off, and what the panel holds afterwards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import ShapeMismatchError
from fpxi_imaging.lag.errors import NoStepError, TimeStampsError, TooFewLagFramesError
from fpxi_imaging.robust import robust_sigma

Values = npt.NDArray[np.float64]


class Frames(Protocol):
    """Frames (rows, cols) by their number: an array (frames, rows, cols), or read when asked."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> npt.NDArray[Any]: ...


LIT = 0.5
"""A frame above this part of the highest level is lit."""
MOST_LAG = 0.15
"""A frame above this part of the lit level was still exposed for a part of its time."""
CUT_SHORT_SIGMA = 5.0
"""A last lit frame so far below the others, in their noise, is one in which the beam went off."""
CUT_SHORT = 0.005
"""And it is below them by this part at least."""
LEAST_SIGNAL_SIGMA = 10.0
"""What lit frames must be above the dark, in noise of the frames' medians."""
LEVEL_FRAMES = 32
"""The level is the mean of so many lit frames at most, the last ones."""
LEAST_LIT = 3
LOST = 1.5
"""Frames further apart than so many times the usual have lost ones between them."""


@dataclass(frozen=True, eq=False)
class Step:
    """One step-off; indices count the frames of the sequence."""

    lit: npt.NDArray[np.intp]
    """The last wholly lit frames, whose mean is the level."""
    partial: int | None
    """The frame within which the beam went off; None where it went off between two."""
    after: npt.NDArray[np.intp]
    """Whole frames after it, until the beam comes on again or the sequence ends."""
    on_us: float
    """When the beam came on; minus infinity where it was on from the first frame."""
    seen_us: float
    """Begin of the first frame of the exposure."""
    off_us: float
    """When it went off. Between two frames it is taken to have been on until the second begins."""

    @property
    def exposure_s(self) -> float:
        """How long the exposure was; infinite where its begin was not recorded."""
        return (self.off_us - self.on_us) * 1e-6

    @property
    def seen_s(self) -> float:
        """How much of the exposure was recorded."""
        return (self.off_us - self.seen_us) * 1e-6


@dataclass(frozen=True, eq=False)
class AfterExposure:
    """What the panel still shows right after its exposure has ended: evidence of bad lag."""

    mean: Values
    """(rows, cols) counts above dark; NaN where there is no sample."""
    steps: int
    """Step-offs that this is the mean of: one frame of each."""


def frame_levels(frames: Frames, good: npt.NDArray[np.bool_]) -> Values:
    """Return each frame's median over the good pixels; NaN for one without any sample there."""
    levels = np.full(len(frames), np.nan)
    for index in range(len(frames)):
        values = _good_values(frames[index], good)
        if values.size:
            levels[index] = np.median(values)
    return levels


def find_steps(levels: Values, times_us: npt.NDArray[np.int64], exposure_us: int) -> list[Step]:
    """Find every step-off of a sequence with frames on either side, in their order.

    `levels` (frames,) are counts above dark, `times_us` (frames,) when each exposure began. Frames
    whose level is NaN are passed over. Raises `NoStepError`, and `TimeStampsError` unless times
    rise.
    """
    _require_times(levels, times_us, exposure_us)
    known = np.flatnonzero(np.isfinite(levels))
    noise = scatter(levels[known])
    highest = float(levels[known].max(initial=0.0))
    series = _Series(times_us[known], levels[known], known, exposure_us, LIT * highest)
    bright = series.bright
    ends = np.flatnonzero(bright[:-1] & ~bright[1:])
    if not highest > LEAST_SIGNAL_SIGMA * noise or not ends.size:
        raise NoStepError(highest, noise)
    steps = [_step(series, int(end)) for end in ends]
    falls = [step for step in steps if _falls(levels, step)]
    if not falls:
        raise NoStepError(highest, noise)
    return falls


def last_step(
    levels: Values, times_us: npt.NDArray[np.int64], exposure_us: int, least_after: int
) -> Step:
    """Return the last step-off with frames enough.

    Raises `NoStepError`, `TooFewLagFramesError`, and `TimeStampsError` also where frames were lost
    while the beam went off: when it did is not known.
    """
    steps = find_steps(levels, times_us, exposure_us)
    usable = [step for step in steps if len(step.after) >= least_after and len(step.lit)]
    step = usable[-1] if usable else steps[-1]
    if len(step.after) < least_after:
        raise TooFewLagFramesError("after", len(step.after), least_after)
    if len(step.lit) < LEAST_LIT:
        raise TooFewLagFramesError("before", len(step.lit), LEAST_LIT)
    around = times_us[
        [step.lit[-1], *([] if step.partial is None else [step.partial]), step.after[0]]
    ]
    if np.diff(around).max() > LOST * np.median(np.diff(times_us)):
        raise TimeStampsError("frames are missing where the beam goes off; record again")
    return step


def after_exposure(
    frames: Frames,
    times_us: npt.NDArray[np.int64],
    exposure_us: int,
    *,
    good: npt.NDArray[np.bool_],
) -> AfterExposure:
    """Return the mean of the first whole frame after each step-off of a sequence.

    `frames` are less their dark; NaN is no sample. Raises `NoStepError`, `TimeStampsError`, and
    `TooFewLagFramesError` where no whole frame follows.
    """
    levels = frame_levels(frames, good)
    steps = [step for step in find_steps(levels, times_us, exposure_us) if len(step.after)]
    if not steps:
        raise TooFewLagFramesError("after", 0, 1)
    return AfterExposure(mean_frame(frames, [int(step.after[0]) for step in steps]), len(steps))


def mean_frame(frames: Frames, indices: Sequence[int]) -> Values:
    """Return the mean of these frames, (rows, cols), of each pixel over its finite samples."""
    total = np.zeros(frames[0].shape)
    count = np.zeros(frames[0].shape, np.int64)
    for index in indices:
        frame = frames[index]
        valid = np.isfinite(frame)
        np.add(total, frame, out=total, where=valid)
        count += valid
    mean: Values = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def dark_before(levels: Values, times_us: npt.NDArray[np.int64], step: Step) -> float:
    """Return the level of the last dark frames before the beam came on; 0 where there are none."""
    earlier = levels[(times_us < step.on_us) & np.isfinite(levels)]
    bright = np.flatnonzero(earlier > LIT * np.median(levels[step.lit]))
    dark = earlier[bright[-1] + 1 if bright.size else 0 :][-LEVEL_FRAMES:]
    return float(np.median(dark)) if dark.size else 0.0


def scatter(values: Values) -> float:
    """Return the standard deviation of a slowly changing series, from its second differences."""
    if values.size < 3:
        return 0.0
    return robust_sigma(np.diff(values, n=2)) / math.sqrt(6)


def _good_values(frame: npt.NDArray[Any], good: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    if frame.shape != good.shape:
        raise ShapeMismatchError(good.shape, frame.shape, name="frame")
    values: npt.NDArray[Any] = frame[good]
    finite: npt.NDArray[Any] = values[np.isfinite(values)]
    return finite


def _require_times(levels: Values, times_us: npt.NDArray[np.int64], exposure_us: int) -> None:
    if times_us.shape != levels.shape:
        raise ShapeMismatchError(levels.shape, times_us.shape, name="times_us")
    if exposure_us <= 0:
        raise TimeStampsError(f"an exposure of {exposure_us} us")
    falls = np.flatnonzero(np.diff(times_us) <= 0)
    if falls.size:
        raise TimeStampsError(f"frame {int(falls[0]) + 1} does not begin after the one before it")


@dataclass(frozen=True, eq=False)
class _Series:
    """The frames that have a level."""

    times_us: npt.NDArray[np.int64]
    levels: Values
    indices: npt.NDArray[np.intp]
    """Of the frames in the sequence."""
    exposure_us: int
    threshold: float

    @property
    def bright(self) -> npt.NDArray[np.bool_]:
        return self.levels > self.threshold


def _step(series: _Series, end: int) -> Step:
    """Describe the step-off whose last bright frame is the one at `end` of the series."""
    bright, levels, times_us = series.bright, series.levels, series.times_us
    dark_before = np.flatnonzero(~bright[:end])
    begin = int(dark_before[-1]) + 1 if dark_before.size else 0
    later = np.flatnonzero(bright[end + 1 :])
    # Before it is seen to be on again, the beam may have come on within the frame before.
    stop = max(end + int(later[0]), end + 2) if later.size else len(levels)
    run, after = np.arange(begin, end + 1), np.arange(end + 1, stop)
    partial = None
    if _is_cut_short(levels[run]):
        partial, run = end, run[:-1]
    level = float(np.median(levels[run]))
    if partial is None and levels[after[0]] > MOST_LAG * level:
        partial, after = int(after[0]), after[1:]
    if partial is not None:
        off_us = float(times_us[partial]) + series.exposure_us * float(levels[partial]) / level
    else:
        off_us = float(times_us[after[0]])
    whole = run[1:] if dark_before.size else run  # the beam may have come on within the first
    return Step(
        lit=series.indices[whole[-LEVEL_FRAMES:]],
        partial=None if partial is None else int(series.indices[partial]),
        after=series.indices[after],
        on_us=float(times_us[begin]) if dark_before.size else -math.inf,
        seen_us=float(times_us[begin]),
        off_us=off_us,
    )


def _falls(levels: Values, step: Step) -> bool:
    """Whether the first whole frame is nearly dark: a slow decay has no step."""
    if not len(step.after) or not len(step.lit):
        return True  # too few frames, which the callers say by name
    return bool(levels[step.after[0]] <= MOST_LAG * np.median(levels[step.lit]))


def _is_cut_short(levels: Values) -> bool:
    """Whether the last of these lit frames is lower than the others by more than their noise."""
    others = levels[:-1]
    if others.size < LEAST_LIT:
        return False
    level = float(np.median(others[-LEVEL_FRAMES:]))
    missing = level - float(levels[-1])
    spread = robust_sigma(others[-LEVEL_FRAMES:] - level)
    return missing > max(CUT_SHORT_SIGMA * spread, CUT_SHORT * level)
