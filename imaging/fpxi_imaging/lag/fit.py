"""From the frames around a step-off to the panel's lag."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import SettingError
from fpxi_imaging.lag._dark_drift import DRIFT
from fpxi_imaging.lag._exponentials import MOST_COMPONENTS, DecayData, Decays, fit_decays
from fpxi_imaging.lag._pixels import pixel_multiplier
from fpxi_imaging.lag._selection import select
from fpxi_imaging.lag._verdicts import lag_verdicts
from fpxi_imaging.lag.errors import LitSaturatedError, NotDecayingError, TooFewLagFramesError
from fpxi_imaging.lag.model import LagModel
from fpxi_imaging.lag.step_off import (
    Frames,
    Step,
    dark_before,
    frame_levels,
    last_step,
    mean_frame,
    scatter,
)
from fpxi_imaging.lag.trace import LagTrace
from fpxi_imaging.robust import robust_sigma
from fpxi_imaging.verdict import Verdict

Values = npt.NDArray[np.float64]

LEAST_AFTER = 10
"""Whole frames after the step-off."""
LEAST_LEVEL = 0.5
"""Pixels below this part of the median level are left out: their ratios are noise."""
MOST_INVALID = 0.5
"""Good pixels that may have no valid sample while the beam is on."""
_MOST_TRAPPED = 0.9
"""No pixel is said to trap more than this in all: the correction divides by what is left."""
_SIGNIFICANT = 5.0
_STILL = 3.0
_MUCH_LEFT = 0.05
_HALVED = 0.5


@dataclass(frozen=True, eq=False)
class LagFit:
    """The model, with the trace that it was fitted to, and how it was chosen."""

    model: LagModel
    level: float
    """Median level of the lit frames, as the frames are counted."""
    chances: tuple[tuple[int, float], ...]
    """(components, chance) of each number tried: how likely noise makes it so much better than the
    best of fewer. More were taken where that is below 0.001."""
    verdicts: tuple[Verdict, ...]


def fit_lag(
    frames: Frames,
    times_us: npt.NDArray[np.int64],
    exposure_us: int,
    *,
    good: npt.NDArray[np.bool_],
    components: int | None = None,
    exposure_s: float | None = None,
) -> LagFit:
    """Fit the lag to a sequence in which the beam goes off while frames go on.

    `frames`, each (rows, cols), are less their dark, and better gain- and linearity-corrected; NaN
    is no sample: a row lost, or a saturated pixel. They are read three times, one at a time.
    `times_us` (frames,) is when each exposure began by the device's clock, `exposure_us` their
    integration time, `good` (rows, cols) the pixels that count. The last step-off is taken; a
    frame within which the beam went off is left out.

    `components`, 0 to 4: else as many as an F test finds significant, beside a dark level that
    moved since the darks by as much as these may drift, or as frames before the beam say it did.
    `exposure_s`, how long the panel had been exposed: without it, from where the beam comes on in
    the sequence; endless where that was not recorded.

    The model's uncertainties are those of the frames' noise. Where the pixels' lag spreads by s,
    relative, and noise is less than that in early frames and more in late ones, medians shift by
    up to s² / 2 between them: 1 % of the lag for a spread of 15 %.

    Raises `ShapeMismatchError`, `SettingError`, and of `LagError`: `NoStepError`,
    `TooFewLagFramesError`, `TimeStampsError`, `LitSaturatedError`, `NotDecayingError`.
    """
    _require_settings(components, exposure_s)
    times_us = np.asarray(times_us, np.int64)
    levels = frame_levels(frames, good)
    step = last_step(levels, times_us, exposure_us, LEAST_AFTER)
    lit = mean_frame(frames, step.lit.tolist())
    used = _used(lit, good)
    ratio, pixels, noise = _ratios(frames, step, lit, used)
    step = replace(step, after=step.after[pixels > 0])
    if len(step.after) < LEAST_AFTER:
        raise TooFewLagFramesError("after", len(step.after), LEAST_AFTER)
    ratio, pixels = ratio[pixels > 0], pixels[pixels > 0]
    before_s = step.exposure_s if exposure_s is None else exposure_s
    level = float(np.median(lit[used]))
    moved = dark_before(levels, times_us, step) / level
    data = DecayData(
        begin_s=_seconds(times_us[step.after] - step.off_us),
        window_s=exposure_us * 1e-6,
        ratio=ratio,
        sigma=_uncertainty(ratio, pixels),
        level_begin_s=_seconds(times_us[step.lit] - step.off_us) + before_s,
        exposure_s=before_s,
        dark_uncertainty=math.hypot(DRIFT * max(noise, scatter(ratio)), moved),
    )
    _require_decay(data)
    counts = range(MOST_COMPONENTS + 1) if components is None else (components,)
    tried = fit_decays(data, counts)
    best, chances = select(tried)
    model = _model(data, best, _level_uncertainty(levels[step.lit]))
    if model.components:
        multiplier = pixel_multiplier(frames, step.after, lit, used, best.lag)
        model = _with_multiplier(model, multiplier)
    exposed_s = step.seen_s if exposure_s is None else before_s
    return LagFit(
        model=model,
        level=level,
        chances=tuple(zip((len(each.fractions) for each in tried), chances, strict=True)),
        verdicts=lag_verdicts(model, data, best, exposed_s),
    )


def _require_settings(components: int | None, exposure_s: float | None) -> None:
    if components is not None and components not in range(MOST_COMPONENTS + 1):
        raise SettingError("components", components, f"0 to {MOST_COMPONENTS}, or None")
    if exposure_s is not None and not exposure_s > 0:
        raise SettingError("exposure_s", exposure_s, "positive, or infinite")


def _used(lit: Values, good: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the good pixels that were lit."""
    valid = good & np.isfinite(lit)
    wanted = max(int(np.count_nonzero(good)), 1)
    invalid = 1.0 - np.count_nonzero(valid) / wanted
    if invalid > MOST_INVALID:
        raise LitSaturatedError(invalid, MOST_INVALID)
    return valid & (lit > LEAST_LEVEL * np.median(lit[valid]))


