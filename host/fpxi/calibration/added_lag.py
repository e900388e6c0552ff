"""A calibration with the lag that a recording shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fpxi_imaging import Calibration, SourceRole

from fpxi.calibration.lag_run import lag_from_recording
from fpxi.calibration.provenance import source_file


def with_lag(
    calibration: Calibration,
    step_off: str | Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Return the calibration with the model, verdicts and source of a step-off recording.

    Raises what `lag_from_recording` raises.
    """
    fit = lag_from_recording(step_off, calibration, progress=progress)
    source = source_file(Path(step_off), SourceRole.STEP_OFF)
    return replace(
        calibration,
        lag=fit.model,
        verdicts=(*calibration.verdicts, *fit.verdicts),
        sources=(*calibration.sources, source),
    )
