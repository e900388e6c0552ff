"""Whether an object stood in the beam of flats: its shadow has edges, and covers many pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.check_limits import CheckLimits
from fpxi_imaging.calibration.errors import UnevenFlatError
from fpxi_imaging.calibration.frame_stack import FrameStack
from fpxi_imaging.calibration.shading import smooth_surface
from fpxi_imaging.robust import robust_sigma
from fpxi_imaging.verdict import Grade, Verdict

Map = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]

_UNLIKELY_LOW, _UNLIKELY_HIGH = 0.05, 3.0
"""Of the median response: pixels outside are defects, whatever lies in the beam."""


def likely_pixels(response: Map, imaging: Mask) -> Mask:
    """Return the pixels that show what the beam is like: no dead ones, none far too bright."""
    median = float(np.median(response[imaging]))
    low, high = _UNLIKELY_LOW * median, _UNLIKELY_HIGH * median
    likely: Mask = imaging & (response > low) & (response < high)
    return likely


def check_clear_beam(flat: FrameStack, offset: Map, used: Mask, limits: CheckLimits) -> Verdict:
    """Return a verdict on the pixels that depart from the flat's smooth surface.

    `offset`, counts, and `used`, the pixels that are neither clipped nor in the process ring, are
    of shape (rows, cols). A few frames suffice: departures within their noise do not count, nor
    those within the scatter between neighbours, of pixels of unequal size or thickness, which no
    shadow is as fine as. Where an object can hide in that scatter the verdict says so. Raises
    `UnevenFlatError` if too many depart.
    """
    response = (flat.mean - offset).astype(np.float32)  # parts of a hundredth are looked for
    used = likely_pixels(response, used)
    surface = smooth_surface(response, used)
    departures = (response / surface - 1).astype(np.float32)
    departures[~used] = np.nan
    noise = (flat.error[used] / np.abs(surface[used])).astype(np.float32)
    hidden = max(
        limits.departure_sigmas * float(np.nanmedian(noise)),
        limits.departure_scatters * _scatter(departures),
    )
    allowed = max(limits.departure, hidden)
    departing = float(np.mean(np.abs(departures[used]) > allowed))
    if departing > limits.most_departing:
        raise UnevenFlatError(
            f"{departing:.0%} of the pixels differ by more than {allowed:.0%} from the flat's "
            f"smooth surface, at most {limits.most_departing:.0%} may: an object in the beam does "
            "that",
            last_resort="Only if the pixels are as unequal as this with nothing in the beam: "
            f"--limit most_departing={_above(departing):.2g}",
        )
    telling = hidden <= limits.departure
    return Verdict(
        "shadows in the flats",
        Grade.GOOD if telling else Grade.USABLE,
        100 * departing,
        100 * limits.most_departing,
        "%",
        f"{departing:.1%} of the pixels differ by more than {allowed:.0%} from the flats' smooth "
        f"surface; an object in the beam makes it more than {limits.most_departing:.0%}"
        if telling
        else "pixels that are so unequal, noisy or few do not show whether an object was in the "
        "beam: make sure that nothing was",
    )


def _above(fraction: float) -> float:
    """Return a limit that lets a fraction pass, and a little more."""
    return min(1.0, 1.2 * fraction)


def _scatter(departures: Map) -> float:
    """Return the standard deviation between neighbours, robustly; infinite where none has any."""
    steps = np.concatenate([np.diff(departures, axis=axis).ravel() for axis in (0, 1)])
    known = steps[np.isfinite(steps)]
    return robust_sigma(known) / math.sqrt(2.0) if known.size else math.inf
