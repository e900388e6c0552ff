"""A processing in words."""

from __future__ import annotations

from fpxi_imaging import Averaging, AveragingMode, Processing, Scale
from fpxi_imaging.correction.processing import Orientation


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
