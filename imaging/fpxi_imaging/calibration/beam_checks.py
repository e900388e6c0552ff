"""Whether X-rays fell on the panel while darks were taken.

Three signs, none of which needs a dark that is known to be right: the darks show the flats' pattern
and are as noisy as photons of that signal make them; darks of longer exposures are brighter and
noisier by the photons' measure; darks taken before and after differ by it. A rise without the
photons' noise is dark current, lag or drift.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS, CheckLimits
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.errors import BeamOnInDarkError, DriftError
from fpxi_imaging.defects.thresholds import QUANTISATION_SIGMA
from fpxi_imaging.verdict import Grade, Verdict

Image = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_CLIP = 5.0
_MAD_TO_SIGMA = 1.4826


def check_pattern(
    dark: DarkMap, response: Image, good: Mask, noise_per_count: float, limits: CheckLimits
) -> Verdict:
    """Return a verdict on how much of the flats' beam the darks could hold.

    `response` is a flat less these darks, counts; arrays (rows, cols). Raises `BeamOnInDarkError`.
    """
    mean = dark.mean.astype(np.float64)
    signal = float(np.median(response[good]))
    noise = max(_median(dark.noise, good), QUANTISATION_SIGMA)
    room = noise**2 / (noise_per_count * signal) if noise_per_count > 0 else np.inf
    share, error = _slope(response[good], mean[good])
    shown = share > limits.most_beam_in_dark and share > limits.beam_certainty * error
    if shown and room >= limits.photon_share * share:
        raise BeamOnInDarkError(
            "darks",
            share * signal,
            f"they show {share:.1%} of the flats' pattern, and are as noisy as that makes them",
        )
    most = min(room, max(share, 0.0) + limits.beam_certainty * error)
    clean = most <= limits.most_beam_in_dark
    return Verdict(
        "beam off in the darks",
        Grade.GOOD if clean else Grade.USABLE,
        100 * most,
        100 * limits.most_beam_in_dark,
        "%",
        f"the darks hold at most {most:.2%} of the flats' beam, by pattern and noise"
        if np.isfinite(most) and clean
        else "pattern and noise do not show for certain that the beam was off in the darks: take "
        "flats of a higher dose, or darks after the flats as well",
    )


def refuse_beam(
    darker: DarkMap, brighter: DarkMap, good: Mask, noise_per_count: float, limits: CheckLimits
) -> None:
    """Raise `BeamOnInDarkError` if photons make the later darks brighter than the known ones."""
    rise = _rise(darker, brighter, good)
    if _by_photons(darker, brighter, good, rise, noise_per_count, limits):
        raise BeamOnInDarkError(
            "darks",
            rise,
            f"they are {rise:.1f} counts brighter than those of the calibration, and noisier by as "
            "much as X-rays make them",
        )


def check_exposures(
    short: DarkMap, long: DarkMap, good: Mask, noise_per_count: float, limits: CheckLimits
) -> None:
    """Compare darks of two exposures. Raises `BeamOnInDarkError` if photons make the difference."""
    rise = _rise(short, long, good)
    if _by_photons(short, long, good, rise, noise_per_count, limits):
        raise BeamOnInDarkError(
            "darks",
            rise,
            f"those of {long.conditions.exposure_us} us are {rise:.1f} counts brighter than those "
            f"of {short.conditions.exposure_us} us, and noisier by as much as X-rays make them",
        )


def compare_darks(
    first: DarkMap,
    closing: DarkMap,
    good: Mask,
    noise_per_count: float,
    limits: CheckLimits = DEFAULT_LIMITS,
) -> Verdict:
    """Return a verdict on darks of equal conditions taken before the flats and after them.

    `good`, (rows, cols), are the pixels looked at; `noise_per_count` is that of a gain, 0 where it
    is not known. Raises `BeamOnInDarkError` for whichever are brighter and noisier by the photons'
    measure, and `DriftError` if the level changed by more than `most_dark_drift` otherwise: by
    temperature, or by lag that the flats left behind.
    """
    rise = _rise(first, closing, good)
    darker, brighter = (first, closing) if rise > 0 else (closing, first)
    if _by_photons(darker, brighter, good, abs(rise), noise_per_count, limits):
        which = "closing darks" if rise > 0 else "first darks"
        raise BeamOnInDarkError(
            which,
            abs(rise),
            f"they are {abs(rise):.1f} counts brighter than the other darks, and noisier by as "
            "much as X-rays make them",
        )
    noise = max(_median(first.noise, good), QUANTISATION_SIGMA)
    most, some = limits.most_dark_drift * noise, limits.dark_drift * noise
    if abs(rise) > most:
        raise DriftError("darks, from before the flats to after them,", rise, most, "counts")
    steady = abs(rise) <= some
    return Verdict(
        "darks before and after the flats",
        Grade.GOOD if steady else Grade.USABLE,
        abs(rise),
        some,
        "counts",
        f"the darks changed by {rise:+.2g} counts (median) from before the flats to after them"
        + ("" if steady else ": let the panel settle, or wait longer after the flats"),
    )


def _by_photons(  # noqa: PLR0917 - two darks and what to look at in them
    darker: DarkMap,
    brighter: DarkMap,
    good: Mask,
    rise: float,
    noise_per_count: float,
    limits: CheckLimits,
) -> bool:
    """Whether the variance rises as photons make it rise, and certainly."""
    low, high = (_median(dark.noise, good) ** 2 for dark in (darker, brighter))
    pixels = np.count_nonzero(good)
    # A variance of n frames is known to sqrt(2 / (n - 1)); medians over pixels, 1.25 times worse.
    error = 1.25 * np.sqrt(
        2 * (low**2 / max(darker.frames - 1, 1) + high**2 / max(brighter.frames - 1, 1)) / pixels
    )
    expected = noise_per_count * rise
    added = high - low
    return bool(
        expected > 0
        and added > limits.photon_share * expected
        and added > limits.beam_certainty * error
        and rise > limits.beam_certainty * _error_of_rise(darker, brighter, good)
    )


def _rise(before: DarkMap, after: DarkMap, good: Mask) -> float:
    return float(np.median((after.mean.astype(np.float64) - before.mean)[good]))


def _error_of_rise(before: DarkMap, after: DarkMap, good: Mask) -> float:
    squares = sum(_median(dark.noise, good) ** 2 / dark.frames for dark in (before, after))
    return 1.25 * float(np.sqrt(squares / np.count_nonzero(good)))


def _median(image: npt.NDArray[np.floating], good: Mask) -> float:
    known = image[good & np.isfinite(image)]
    return float(np.median(known)) if known.size else 0.0


def _slope(x: Image, y: Image) -> tuple[float, float]:
    """Return slope of y over x and its standard error, without pixels that stand out in either."""
    kept = np.ones(x.size, np.bool_)
    for values in (x, y):
        away = np.abs(values - np.median(values))
        kept &= away <= _CLIP * _MAD_TO_SIGMA * np.median(away)
    x, y = x[kept], y[kept]
    if x.size < 3 or np.ptp(x) == 0:
        return 0.0, float("inf")
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sum(x**2))
    slope = float(np.sum(x * y)) / spread
    return slope, float(np.sqrt(np.sum((y - slope * x) ** 2) / (x.size - 2) / spread))
