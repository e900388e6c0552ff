"""The gain of one gain setting, from its flats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.check_limits import CheckLimits
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.errors import GainLevelsError
from fpxi_imaging.calibration.frame_stack import FrameSeries, FrameStack
from fpxi_imaging.calibration.gain_fit import GainFit, LevelMaps, fit_piecewise, fit_polynomial
from fpxi_imaging.calibration.gain_model import FlatLevel, GainMethod, GainModel, Shading
from fpxi_imaging.calibration.photon_transfer import noise_per_count
from fpxi_imaging.calibration.shading import smooth_surface
from fpxi_imaging.errors import SettingError

Image = npt.NDArray[np.float64]
Map = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_DEGREES = (2, 3)
_LEAST_STEP = 1.05
"""Levels of a bent description must be apart by at least this factor."""


@dataclass(frozen=True)
class GainOptions:
    """How the gain is made. Raises `SettingError` for what is not offered."""

    method: GainMethod | None = None
    """None: by one level, or linear where there are several."""
    degree: int | None = None
    """Of the polynomial, 2 or 3; None: 3 where 2 does not describe the flats and 3 does better."""
    shading: Shading = Shading.REMOVED

    def __post_init__(self) -> None:
        if self.degree is not None and self.degree not in _DEGREES:
            raise SettingError("degree", self.degree, "2 or 3")
        if self.method is GainMethod.GIVEN or self.shading is Shading.NOT_STATED:
            what = (self.method, self.shading)
            raise SettingError("gain", what, "a method and a shading by which it can be made")


@dataclass(frozen=True, eq=False)
class LevelData:
    """One series of flats, less offset; targets are set when good pixels are known."""

    series: FrameSeries
    offset: Map
    dark_noise: Map
    maps: LevelMaps

    @classmethod
    def of(  # noqa: PLR0917 - flats, the dark they rise above, and where both are good
        cls,
        series: FrameSeries,
        offset: Image,
        offset_error: Image,
        dark_noise: Map,
        dark: FrameStack,
        usable: Mask,
    ) -> LevelData:
        """Return a level whose targets are not known; `dark` is the nearest one's.

        Errors are of response / median response, as gains are normalised: what all pixels have in
        common does not count. With doses, which no median follows, it does.

        Maps are kept as float32: counts up to 65535 to 0.002, a tenth of the error of the mean of
        a hundred frames that are digitised without other noise, and no worse than the gain's own
        rounding.
        """
        stack = series.stack
        response = (stack.mean - offset).astype(np.float32)
        imaging = response[usable]
        middle = float(np.median(imaging)) if imaging.size else 0.0
        shared = series.relative_dose is None and middle > 0
        share = response / np.float32(middle) if shared else np.zeros_like(response)
        before = dark.error
        own = np.divide(
            dark.error_beside_level(share), before, out=np.ones_like(before), where=before > 0
        )
        offset_error = (own * offset_error).astype(np.float32)
        error = np.hypot(stack.error_beside_level(share), offset_error).astype(np.float32)
        unknown = np.broadcast_to(np.float32(np.nan), response.shape)
        maps = LevelMaps(response, error, usable, unknown, offset_error)
        return cls(series, offset.astype(np.float32), dark_noise, maps)


@dataclass(frozen=True, eq=False)
class SettingData:
    """What there is of one gain setting."""

    levels: tuple[LevelData, ...]
    """In rising order."""
    dark: DarkMap
    """The dark that the flats' offset is nearest to."""
    saturated: Mask
    """In a dark, or in the flats of every level."""
    imaging: Mask

    @property
    def top(self) -> LevelData:
        """The highest level."""
        return self.levels[-1]

    @property
    def dark_noise(self) -> Map:
        """Temporal standard deviation of a dark, counts."""
        return self.dark.noise

    @property
    def dark_frames(self) -> int:
        """Darks that this was taken over."""
        return self.dark.frames

    def corrected_flat(self, options: GainOptions) -> dict[str, Map]:
        """Return a flat that the gain does not rest on alone, and its standard error.

        Of a linear gain by several levels, the lowest by the highest: pixels that are not
        proportional differ. Else the odd flats by the even ones.
        """
        low, high = self.levels[0].maps, self.top.maps
        bent = options.method in {GainMethod.PIECEWISE, GainMethod.POLYNOMIAL}
        if len(self.levels) == 1 or bent:
            stack, offset = self.top.series.stack, self.top.offset
            part = (np.sqrt(2) * stack.error).astype(np.float32)
            odd = (stack.odd_mean - offset).astype(np.float32)
            even = (stack.even_mean - offset).astype(np.float32)
            low = LevelMaps(odd, part, high.usable, high.target)
            high = LevelMaps(even, part, high.usable, high.target)
        usable = low.usable & high.usable & (high.response > 0) & (low.response > 0)
        ratio = np.divide(
            low.response, high.response, out=np.full_like(low.response, np.nan), where=usable
        )
        errors = (
            np.divide(each.error, each.response, out=np.zeros_like(each.error), where=usable)
            for each in (low, high)
        )
        return {
            "corrected_flat": ratio,
            "corrected_flat_noise": np.abs(ratio) * np.hypot(*errors),
        }


