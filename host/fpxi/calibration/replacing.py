"""Putting a new calibration in the place of an older one, with the decisions that it holds."""

from __future__ import annotations

from pathlib import Path

from fpxi_imaging import Calibration, Conditions

from fpxi.calibration.decisions_taken import (
    decisions_words,
    require_same_pixels,
    with_decisions_of,
)
from fpxi.calibration.defect_edit_errors import DecisionsWouldBeLostError, OtherPixelsError
from fpxi.calibration.files import replaced_calibration, save_calibration

_REMEDY = (
    "choose another name for the new calibration, or remove the file yourself if nobody wants them"
)


def require_replaceable(
    path: Path, at: Conditions, shape: tuple[int, int], *, overwrite: bool
) -> Calibration | None:
    """Return the calibration that one of these conditions replaces, None where there is none.

    Raises `CalibrationExistsError`, `UnknownDecisionsError`, and `DecisionsWouldBeLostError` where
    it holds decisions about defects of another panel, region or binning.
    """
    replaced = replaced_calibration(path, overwrite=overwrite)
    if replaced is not None and (words := decisions_words(replaced.defects)):
        try:
            require_same_pixels(replaced, at, shape)
        except OtherPixelsError as error:
            raise DecisionsWouldBeLostError(path, words, f"{error.why}; {_REMEDY}") from error
    return replaced


def save_in_place(path: str | Path, calibration: Calibration, *, overwrite: bool) -> Calibration:
    """Save a new calibration, and return it with the decisions of the one that it replaces.

    Raises what `save_calibration`, `require_replaceable` and `with_decisions_of` do.
    """
    path = Path(path)
    replaced = require_replaceable(
        path, calibration.conditions, calibration.shape, overwrite=overwrite
    )
    if replaced is not None and decisions_words(replaced.defects):
        calibration = with_decisions_of(calibration, replaced)
    save_calibration(path, calibration, overwrite=overwrite)
    return calibration
