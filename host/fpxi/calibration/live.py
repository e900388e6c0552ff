"""Calibrating a connected panel: record darks, flats and lag, build, save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fpxi_imaging import Calibration, CheckLimits, DefectThresholds, GainOptions
from fpxi_imaging.calibration.building import DEFAULT_GAIN
from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS
from fpxi_imaging.defects.thresholds import DEFAULT_THRESHOLDS

from fpxi.calibration.foreseen import require_settings, require_single_exposures
from fpxi.calibration.operator import Operator
from fpxi.calibration.panel_now import area_now, conditions_now, full_scale_of, missing_bias_mV
from fpxi.calibration.plan import StepKind, plan_run
from fpxi.calibration.replacing import require_replaceable, save_in_place
from fpxi.calibration.runs import calibration_from_recordings
from fpxi.calibration.step_checks import StepChecks
from fpxi.calibration.steps_run import StepsRun
from fpxi.session import Session


def calibrate_live(
    session: Session,
    path: str | Path,
    *,
    operator: Operator | None = None,
    exposures_us: Sequence[int] = (),
    levels: int = 1,
    dark_frames: int = 100,
    flat_frames: int = 100,
    lag: bool = False,
    lag_on_s: float | None = None,
    lag_off_s: float | None = None,
    gain: GainOptions = DEFAULT_GAIN,
    limits: CheckLimits = DEFAULT_LIMITS,
    thresholds: DefectThresholds = DEFAULT_THRESHOLDS,
    overwrite: bool = False,
) -> Calibration:
    """Record what a calibration of the present conditions needs, and save it to `path`.

    The steps are those of `plan_run`, at the exposure that is set. `operator` is asked to see to
    the X-rays; a simulated panel is seen to by itself. The recordings are kept beside the
    calibration: `cal.h5` has `cal.dark.h5`, `cal.flat.h5`, `cal.closing.h5` and so on. An
    acquisition that was on is stopped first and goes on afterwards. What users decided about
    defects in a calibration that is overwritten is taken along.

    All names and settings are looked at first. Each step is judged by its first few frames before
    any of it is recorded, and again when it is; where frames are refused the operator decides
    whether, and from which step, the run goes on.

    Raises what `require_replaceable` does, `RecordingExistsError`, `RecordingOpenError`, what
    `fpxi.calibration.foreseen` and `Session.capture` raise, and
    `CalibrationRunError` or `fpxi_imaging.CalibrationError` if the frames are not what they should
    be. Recordings that were made by then are kept, and a note on the error names them.
    """
    path = Path(path)
    now = conditions_now(session, session.get("exposure_us"))
    require_replaceable(path, now, area_now(session).shape, overwrite=overwrite)
    require_settings(session, exposures_us)
    if lag:
        require_single_exposures(session)
    steps = plan_run(
        session.get("exposure_us"),
        exposures_us=exposures_us,
        levels=levels,
        dark_frames=dark_frames,
        flat_frames=flat_frames,
        lag=lag,
        lag_on_s=lag_on_s,
        lag_off_s=lag_off_s,
        least_frames=limits.least_frames,
    )
    checks = StepChecks(full_scale_of(session), missing_bias_mV(session), limits)
    run = StepsRun(session, path, steps, checks, operator, overwrite=overwrite)

    def build() -> Calibration:
        made = calibration_from_recordings(
            run.recordings(StepKind.DARK),
            run.recordings(StepKind.FLAT),
            step_off=next(iter(run.recordings(StepKind.STEP_OFF)), None),
            gain=gain,
            limits=limits,
            thresholds=thresholds,
        )
        return replace(made, verdicts=(*made.verdicts, *checks.verdicts))

    return save_in_place(path, run.make(build), overwrite=overwrite)
