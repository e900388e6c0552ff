"""Whether series of darks and flats are what they should be; each refuses by name, or judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.check_limits import CheckLimits
from fpxi_imaging.calibration.errors import (
    AllDeadError,
    AllSaturatedError,
    DriftError,
    TooFewFramesError,
)
from fpxi_imaging.calibration.frame_stack import FrameSeries, FrameStack
from fpxi_imaging.defects.thresholds import panel_noise
from fpxi_imaging.errors import NotEnoughFramesError, SaturatedError
from fpxi_imaging.verdict import Grade, Verdict

Image = npt.NDArray[np.float64]
Map = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]

DARKS, FLATS = "darks", "flats"


def count_check(name: str) -> str:
    """Return the name of the check on the number of frames of a series."""
    return f"number of {name}"


def drift_check(name: str) -> str:
    """Return the name of the check on the drift of a series."""
    return f"drift of the {name}"


def check_series(
    series: FrameSeries, name: str, imaging: Mask, saturation_level: int, limits: CheckLimits
) -> Verdict:
    """Return a verdict on the number of frames of a series of `name`, "darks" or "flats".

    Raises `NotEnoughFramesError`, `TooFewFramesError` and `SaturatedError`.
    """
    stack = series.stack
    empty = np.flatnonzero(stack.count == 0)
    if empty.size:
        raise NotEnoughFramesError(name.removesuffix("s"), tuple(empty.tolist()))
    if stack.least_count < limits.least_frames:
        raise TooFewFramesError(name, stack.least_count, limits.least_frames, limits.advised_frames)
    saturated = float(np.mean(stack.maximum[imaging] >= saturation_level))
    if saturated > limits.most_saturated:
        kind = AllSaturatedError if saturated == 1 else SaturatedError
        raise kind(name.removesuffix("s"), saturated, limits.most_saturated)
    return _of_count(stack.least_count, name, limits)


def check_alive(darks: list[FrameStack], flats: list[FrameStack], imaging: Mask) -> None:
    """Raise `AllDeadError` if every imaging pixel reads one and the same value throughout."""
    stacks = [*darks, *flats]
    still = all((stack.variance[imaging] == 0).all() for stack in stacks)
    first = stacks[0].mean[imaging]
    if still and all((stack.mean[imaging] == first).all() for stack in stacks):
        raise AllDeadError


@dataclass(frozen=True)
class Trend:
    """A straight line through the medians of frames."""

    drift: float
    """From the first frame to the last, counts."""
    error: float
    """Its standard error by the scatter about the line, counts."""
    level: float
    """Mean, counts."""


def trend(stack: FrameStack) -> Trend | None:
    """Return how the level went during a series; None for fewer than four whole frames."""
    medians = stack.frame_medians
    at = np.flatnonzero(np.isfinite(medians))
    if at.size < 4:
        return None
    place = at - at.mean()
    spread = float(np.sum(place**2))
    slope = float(np.sum(place * medians[at])) / spread
    left = medians[at] - medians[at].mean() - slope * place
    run = float(at[-1] - at[0])
    error = float(np.sqrt(np.sum(left**2) / (at.size - 2) / spread)) * run
    return Trend(slope * run, error, float(medians[at].mean()))


def check_dark_drift(stack: FrameStack, imaging: Mask, limits: CheckLimits) -> Verdict:
    """Return a verdict on the drift of darks. Raises `DriftError`."""
    found = trend(stack)
    noise = panel_noise(np.sqrt(stack.variance), imaging)
    if found is None:
        return _unknown_drift(DARKS, limits.most_dark_drift * noise, "counts")
    most, some = limits.most_dark_drift * noise, limits.dark_drift * noise
    certain = abs(found.drift) > limits.drift_certainty * found.error
    if certain and abs(found.drift) > most:
        raise DriftError(DARKS, found.drift, most, "counts")
    return _of_drift(DARKS, found.drift, some, most, certain, "counts", limits)


def check_flat_drift(stack: FrameStack, offset: Map, imaging: Mask, limits: CheckLimits) -> Verdict:
    """Return a verdict on the drift of flats, relative to their signal. Raises `DriftError`."""
    found = trend(stack)
    if found is None:
        return _unknown_drift(FLATS, 100 * limits.most_flat_drift, "%")
    signal = found.level - float(np.median(offset[imaging]))
    relative = found.drift / signal
    certain = abs(found.drift) > limits.drift_certainty * found.error
    most, some = 100 * limits.most_flat_drift, 100 * limits.flat_drift
    if certain and abs(relative) > limits.most_flat_drift:
        raise DriftError(FLATS, 100 * relative, most, "%")
    return _of_drift(FLATS, 100 * relative, some, most, certain, "%", limits)


def _of_count(frames: int, name: str, limits: CheckLimits) -> Verdict:
    enough = frames >= limits.advised_frames
    return Verdict(
        count_check(name),
        Grade.GOOD if enough else Grade.USABLE,
        frames,
        limits.advised_frames,
        "frames",
        f"{frames} {name}, of which {limits.advised_frames} or more are advised"
        + ("" if enough else ": their noise comes into every corrected frame; take more"),
    )


def _of_drift(  # noqa: PLR0917 - one sentence of seven facts
    name: str,
    drift: float,
    some: float,
    most: float,
    certain: bool,
    unit: str,
    limits: CheckLimits,
) -> Verdict:
    check = drift_check(name)
    if not certain or abs(drift) <= some:
        said = f"the {name} changed by {drift:+.2g} {unit} (median) while they were taken"
        said += (
            f"; up to {some:.2g} {unit} is good"
            if certain
            else f", less than {limits.drift_certainty:g} standard errors: no drift is seen"
        )
        return Verdict(check, Grade.GOOD, abs(drift), some, unit, said)
    return Verdict(
        check,
        Grade.USABLE,
        abs(drift),
        some,
        unit,
        f"the {name} drifted by {drift:+.2g} {unit} (median) while they were taken; up to "
        f"{some:.2g} is good, more than {most:.2g} is refused: let panel and tube warm up and "
        "settle, and take them again",
    )


def _unknown_drift(name: str, limit: float, unit: str) -> Verdict:
    return Verdict(
        drift_check(name),
        Grade.USABLE,
        float("nan"),
        limit,
        unit,
        f"drift of the {name} was not judged: fewer than four of them arrived whole; take more",
    )
