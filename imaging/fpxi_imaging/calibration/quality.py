"""How good a calibration came out, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.check_limits import CheckLimits
from fpxi_imaging.calibration.gain_model import GainModel
from fpxi_imaging.calibration.offset_model import OffsetModel
from fpxi_imaging.robust import known_median
from fpxi_imaging.verdict import Grade, Verdict

Mask = npt.NDArray[np.bool_]

OFFSET_MODEL = "offset model"
_WORSE = (Grade.GOOD, Grade.USABLE, Grade.REFUSED)


def quality_verdicts(  # noqa: PLR0917 - what was fitted, and what to judge it by
    models: Sequence[OffsetModel],
    gains: Sequence[tuple[GainModel, float]],
    defects: Mask,
    good: Mask,
    imaging: Mask,
    limits: CheckLimits,
) -> list[Verdict]:
    """Judge offset models, gains (with the goodness of their fits), and the part of defects."""
    verdicts = offset_verdicts(models, limits)
    for gain, goodness in gains:
        verdicts.append(_of_uncertainty(gain, good, limits))
        if np.isfinite(goodness):
            verdicts.append(_of_fit(gain, goodness, limits))
    verdicts.append(_of_defects(float(np.mean(defects[imaging])), limits))
    return verdicts


def worst(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return one verdict for each check, in order: that of the worst grade, the first of equals."""
    kept: dict[str, Verdict] = {}
    for verdict in verdicts:
        before = kept.get(verdict.check)
        if before is None or _WORSE.index(verdict.grade) > _WORSE.index(before.grade):
            kept[verdict.check] = verdict
    return tuple(kept.values())


def offset_verdicts(models: Sequence[OffsetModel], limits: CheckLimits) -> list[Verdict]:
    """Judge the offset models that say how well they fit: those of three exposures or more."""
    return [_of_offset(model, limits) for model in models if np.isfinite(model.goodness)]


def _of_offset(model: OffsetModel, limits: CheckLimits) -> Verdict:
    holds = model.goodness <= limits.misfit
    return Verdict(
        OFFSET_MODEL,
        Grade.GOOD if holds else Grade.USABLE,
        model.goodness,
        limits.misfit,
        "",
        f"bias + dark current x exposure meets the darks to {model.residual:.2g} counts, "
        f"{model.goodness:.2g} times what noise explains; up to {limits.misfit:.2g} is good"
        + (
            ""
            if holds
            else ": between the exposures of darks offsets are off by about as much; take darks at "
            "the exposures that you use"
        ),
    )


def _of_uncertainty(gain: GainModel, good: Mask, limits: CheckLimits) -> Verdict:
    median = known_median(gain.uncertainty, good)
    fine = median <= limits.gain_uncertainty
    more = (median / limits.gain_uncertainty) ** 2
    return Verdict(
        "uncertainty of the gain",
        Grade.GOOD if fine else Grade.USABLE,
        100 * median,
        100 * limits.gain_uncertainty,
        "%",
        f"the gain of the median pixel is known to {median:.2%} of the signal; "
        f"{limits.gain_uncertainty:.2%} or less is good"
        + (
            ""
            if fine
            else ": so much fixed pattern is left in corrected frames; take "
            f"{more:.1f} times as many flats, or a higher dose"
        ),
    )


def _of_fit(gain: GainModel, goodness: float, limits: CheckLimits) -> Verdict:
    holds = goodness <= limits.misfit
    return Verdict(
        "description of the gain",
        Grade.GOOD if holds else Grade.USABLE,
        goodness,
        limits.misfit,
        "",
        f"the {gain.method.value} gain meets the {len(gain.levels)} levels to {goodness:.2g} times "
        f"what noise explains; up to {limits.misfit:.2g} is good"
        + (
            ""
            if holds
            else ": the pixels do not respond so, or the tube drifted between the levels; describe "
            "them by --gain piecewise or polynomial, or take levels that are nearer"
        ),
    )


def _of_defects(fraction: float, limits: CheckLimits) -> Verdict:
    few = fraction <= limits.many_defects
    return Verdict(
        "defects",
        Grade.GOOD if few else Grade.USABLE,
        100 * fraction,
        100 * limits.many_defects,
        "%",
        f"{fraction:.2%} of the imaging pixels are defects; up to {limits.many_defects:.0%} is good"
        + (
            ""
            if few
            else ": look at the flats for an object or a shadow in the beam, or too little dose; "
            "if the panel is so, no more can be done"
        ),
    )
