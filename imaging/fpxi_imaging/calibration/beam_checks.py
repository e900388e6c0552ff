"""Whether X-rays fell on the panel while darks were taken.

Three signs, none of which needs a dark that is known to be right: the darks show the flats' pattern
and are as noisy as photons of that signal make them, or noisiest where the flats are brightest, as
the flats are; darks of two exposures differ by the photons' measure; so do darks taken before and
after. A rise with less noise
than that is dark current, lag or drift; one with far more is a dark current with noise of its own.
Nothing is refused by noise where the flats do not show for certain how noisy photons are: too few
pixels, or photons too weak against the electronics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS, CheckLimits
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.errors import BeamOnInDarkError, DriftError
from fpxi_imaging.calibration.photon_transfer import PhotonNoise
from fpxi_imaging.defects.thresholds import panel_noise
from fpxi_imaging.robust import known_median, robust_sigma
from fpxi_imaging.verdict import Grade, Verdict

Image = npt.NDArray[np.float64]
Map = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]

BEAM_IN_DARKS = "beam off in the darks"
BEAM_AT_EXPOSURES = "beam off at every exposure"
BEFORE_AND_AFTER = "darks before and after the flats"
_CLIP = 5.0
_CONTRADICTION = 2.0
"""Standard errors by which one sign must differ from another to belie it."""


def check_pattern(  # noqa: PLR0917 - darks, and what flats say of the beam
    dark: DarkMap,
    response: Map,
    variance: Image,
    good: Mask,
    photons: PhotonNoise,
    limits: CheckLimits,
) -> Verdict:
    """Return a verdict on how much of the flats' beam the darks could hold.

    `response` is a flat less its dark, counts, `variance` its temporal variance, counts squared;
    arrays (rows, cols). Raises `BeamOnInDarkError`.
    """
    mean = dark.mean.astype(np.float64)
    signal = float(np.median(response[good]))
    noise = panel_noise(dark.noise, good)
    least = photons.least(limits.beam_certainty)
    room = noise**2 / (least * signal) if least > 0 else np.inf
    share, error = _slope(response[good], mean[good])
    shown = share > limits.most_beam_in_dark and share > limits.beam_certainty * error
    if shown and least > 0 and room >= limits.photon_share * share:
        raise BeamOnInDarkError(
            _named(dark),
            share * signal,
            f"they show {share:.1%} of the flats' pattern, and are as noisy as that makes them",
        )
    noisy, noisy_error = _share_by_noise(dark, response, variance, good)
    certain = noisy > limits.most_beam_in_dark and noisy > limits.beam_certainty * noisy_error
    if certain and share >= limits.photon_share * noisy - _CONTRADICTION * error:
        raise BeamOnInDarkError(
            _named(dark),
            noisy * signal,
            f"they are noisier where the flats are brighter, as {noisy:.1%} of the flats' beam "
            "makes them",
        )
    most = min(room, max(share, 0.0) + limits.beam_certainty * error)
    clean = most <= limits.most_beam_in_dark
    return Verdict(
        BEAM_IN_DARKS,
        Grade.GOOD if clean else Grade.USABLE,
        100 * most,
        100 * limits.most_beam_in_dark,
        "%",
        f"the darks hold at most {most:.2%} of the flats' beam, by pattern and noise; up to "
        f"{limits.most_beam_in_dark:.0%} is good"
        if np.isfinite(most) and clean
        else "pattern and noise do not show for certain that the beam was off in the darks: take "
        "flats of a higher dose, or darks after the flats as well",
    )


def refuse_beam(
    darker: DarkMap, brighter: DarkMap, good: Mask, photons: PhotonNoise, limits: CheckLimits
) -> None:
    """Raise `BeamOnInDarkError` if photons make the later darks brighter than the known ones."""
    rise = _rise_between(darker, brighter, good)
    if rise.by_photons(photons, limits):
        raise BeamOnInDarkError(
            "darks",
            rise.counts,
            f"they are {rise.counts:.1f} counts brighter than those of the calibration, and "
            "noisier by as much as X-rays make them",
        )


def check_exposures(
    short: DarkMap, long: DarkMap, good: Mask, photons: PhotonNoise, limits: CheckLimits
) -> Verdict:
    """Return a verdict on how much of the flats' beam a longer exposure adds to the darks.

    Raises `BeamOnInDarkError` if photons make the difference, in whichever is brighter.
    """
    rise = _rise_between(short, long, good)
    longer = _exposure(long)
    if _rise_between(long, short, good).by_photons(photons, limits):
        raise BeamOnInDarkError(
            _named(short),
            -rise.counts,
            f"they are {-rise.counts:.1f} counts brighter than those of {longer}, and noisier by "
            "as much as X-rays make them",
        )
    if rise.by_photons(photons, limits):
        raise BeamOnInDarkError(
            _named(long),
            rise.counts,
            f"they are {rise.counts:.1f} counts brighter than those of "
            f"{_exposure(short)}, and noisier by as much as X-rays make them",
        )
    most = rise.most_by_photons(photons, limits) / photons.signal
    clean = most <= limits.most_beam_in_dark
    return Verdict(
        BEAM_AT_EXPOSURES,
        Grade.GOOD if clean else Grade.USABLE,
        100 * most,
        100 * limits.most_beam_in_dark,
        "%",
        f"of the flats' beam at most {most:.2%} is in the darks of {longer} beyond those of "
        f"{_exposure(short)}, by level and noise; up to {limits.most_beam_in_dark:.0%} is "
        "good"
        if clean
        else f"darks of {longer} lie {rise.counts:.3g} counts above those of {_exposure(short)}: "
        f"dark current, or up to {most:.1%} of the flats' beam, which level and noise do not tell "
        "apart for certain; make sure that the X-rays were off",
    )


def compare_darks(
    first: DarkMap,
    closing: DarkMap,
    good: Mask,
    photons: PhotonNoise,
    limits: CheckLimits = DEFAULT_LIMITS,
) -> Verdict:
    """Return a verdict on darks of equal conditions taken before the flats and after them.

    `good`, (rows, cols), are the pixels looked at. Raises `BeamOnInDarkError` for whichever are
    brighter and noisier by the photons' measure, and `DriftError` if the level changed by more
    than `most_dark_drift` otherwise: by temperature, or by lag that the flats left behind.
    """
    rise = _rise_between(first, closing, good).counts
    darker, brighter = (first, closing) if rise > 0 else (closing, first)
    if _rise_between(darker, brighter, good).by_photons(photons, limits):
        which = "closing darks" if rise > 0 else "first darks"
        raise BeamOnInDarkError(
            which,
            abs(rise),
            f"they are {abs(rise):.1f} counts brighter than the other darks, and noisier by as "
            "much as X-rays make them",
        )
    noise = panel_noise(first.noise, good)
    most, some = limits.most_dark_drift * noise, limits.dark_drift * noise
    if abs(rise) > most:
        raise DriftError("darks, from before the flats to after them,", rise, most, "counts")
    steady = abs(rise) <= some
    return Verdict(
        BEFORE_AND_AFTER,
        Grade.GOOD if steady else Grade.USABLE,
        abs(rise),
        some,
        "counts",
        f"the darks changed by {rise:+.2g} counts (median) from before the flats to after them; up "
        f"to {some:.2g} is good"
        + (
            ""
            if steady
            else ": lag of the flats, or a panel that is not at its temperature yet; let it settle "
            "longer before and after the flats"
        ),
    )


@dataclass(frozen=True)
class _Rise:
    """How much brighter and noisier the median pixel is in the second of two darks."""

    counts: float
    counts_error: float
    variance: float
    variance_error: float

    def by_photons(self, photons: PhotonNoise, limits: CheckLimits) -> bool:
        """Whether the variance rises as photons make it rise, and certainly."""
        expected = photons.per_count * self.counts
        share = limits.photon_share
        return bool(
            photons.least(limits.beam_certainty) > 0
            and self.counts > limits.beam_certainty * self.counts_error
            and self.variance > limits.beam_certainty * self.variance_error
            and share * expected < self.variance < expected / share
        )

    def most_by_photons(self, photons: PhotonNoise, limits: CheckLimits) -> float:
        """Return the counts that photons may have added at most, by level and by noise."""
        certainty = limits.beam_certainty
        by_level = max(self.counts, 0.0) + certainty * self.counts_error
        least = photons.least(certainty)
        if least == 0:
            return by_level
        return min(by_level, (max(self.variance, 0.0) + certainty * self.variance_error) / least)


def _rise_between(before: DarkMap, after: DarkMap, good: Mask) -> _Rise:
    low, high = (known_median(dark.noise, good, unknown=0.0) ** 2 for dark in (before, after))
    # A variance of n frames is known to sqrt(2 / (n - 1)); medians over pixels, 1.25 times worse.
    uncertain = low**2 / max(before.frames - 1, 1) + high**2 / max(after.frames - 1, 1)
    part = 1.25 / float(np.sqrt(np.count_nonzero(good)))
    return _Rise(
        counts=float(np.median((after.mean.astype(np.float64) - before.mean)[good])),
        counts_error=part
        * float(np.sqrt(low / max(before.frames, 1) + high / max(after.frames, 1))),
        variance=high - low,
        variance_error=part * float(np.sqrt(2 * uncertain)),
    )


def _share_by_noise(
    dark: DarkMap, response: Map, variance: Image, good: Mask
) -> tuple[float, float]:
    """Return the part of the flats' beam that the darks' variance follows, and its error.

    Both variances are fitted to the response, which is known far better than they are. The error is
    that of the darks, by which it is certain that they follow it at all.
    """
    known = good & np.isfinite(dark.noise) & np.isfinite(variance)
    if not known.any():
        return 0.0, float("inf")
    of_dark, error = _slope(response[known], dark.noise[known].astype(np.float64) ** 2)
    of_flat, flat_error = _slope(response[known], variance[known])
    if of_flat <= _CONTRADICTION * flat_error:
        return 0.0, float("inf")
    return of_dark / of_flat, error / of_flat


def _named(dark: DarkMap) -> str:
    return f"darks of {_exposure(dark)}"


def _exposure(dark: DarkMap) -> str:
    return f"{dark.conditions.exposure_us / 1000:g} ms"


def _slope(x: Map, y: Map) -> tuple[float, float]:
    """Return slope of y over x and its standard error, without pixels that stand out in either."""
    kept = np.ones(x.size, np.bool_)
    for values in (x, y):
        away = values - np.median(values)
        kept &= np.abs(away) <= _CLIP * robust_sigma(away)
    x, y = x[kept], y[kept]
    if x.size < 3 or np.ptp(x) == 0:
        return 0.0, float("inf")
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sum(x**2))
    slope = float(np.sum(x * y)) / spread
    return slope, float(np.sqrt(np.sum((y - slope * x) ** 2) / (x.size - 2) / spread))
