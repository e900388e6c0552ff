"""What is refused before a frame is taken or anybody is asked for anything."""

from __future__ import annotations

from collections.abc import Sequence

from fpxi_imaging import Calibration, CalibrationMismatchError, Mismatch
from fpxi_imaging.calibration.refreshing import counterpart
from fpxi_imaging.conditions import DEFAULT_TOLERANCES
from fpxi_imaging.lag.errors import AveragedExposuresError
from fpxi_readout.parameter_values import check, find
from fpxi_readout.protocol.generated import TestPattern
from fpxi_readout.protocol.geometry import FrameArea

from fpxi.calibration.panel_now import area_now, conditions_now
from fpxi.calibration.run_errors import PatternIsSetError, RefreshMismatchError
from fpxi.session import Session


def require_settings(session: Session, exposures_us: Sequence[int]) -> None:
    """Raise the error of what the panel cannot do, or of frames that would not be its own.

    These are `ParameterRangeError` for an exposure outside the panel's range, and
    `PatternIsSetError`.
    """
    dictionary = session.dictionary
    assert dictionary is not None  # it is connected
    for exposure_us in exposures_us:
        check(dictionary, find(dictionary, "exposure_us"), exposure_us)
    pattern = session.get("test_pattern")
    if pattern != TestPattern.NONE:
        raise PatternIsSetError(TestPattern(pattern).name.lower())


def require_single_exposures(session: Session) -> None:
    """Raise `AveragedExposuresError` if the panel averages exposures: these lag in a frame."""
    averaged = conditions_now(session, session.get("exposure_us")).averaged
    if averaged > 1:
        raise AveragedExposuresError(averaged)


def require_refreshable(
    session: Session, calibration: Calibration, exposures_us: Sequence[int]
) -> None:
    """Raise `RefreshMismatchError` unless darks of these exposures can renew the calibration's."""
    at, (rows, columns) = calibration.conditions, calibration.shape
    was = FrameArea(at.first_row, at.first_column, rows, columns, at.binning)
    now = area_now(session)
    found = [] if was == now else [Mismatch("region", str(was), str(now), 0)]
    for exposure_us in exposures_us:
        try:
            counterpart(calibration.darks, conditions_now(session, exposure_us), DEFAULT_TOLERANCES)
        except CalibrationMismatchError as error:
            found += [each for each in error.mismatches if each not in found]
    if found:
        own = [dark.conditions for dark in calibration.darks]
        raise RefreshMismatchError(
            tuple(found),
            gain_settings=tuple(sorted({each.gain_setting for each in own})),
            exposures_us=tuple(sorted({each.exposure_us for each in own})),
            region=was,
        )
