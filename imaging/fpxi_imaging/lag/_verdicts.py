"""How good a fit of the lag is, in words."""

from __future__ import annotations

import math

import numpy as np

from fpxi_imaging.lag._exponentials import DecayData, Decays
from fpxi_imaging.lag.model import LagModel
from fpxi_imaging.verdict import Grade, Verdict

MOST_UNCERTAIN = 0.05
"""Relative standard uncertainty of the first frame's lag: half of what tenfold less allows."""
MOST_CHI_SQUARED = 2.0
"""Of each degree of freedom; more, and the frames differ from the curve by more than noise."""
MOST_MOVED = 2.0
"""Standard uncertainties by which the dark level may have moved."""
COMPARABLE = 0.1
"""Of the slowest component: a dark level that moved by as much has taken a part of it, or given."""
LEAST_COVERED = 2.0
"""Time constants of the slowest component that the frames should cover."""


def lag_verdicts(
    model: LagModel, data: DecayData, best: Decays, exposed_s: float
) -> tuple[Verdict, ...]:
    """Judge a model by the frames that it was fitted to.

    `exposed_s` is how long the panel is known to have been exposed before the step-off.
    """
    if model.components == 0:
        noise = float(data.sigma.mean())
        text = (
            f"no lag above the noise ({noise:.2g} of the signal in a frame): there is nothing to "
            "correct"
        )
        lag = Verdict("lag", Grade.GOOD, 0.0, noise, "of the signal", text)
        return (lag, _shape(model, best), _dark_level(model, data, best))
    return (
        _first_frame(model, data),
        _shape(model, best),
        _coverage(model),
        _dark_level(model, data, best),
        _exposure(model, exposed_s),
        *_fast(model, data),
    )


def _first_frame(model: LagModel, data: DecayData) -> Verdict:
    window_s = data.window_s
    value, sigma = model.first_frame(window_s), model.uncertainty(0.0, window_s)
    relative = sigma / value if value > 0 else math.inf
    grade = Grade.GOOD if relative <= MOST_UNCERTAIN else Grade.USABLE
    text = f"the first frame after an exposure holds {value:.3%} ± {sigma:.3%} of the signal"
    if grade is Grade.USABLE:
        text += "; record more frames after the step-off (--lag-off), at a higher level"
    return Verdict("first-frame lag", grade, relative, MOST_UNCERTAIN, "of it", text)


def _shape(model: LagModel, best: Decays) -> Verdict:
    reduced = best.reduced
    grade = Grade.GOOD if reduced <= MOST_CHI_SQUARED else Grade.USABLE
    text = (
        f"{model.components} component(s) leave {model.residual:.2g} of the signal (RMS), "
        f"{math.sqrt(reduced):.2g} times the frames' noise"
    )
    if grade is Grade.USABLE:
        text += "; the dark level may have drifted, or the lag may not be a sum of exponentials"
    return Verdict("lag fit", grade, reduced, MOST_CHI_SQUARED, "chi² / degree of freedom", text)


def _coverage(model: LagModel) -> Verdict:
    slowest = model.time_constants_s[-1]
    covered = model.last_s / slowest
    grade = Grade.GOOD if covered >= LEAST_COVERED else Grade.USABLE
    text = f"the frames cover {model.first_s:.3g} to {model.last_s:.3g} s after the exposure, "
    if model.outlasting[-1]:
        text += (
            f"less than one time constant of the slowest lag, {model.fractions[-1]:.2%} of the "
            "signal: that time constant cannot be stated, and the lag not be told from a dark "
            "level that moved"
        )
    else:
        text += f"{covered:.2g} times the slowest time constant, {slowest:.3g} s"
    if grade is Grade.USABLE:
        text += "; record longer after the step-off (--lag-off)"
    return Verdict("lag coverage", grade, covered, LEAST_COVERED, "time constants", text)


def _dark_level(model: LagModel, data: DecayData, best: Decays) -> Verdict:
    """Say what stays after the step-off and was not counted as lag."""
    levels = best.dark_level
    moved = float(levels[np.argmax(np.abs(levels))])
    untold = MOST_MOVED * data.dark_uncertainty
    limit = min(untold, COMPARABLE * model.fractions[-1]) if model.components else untold
    grade = Grade.GOOD if abs(moved) <= limit else Grade.USABLE
    text = (
        f"{moved:+.2%} of the signal is taken for a dark level that moved since the darks, not for "
        f"lag; lag slower than {data.begin_s[-1]:.3g} s looks the same, and below {untold:.2%} of "
        "the signal is not told from it"
    )
    if grade is Grade.USABLE:
        text += _likely_cause(model, moved)
    return Verdict("dark level under the lag", grade, abs(moved), limit, "of the signal", text)


def _likely_cause(model: LagModel, moved: float) -> str:
    """Return why the dark level is another than in the darks, and what to do."""
    compared = ""
    if model.components:
        compared = f", where the slowest lag is {model.fractions[-1]:.2%}"
    if moved < 0:
        return (
            f"{compared}: most likely the darks were taken while the panel still lagged behind an "
            "earlier exposure, so that what they correct comes out too low; take darks again with "
            f"the X-rays off for {_decayed(model)}before them"
        )
    return (
        f"{compared}: an earlier exposure still lagged before the beam came on, or the panel "
        f"warms up; leave the X-rays off for {_decayed(model)}before the lag, and take the darks "
        "right before it"
    )


def _decayed(model: LagModel) -> str:
    """Return in words how long the slowest lag takes to decay."""
    if not model.components:
        return "a minute "
    return f"{_DECAYED * model.time_constants_s[-1]:.2g} s "


def _exposure(model: LagModel, exposed_s: float) -> Verdict:
    slowest = model.time_constants_s[-1]
    ratio = exposed_s / slowest
    grade = Grade.GOOD if ratio >= LEAST_COVERED else Grade.USABLE
    if math.isinf(exposed_s):
        text = "the exposure before the step-off is said to have been long enough for equilibrium"
        return Verdict("lag exposure", grade, ratio, LEAST_COVERED, "time constants", text)
    endless = math.isinf(model.exposure_s)
    text = f"the exposure before the step-off is known to have lasted {exposed_s:.3g} s"
    if endless:
        text += ", and taken to have been long enough for equilibrium"
    if grade is Grade.USABLE:
        wanted = f"{math.ceil(LEAST_COVERED * slowest)}s"
        text += (
            f"; too short to fill the slowest traps ({slowest:.3g} s): expose longer "
            f"(--lag-on {wanted})"
        )
        if endless:
            text += ", or say how long it was (--lag-exposed TIME, with --step-off)"
    return Verdict("lag exposure", grade, ratio, LEAST_COVERED, "time constants", text)


def _fast(model: LagModel, data: DecayData) -> list[Verdict]:
    """Say so where a component rests on the first frame alone."""
    fastest = model.time_constants_s[0]
    second_s = float(data.begin_s[1])
    if fastest * math.log(_GONE) > second_s:
        return []
    text = (
        f"the fastest component ({fastest:.2g} s) shows in the first frame alone, where a beam "
        "that went off within that frame would look the same; use shorter exposures, or switch "
        "the beam off between two frames"
    )
    return [Verdict("lag of one frame", Grade.USABLE, fastest, second_s, "s", text)]


_DECAYED = 5.0
"""Time constants after which less than 1 % of a component is left."""
_GONE = 10.0
"""A component is gone where so small a part of it is left."""
