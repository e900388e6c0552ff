"""A calibration in words and in JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from fpxi_imaging import NOT_STATED, Calibration

from fpxi.calibration import calibration_summary


def facts_of(
    path: Path, calibration: Calibration, picture: Path | None = None
) -> list[tuple[str, str]]:
    """Return what is printed of a calibration and its file, name and value."""
    drawn = [] if picture is None else [("Picture", str(picture))]
    return [("Calibration", str(path)), *drawn, *calibration_summary(calibration)]


def document_of(path: Path, calibration: Calibration) -> dict[str, Any]:
    """Return what a file holds, for machines. Numbers that are not known are null."""
    imaging, defects = ~calibration.not_imaging, calibration.defects
    conditions = asdict(calibration.conditions)
    return {
        "path": str(path),
        "summary": [
            {"name": name, "text": text} for name, text in calibration_summary(calibration)
        ],
        "dark_frames": calibration.dark_frames,
        "flat_frames": calibration.flat_frames,
        "defective_pixels": int(np.count_nonzero(defects.mask & imaging)),
        "decisions": {
            "edits": len(defects.edits),
            "imports": len(defects.imports),
            "withdrawals": len(defects.withdrawals),
        },
        "imaging_pixels": int(np.count_nonzero(imaging)),
        "normalisation_counts": calibration.normalisation,
        "conditions": {name: _stated(each) for name, each in conditions.items()},
        "created": calibration.created.isoformat(),
        "verdicts": [
            {
                "check": verdict.check,
                "grade": verdict.grade.value,
                "measured": _number(verdict.measured),
                "limit": _number(verdict.limit),
                "unit": verdict.unit,
                "text": verdict.text,
            }
            for verdict in calibration.verdicts
        ],
        "refreshes": [
            {
                "time": refresh.time.isoformat(),
                "frames": refresh.frames,
                "median_drift_counts": refresh.median_drift,
                "rms_drift_counts": refresh.rms_drift,
                "text": refresh.text,
            }
            for refresh in calibration.refreshes
        ],
    }


def _stated(value: str | int) -> str | int | None:
    return None if value == NOT_STATED else value


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
