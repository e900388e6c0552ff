"""Changing the defects of a calibration: users' decisions, and lists from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from fpxi_imaging import Calibration
from fpxi_imaging.defects.defect_map import DefectEdit, require_inside
from fpxi_imaging.defects.finding import with_groups

from fpxi.calibration.defect_list_errors import (
    NoGainError,
    NotImagingPixelError,
    TooManyImportedError,
)

Place = tuple[int, int]


def with_decisions(
    calibration: Calibration,
    places: Sequence[Place],
    *,
    defective: bool,
    author: str,
    reason: str,
) -> Calibration:
    """Return a calibration in which a user says of pixels (row, column) that they are defective.

    Or, with `defective` false, that they are good. What was found stays beside it. Raises
    `DefectOutsideError`, `NotImagingPixelError`, `NoGainError`, and `SettingError` without author.
    """
    correctable = _correctable(calibration)
    for place in places:
        require_inside(place, calibration.shape)
        if calibration.not_imaging[place]:
            raise NotImagingPixelError(place)
        if not defective and not correctable[place]:
            raise NoGainError(place)
    now = datetime.now(UTC)
    edits = [DefectEdit(*place, defective, author, now, reason) for place in places]
    return replace(calibration, defects=calibration.defects.with_edits(*edits))


def with_imported(
    calibration: Calibration, classes: npt.NDArray[np.uint16]
) -> tuple[Calibration, int]:
    """Return a calibration with these classes, uint16 (rows, cols), besides its own.

    Clusters and lines are found afresh. Also returns how many of the pixels are in the process
    ring, where they are left out. Edits stay, and overrule. Raises `ShapeMismatchError`, and
    `TooManyImportedError` beyond what the calibration's limits allow.
    """
    left_out = int(np.count_nonzero(classes[calibration.not_imaging]))
    imaging = ~calibration.not_imaging
    found = np.where(imaging, calibration.defects.classes | classes, np.uint16(0))
    grouped = with_groups(found, imaging, calibration.thresholds)
    defects = calibration.defects.with_classes(grouped)
    fraction = float(np.mean(defects.mask[imaging]))
    if fraction > calibration.limits.most_defective:
        raise TooManyImportedError(fraction, calibration.limits.most_defective)
    return replace(calibration, defects=defects), left_out


def _correctable(calibration: Calibration) -> npt.NDArray[np.bool_]:
    """Return where every dark and every gain has a value."""
    maps = [dark.mean for dark in calibration.darks] + [gain.gain for gain in calibration.gains]
    correctable: npt.NDArray[np.bool_] = np.logical_and.reduce([np.isfinite(each) for each in maps])
    return correctable
