"""From flats before and after a heavy exposure to the panel's ghosting."""

from __future__ import annotations

from pathlib import Path

from fpxi_imaging import Calibration, Tolerances
from fpxi_imaging.conditions import DEFAULT_TOLERANCES
from fpxi_imaging.lag.ghosting import Ghosting, measure_ghosting

from fpxi.calibration.runs import chosen_frames
from fpxi.calibration.series import all_numbers, read_series, require_one_panel, require_within
from fpxi.conditions import for_area
from fpxi.image_key import ImageKey


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
        where = " and ".join(each.name for each in chosen)
        for name in ("exposure_us", "gain_setting"):
            require_within(name, all_numbers(chosen, name), 0, where)
        first, second = (read_series([each], _nothing) for each in chosen)
        area = chosen[0].reader.area
    fits = [
        for_area(calibration.resolve(each.conditions, tolerances), area) for each in (first, second)
    ]
    return measure_ghosting(
        first.stack.mean - fits[0].offset,
        second.stack.mean - fits[1].offset,
        good=~(fits[0].defects | fits[0].not_imaging),
        before_uncertainty=first.stack.error,
        after_uncertainty=second.stack.error,
        dose_ratio=dose_ratio,
        dose_uncertainty=dose_uncertainty,
    )


def _nothing() -> None:
    """Report no progress: two short recordings are read at once."""
