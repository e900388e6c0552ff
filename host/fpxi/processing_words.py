"""A processing in words, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from math import erfc, sqrt

from fpxi_imaging import Averaging, AveragingMode, Processing, Scale
from fpxi_imaging.correction.processing import Orientation

LEAST_ZINGER_SIGMA = 4.0
"""Below it noise makes more than 3 of 100 000 values zingers."""


def processing_words(processing: Processing) -> list[str]:
    """Return the steps that are taken, in their order."""
    steps = ["offset", "gain and linearity"]
    if processing.lag:
        steps.append("lag")
    if processing.zinger_sigma is not None:
        steps.append(f"zingers above {processing.zinger_sigma:g} sigma")
    if processing.averaging.mode is not AveragingMode.NONE:
        steps.append(_averaging_words(processing.averaging))
    steps.append("defects interpolated" if processing.repair else "defects left without a value")
    if processing.scale is not Scale.COUNTS:
        steps.append(processing.scale.value)
    return steps + _turns(processing.orientation)


def processing_notes(processing: Processing) -> tuple[str, ...]:
    """Return what has to be said of a processing that does more than its user may expect."""
    sigma = processing.zinger_sigma
    if sigma is None or sigma >= LEAST_ZINGER_SIGMA:
        return ()
    chance = erfc(sigma / sqrt(2)) / 2  # one side of a Gaussian: zingers only add
    return (
        f"at {sigma:g} sigma noise alone lifts {chance:.2%} of all values that far, and most of "
        "them are replaced as zingers: reject from about 6 sigma",
    )


def flag_words(mean_pixels: Mapping[str, float]) -> str:
    """Return how many pixels of a picture carry each flag, on average; "none" where none does."""
    return ", ".join(f"{name} {mean:.4g}" for name, mean in mean_pixels.items() if mean) or "none"


def _averaging_words(averaging: Averaging) -> str:
    words = f"{averaging.mode.value} average of {averaging.frames} frames"
    if averaging.mode is AveragingMode.MEDIAN:
        words = f"median of {averaging.frames} frames"
    if averaging.motion_sigma is None:
        return words
    return f"{words}, anew where the image moves by {averaging.motion_sigma:g} sigma"


def _turns(orientation: Orientation) -> list[str]:
    turns = []
    if orientation.flip_rows:
        turns.append("rows flipped")
    if orientation.flip_columns:
        turns.append("columns flipped")
    if orientation.rotate_deg:
        turns.append(f"rotated by {orientation.rotate_deg} degrees anticlockwise")
    return turns
