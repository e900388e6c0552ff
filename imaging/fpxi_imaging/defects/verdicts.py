"""Whether the evidence is good enough to judge every class of defects."""

from __future__ import annotations

import math

import numpy as np

from fpxi_imaging.defects.evidence import DefectEvidence
from fpxi_imaging.defects.thresholds import DefectThresholds
from fpxi_imaging.robust import known_median
from fpxi_imaging.verdict import Grade, Verdict

DEFECT_CHECKS = NOISY, NON_UNIFORM, PERSISTENT = (
    "noisy pixels",
    "non-uniform pixels",
    "persistent pixels",
)
"""Names of these checks among the verdicts of a calibration."""
_FEWEST_FOR_NOISE = 2
_ONE_LEVEL = (
    "; the gain comes from flats of that very dose, so that of non-uniform pixels only those that "
    "change from frame to frame were looked for: take flats of several levels (--levels 3) to find "
    "those that are not proportional to the dose"
)


def judge_evidence(
    evidence: DefectEvidence, thresholds: DefectThresholds
) -> tuple[Verdict, Verdict, Verdict]:
    """Return verdicts on noisy, non-uniform and persistent pixels, in this order.

    The other classes are judged by any darks and flats. A class that was not judged, or not to its
    limit, is `USABLE`, never refused.
    """
    return (
        _of_noisy(evidence, thresholds),
        _of_non_uniform(evidence, thresholds),
        _of_persistent(evidence, thresholds),
    )


def _of_noisy(evidence: DefectEvidence, thresholds: DefectThresholds) -> Verdict:
    frames, fewest = evidence.dark_frames, thresholds.fewest_darks
    grade = Grade.GOOD if frames >= fewest else Grade.USABLE
    if frames < _FEWEST_FOR_NOISE:
        text = f"noisy pixels were not judged: {frames} darks show no noise; take {fewest} to 100"
    else:
        error = (2 * (frames - 1)) ** -0.5
        text = f"{frames} darks tell the noise of a pixel to {error:.0%}; {fewest} or more are good"
        if grade is not Grade.GOOD:
            text += ": some pixels are called noisy, or not, by chance; take more"
    return Verdict(NOISY, grade, frames, fewest, "darks", text)


def _of_non_uniform(evidence: DefectEvidence, thresholds: DefectThresholds) -> Verdict:
    check, limit = NON_UNIFORM, thresholds.non_uniformity / thresholds.certainty
    if evidence.corrected_flat is None or evidence.corrected_flat_noise is None:
        text = (
            "non-uniform pixels were not judged: there is no flat besides those of the gain; take "
            "flats of another dose, or twice as many"
        )
        return Verdict(check, Grade.USABLE, 0.0, 100 * limit, "%", text)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.abs(evidence.corrected_flat_noise / evidence.corrected_flat)
    error = known_median(relative, evidence.imaging, unknown=math.inf)
    text = f"the corrected flat is known to {error:.2%} (median pixel)"
    if error <= limit:
        grade = Grade.USABLE if evidence.of_one_level else Grade.GOOD
        text += _ONE_LEVEL if evidence.of_one_level else ""
        return Verdict(check, grade, 100 * error, 100 * limit, "%", text)
    if math.isinf(error):
        text = "non-uniform pixels were not judged: no pixel has a corrected flat with its noise"
        return Verdict(check, Grade.USABLE, 0.0, 100 * limit, "%", text)
    more = math.ceil(round((error / limit) ** 2, 3))
    text += (
        f", {limit:.2%} are needed to tell {thresholds.non_uniformity:.1%}: only pixels that are "
        f"{thresholds.certainty * error:.1%} off were found; take {more} times as many flats, "
        f"or flats of {more} times the dose"
    )
    text += _ONE_LEVEL if evidence.of_one_level else ""
    return Verdict(check, Grade.USABLE, 100 * error, 100 * limit, "%", text)


def _of_persistent(evidence: DefectEvidence, thresholds: DefectThresholds) -> Verdict:
    check = PERSISTENT
    if evidence.after_exposure is None:
        text = (
            "persistent pixels were not judged: there is no frame from just after an exposure; "
            "measure the lag as well (--lag), or give a recording of it (--step-off)"
        )
        return Verdict(check, Grade.USABLE, 0.0, 0.0, "counts", text)
    error = evidence.after_exposure_error
    known = evidence.imaging & np.isfinite(evidence.after_exposure) & np.isfinite(error)
    if not known.any():
        text = "persistent pixels were not judged: no pixel's lag is known with its noise"
        return Verdict(check, Grade.USABLE, 0.0, 0.0, "counts", text)
    lag = float(np.median(evidence.after_exposure[known]))
    needed = thresholds.certainty * float(np.median(error[known]))
    excess = (thresholds.persistence - 1) * lag
    text = f"the median pixel lags by {lag:.1f} counts in the first frame after exposure"
    if excess >= needed:
        return Verdict(check, Grade.GOOD, excess, needed, "counts", text)
    text += (
        f": only pixels that lag by {needed:.1f} more were found, which is what the noise allows; "
        "average several such frames or use a higher dose to find the others"
    )
    return Verdict(check, Grade.USABLE, excess, needed, "counts", text)
