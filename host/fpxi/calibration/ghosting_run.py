"""From flats before and after a heavy exposure to the panel's ghosting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from fpxi_imaging import Calibration, FrameStack, Tolerances
from fpxi_imaging.lag.ghosting import Ghosting, measure_ghosting

from fpxi.calibration.errors import MixedConditionsError
from fpxi.calibration.runs import chosen_frames
from fpxi.calibration.series import Chosen, read_series, require_one_panel
from fpxi.conditions import for_area
from fpxi.image_key import ImageKey

DEFAULT_TOLERANCES = Tolerances()


def ghosting_from_recordings(
    before: str | Path,
    after: str | Path,
    calibration: Calibration,
    *,
    dose_ratio: float = 1.0,
    dose_uncertainty: float = 0.0,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
) -> Ghosting:
    """Compare two recordings of flats, taken before and after a heavy exposure.

    Only the calibration's darks and defects count, not its gain. `dose_ratio` and
    `dose_uncertainty` are `fpxi_imaging.lag.ghosting.measure_ghosting`'s, which says what to mind.

    Raises `NotARecordingError`, `UnmarkedRecordingError`, `WrongImageKeyError`,
    `MixedConditionsError`, `fpxi_imaging.CalibrationMismatchError`,
    `fpxi_imaging.RegionMismatchError`, and what `measure_ghosting` raises.
    """
    with chosen_frames([Path(before), Path(after)], ImageKey.FLAT, unmarked=True) as chosen:
        require_one_panel(chosen, tolerances)
        _require_same_settings(chosen)
        first, second = (read_series([each], _nothing) for each in chosen)
        area = chosen[0].reader.area
    fits = [
        for_area(calibration.resolve(each.conditions, tolerances), area) for each in (first, second)
    ]
    return measure_ghosting(
        first.stack.mean - fits[0].offset,
        second.stack.mean - fits[1].offset,
        good=~(fits[0].defects | fits[0].not_imaging),
        before_uncertainty=_uncertainty(first.stack),
        after_uncertainty=_uncertainty(second.stack),
        dose_ratio=dose_ratio,
        dose_uncertainty=dose_uncertainty,
    )


def _require_same_settings(chosen: Sequence[Chosen]) -> None:
    for name in ("exposure_us", "gain_setting"):
        values = np.concatenate([each.numbers[name] for each in chosen])
        if values.min() != values.max():
            where = " and ".join(each.name for each in chosen)
            raise MixedConditionsError(name, int(values.min()), int(values.max()), where)


def _nothing() -> None:
    """Report no progress: two short recordings are read at once."""


def _uncertainty(stack: FrameStack) -> npt.NDArray[np.float64]:
    """Return the standard error of each pixel's mean."""
    error: npt.NDArray[np.float64] = np.sqrt(stack.variance / stack.count[:, None])
    return error
