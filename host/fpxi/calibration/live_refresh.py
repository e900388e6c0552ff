"""Renewing the offset of a calibration from darks of a connected panel, X-rays off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fpxi_imaging import Calibration
from fpxi_imaging.calibration.refreshing import counterpart
from fpxi_imaging.conditions import DEFAULT_TOLERANCES

from fpxi.calibration.files import (
    load_calibration,
    require_decisions_kept,
    save_calibration,
)
from fpxi.calibration.foreseen import require_refreshable, require_settings
from fpxi.calibration.operator import Operator
from fpxi.calibration.panel_now import full_scale_of, missing_bias_mV
from fpxi.calibration.plan import RunStep, StepKind, plan_refresh
from fpxi.calibration.refresh import refreshed_from_recordings
from fpxi.calibration.run_errors import BeamOnError
from fpxi.calibration.step_checks import require_dark_range
from fpxi.calibration.steps_run import StepsRun
from fpxi.calibration.watching import Watched
from fpxi.session import Session


def refresh_live(
    session: Session,
    path: str | Path,
    *,
    output: str | Path | None = None,
    operator: Operator | None = None,
    exposures_us: Sequence[int] = (),
    frames: int = 100,
    overwrite: bool = False,
) -> Calibration:
    """Record darks, and save the calibration at `path` with its offset renewed.

    Darks are taken of the exposures given, by default of all that the calibration has darks of at
    the gain setting in force. `output` is another file to write; by default it is `path` itself,
    replaced as a whole. The recordings are kept beside it: those of the first refresh are
    `cal.refresh-1-10000us.h5` and so on. How far the offset is from what it was is said by the
    last of `Calibration.refreshes`.

    A panel that is not as it was for the calibration is refused before anybody is asked for
    anything. Raises as `calibrate_live`, `load_calibration`, `fpxi.calibration.foreseen` and
    `fpxi_imaging.Calibration.refreshed` do; `BeamOnError` by the first few frames if X-rays are on.
    """
    path = Path(path)
    out = path if output is None else Path(output)
    in_place = out.exists() and out.samefile(path)
    calibration = load_calibration(path)
    if not in_place:
        require_decisions_kept(out, calibration.defects, overwrite=overwrite)
    exposures_us = exposures_us or _exposures_us(calibration, session)
    require_settings(session, exposures_us)
    require_refreshable(session, calibration, exposures_us)
    steps = plan_refresh(
        exposures_us,
        frames,
        number=len(calibration.refreshes) + 1,
        least_frames=calibration.limits.least_frames,
    )
    checks = RefreshChecks(calibration, full_scale_of(session), missing_bias_mV(session))
    run = StepsRun(session, out, steps, checks, operator, overwrite=overwrite)
    made = run.make(lambda: refreshed_from_recordings(calibration, run.recordings(StepKind.DARK)))
    save_calibration(out, made, overwrite=True)
    return made


@dataclass(frozen=True, eq=False)
class RefreshChecks:
    """Whether darks can renew a calibration's offset, by their first few frames."""

    calibration: Calibration
    full_scale: int
    wanted_bias_mV: int | None
    """That the panel works with, where that is known and not set."""

    dark_level: None = None
    lit_level: None = None
    """Nothing is measured against other steps."""

    def look(self, step: RunStep, frames: Watched) -> None:  # noqa: ARG002 - all steps are darks
        """Raise the error of what is wrong."""
        limits = self.calibration.limits
        require_dark_range(frames, self.full_scale, self.wanted_bias_mV, limits)
        now = frames.conditions
        old = counterpart(self.calibration.darks, now, DEFAULT_TOLERANCES)
        warmer_mC = now.temperature_mC - old.conditions.temperature_mC
        if abs(warmer_mC) > DEFAULT_TOLERANCES.temperature_mC:
            return  # dark current can rise as far; all frames together tell X-rays by their noise
        good = ~(self.calibration.defects.mask | self.calibration.not_imaging)
        above = float(np.median((frames.stack.mean - old.mean)[good]))
        signal = self._signal(now.gain_setting)
        if above > limits.lit_refresh * signal:
            raise BeamOnError(above, signal)

    def judge(self, step: RunStep, frames: Watched) -> None:
        """Raise the error of what is wrong."""
        self.look(step, frames)

    def forget(self, step: RunStep) -> None:
        """Do nothing: no step is measured by another."""

    def _signal(self, gain_setting: int) -> float:
        """Return the flats' signal at a gain setting, counts."""
        return next(
            gain.normalisation
            for gain in self.calibration.gains
            if gain.conditions.gain_setting == gain_setting
        )


def _exposures_us(calibration: Calibration, session: Session) -> list[int]:
    """Return the exposures of darks at the gain setting in force; of all where there is none."""
    setting = session.get("gain_setting")
    darks = [each for each in calibration.darks if each.conditions.gain_setting == setting]
    return sorted({each.conditions.exposure_us for each in darks or calibration.darks})