def fit_gain(
    data: SettingData, good: Mask, options: GainOptions, limits: CheckLimits
) -> tuple[GainModel, float]:
    """Return the gain, and how good its description is. Raises `GainLevelsError`."""
    method = options.method or (
        GainMethod.ONE_LEVEL if len(data.levels) == 1 else GainMethod.LINEAR
    )
    levels, normalised = _with_targets(data, good, options.shading, method)
    fit = _fit(levels, method, options.degree, limits)
    top = normalised[-1]
    model = GainModel(
        gain=fit.gain.astype(np.float32),
        uncertainty=fit.uncertainty.astype(np.float32),
        normalisation=top.target,
        noise_per_count=_noise_per_count(data.levels, good),
        method=method,
        shading=options.shading,
        levels=normalised,
        conditions=top.conditions,
        linearity=fit.linearity,
    )
    return model, fit.goodness


def _with_targets(
    data: SettingData, good: Mask, shading: Shading, method: GainMethod
) -> tuple[list[LevelMaps], tuple[FlatLevel, ...]]:
    """Return the levels used, each with what its pixels are to read."""
    used = data.levels[-1:] if method is GainMethod.ONE_LEVEL else data.levels
    counted = good & np.all([level.maps.usable for level in used], axis=0)
    if not counted.any():
        raise GainLevelsError("no pixel is free of clipping at all levels")
    signals = [float(np.median(level.maps.response[counted])) for level in used]
    targets = _targets(signals, [level.series.relative_dose for level in used])
    _require_levels(targets, method)
    shape = _relative_shape(data.top.maps, counted, shading)
    maps = [
        replace(level.maps, target=np.float32(target) * shape)
        for level, target in zip(used, targets, strict=True)
    ]
    described = tuple(
        FlatLevel(
            signal=signal,
            target=target,
            frames=level.series.stack.least_count,
            clipped=1 - float(np.mean(level.maps.usable[data.imaging])),
            conditions=level.series.conditions,
            taken=level.series.taken,
            relative_dose=level.series.relative_dose,
        )
        for level, signal, target in zip(used, signals, targets, strict=True)
    )
    return maps, described


def _targets(signals: list[float], doses: list[float | None]) -> list[float]:
    """Return the median pixel's values: as measured, or proportional to the dose.

    By dose, the highest level keeps its counts.
    """
    known = [dose for dose in doses if dose is not None]
    if not known or len(signals) == 1:
        return signals
    if len(known) < len(doses):
        raise GainLevelsError("some flats have a relative dose, some have none: give all")
    if min(known) <= 0:
        raise GainLevelsError(f"relative doses must be above 0, not {min(known)}")
    for low, high in pairwise(known):
        if low > high * _LEAST_STEP:
            raise GainLevelsError(
                f"the flats' doses, {_listed(known)}, do not rise with their signals, "
                f"{_listed(signals)} counts: give each series its own"
            )
    return [signals[-1] * dose / known[-1] for dose in known]


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)


def _require_levels(targets: list[float], method: GainMethod) -> None:
    if method not in {GainMethod.PIECEWISE, GainMethod.POLYNOMIAL}:
        return
    if len(targets) < 2:
        raise GainLevelsError(f"a {method.value} gain needs flats of two levels or more, not one")
    for low, high in pairwise(targets):
        if high < low * _LEAST_STEP:
            raise GainLevelsError(
                f"two levels, {low:.0f} and {high:.0f} counts, are less than "
                f"{_LEAST_STEP - 1:.0%} apart or not in the order of their doses"
            )


def _relative_shape(top: LevelMaps, good: Mask, shading: Shading) -> Map:
    """Return what a corrected flat looks like, 1 in the median of the good pixels."""
    if shading is Shading.REMOVED:
        return np.ones(good.shape, np.float32)
    surface = smooth_surface(top.response, good)
    surface /= float(np.median(surface[good]))
    return surface.astype(np.float32)


def _fit(
    levels: Sequence[LevelMaps], method: GainMethod, degree: int | None, limits: CheckLimits
) -> GainFit:
    if method is GainMethod.PIECEWISE:
        return fit_piecewise(levels)
    if method is not GainMethod.POLYNOMIAL:
        return fit_polynomial(levels, 1)
    if len(levels) < (degree or 2):
        raise GainLevelsError(
            f"a polynomial of degree {degree or 2} needs as many levels of flats, not {len(levels)}"
        )
    fit = fit_polynomial(levels, degree or 2)
    if degree is None and len(levels) > 2 and fit.goodness > limits.misfit:
        bent = fit_polynomial(levels, 3)
        if not bent.goodness >= fit.goodness:
            return bent
    return fit


def _noise_per_count(levels: tuple[LevelData, ...], good: Mask) -> float:
    """Return the mean over the levels, weighted by their frames."""
    slopes = [
        noise_per_count(
            level.series.stack, level.offset, level.dark_noise, good & level.maps.usable
        )
        for level in levels
    ]
    frames = [level.series.stack.least_count for level in levels]
    return float(np.average(slopes, weights=frames))
