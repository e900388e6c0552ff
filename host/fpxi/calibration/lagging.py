"""Adding to a calibration what a recording tells in which the beam goes off."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from fpxi_imaging import Calibration, Conditions, DarkMap, SourceRole, Tolerances
from fpxi_imaging.lag.level import level_verdict

from fpxi.calibration.lag_run import after_exposure_from_recordings, lag_from_recording
from fpxi.calibration.provenance import source_file
from fpxi.conditions import for_area
from fpxi.errors import FrameSelectionError
from fpxi.recording.conditions import recorded_conditions
from fpxi.recording.reader import read_recording


def with_lag(
    calibration: Calibration,
    build: Callable[..., Calibration],
    step_off: Path,
    tolerances: Tolerances,
    progress: Callable[[int, int], None] | None,
    *,
    exposure_s: float | None = None,
) -> Calibration:
    """Return the calibration built anew with the pixels that lag, and with the lag of the rest.

    It is built twice as the offset of the step-off's frames, by which those pixels are known, may
    be one that only a calibration gives, between darks. `build` takes `after_exposure` and its
    noise as `fpxi_imaging.build_calibration` does, `progress` and `exposure_s` are
    `lag_from_recording`'s. Raises what these and `fpxi.calibration.lag_run` raise, and
    `FrameSelectionError` for a recording without frames.
    """
    with read_recording(step_off) as reader:
        if reader.frame_count == 0:
            raise FrameSelectionError(reader.path, "a step-off", 0)
        at = recorded_conditions(reader)
        resolved = for_area(calibration.resolve(at[-1], tolerances), reader.area)
        frames = tuple(range(reader.frame_count))
    found = after_exposure_from_recordings(step_off, resolved.offset)
    dark = _nearest_dark(calibration, at[-1])
    noise = np.hypot(dark.noise / math.sqrt(found.steps), dark.uncertainty, dtype=np.float64)
    calibration = build(after_exposure=found.mean, after_exposure_noise=noise)
    fit = lag_from_recording(
        step_off, calibration, exposure_s=exposure_s, tolerances=tolerances, progress=progress
    )
    gain = next(
        each for each in calibration.gains if each.conditions.gain_setting == at[-1].gain_setting
    )
    return replace(
        calibration,
        lag=fit.model,
        verdicts=(*calibration.verdicts, *fit.verdicts, level_verdict(fit.level, gain)),
        sources=(source_file(step_off, SourceRole.STEP_OFF, frames),),
    )


def _nearest_dark(calibration: Calibration, at: Conditions) -> DarkMap:
    """Return the darks of that gain setting whose exposure, and so whose noise, is nearest."""
    return min(
        (each for each in calibration.darks if each.conditions.gain_setting == at.gain_setting),
        key=lambda each: abs(each.conditions.exposure_us - at.exposure_us),
    )