def _ratios(
    frames: Frames, step: Step, lit: Values, used: npt.NDArray[np.bool_]
) -> tuple[Values, Values, float]:
    """Return the median over the pixels of each frame over the level, and how many they were.

    Also the noise of the median pixel, as the last two frames differ.
    """
    ratio = np.full(len(step.after), np.nan)
    pixels = np.zeros(len(step.after))
    before, noise = np.full(np.count_nonzero(used), np.nan), 0.0
    for place, index in enumerate(step.after):
        ratios = frames[index][used] / lit[used]
        known = ratios[np.isfinite(ratios)]
        pixels[place] = known.size
        if known.size:
            ratio[place] = np.median(known)
            noise = _noise(ratios - before)
            before = ratios
    return ratio, pixels, noise


def _noise(change: Values) -> float:
    """Return the noise of a frame's median pixel by what changed since the frame before."""
    known = change[np.isfinite(change)]
    return robust_sigma(known) / math.sqrt(2) if known.size else 0.0


_LEAST_SIGMA = 1e-9
"""Of frames without noise."""


def _uncertainty(ratio: Values, pixels: Values) -> Values:
    """Return each ratio's standard uncertainty, from their scatter about a smooth course."""
    sigma: Values = max(scatter(ratio), _LEAST_SIGMA) * np.sqrt(np.median(pixels) / pixels)
    return sigma


def _seconds(times_us: npt.NDArray[np.floating]) -> Values:
    return np.asarray(times_us, np.float64) * 1e-6


def _require_decay(data: DecayData) -> None:
    """Raise `NotDecayingError` where the frames hold a signal that becomes no less.

    Or hardly less: of so large a signal that has not halved by the end, nobody knows whether it is
    lag or a beam that was only dimmed.
    """
    quarter = max(len(data.ratio) // 4, 2)
    early, late = float(np.mean(data.ratio[:quarter])), float(np.mean(data.ratio[-quarter:]))
    sigma = float(np.mean(data.sigma)) / math.sqrt(quarter)
    stands = late > _SIGNIFICANT * math.hypot(sigma, data.dark_uncertainty)
    still = early - late < _STILL * math.sqrt(2) * sigma
    lingers = late > _MUCH_LEFT and late > _HALVED * early
    if stands and (still or lingers):
        raise NotDecayingError(early, late)


def _level_uncertainty(levels: Values) -> float:
    """Return the relative standard uncertainty of the mean of these lit frames."""
    if levels.size < 2:
        return 0.0
    return float(levels.std(ddof=1) / levels.mean() / math.sqrt(levels.size))


def _model(data: DecayData, best: Decays, level_uncertainty: float) -> LagModel:
    count = len(best.fractions)
    covariance = best.covariance.copy()
    covariance[:count, :count] += np.outer(best.fractions, best.fractions) * level_uncertainty**2
    middle_s = data.begin_s + data.window_s / 2
    return LagModel(
        fractions=tuple(best.fractions.tolist()),
        time_constants_s=tuple(best.tau_s.tolist()),
        covariance=covariance,
        residual=float(np.sqrt(np.mean((best.residuals * data.sigma) ** 2))),
        frames=len(data.ratio),
        first_s=float(middle_s[0]),
        last_s=float(middle_s[-1]),
        exposure_s=data.exposure_s,
        trace=LagTrace(
            times_s=middle_s,
            measured=data.ratio,
            uncertainty=data.sigma,
            fitted=best.fitted,
            dark_level=best.dark_level,
        ),
    )


def _with_multiplier(model: LagModel, multiplier: Values | None) -> LagModel:
    if multiplier is None:
        return model
    most = _MOST_TRAPPED / sum(model.fractions)
    return replace(model, multiplier=np.clip(multiplier, 0.0, most).astype(np.float32))
