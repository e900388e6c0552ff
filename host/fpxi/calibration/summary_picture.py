"""The picture beside a calibration, where matplotlib is there to draw it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from fpxi_imaging import Calibration

from fpxi.calibration.run_errors import NoPictureError
from fpxi.calibration.summary import calibration_facts


def picture_path(calibration: str | Path) -> Path:
    """Return where the picture of a calibration's file is: `cal.png` for `cal.h5`."""
    return Path(calibration).with_suffix(".png")


def draw_picture(calibration: Calibration, path: str | Path) -> None:
    """Draw a calibration: maps, spreads, models, defects and verdicts on one page (PNG).

    Raises `NoPictureError` without the extra `figures`, and `OutputError`.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise NoPictureError
    from fpxi.calibration.picture import draw_summary  # noqa: PLC0415 - an extra, and slow

    draw_summary(calibration, Path(path), calibration_facts(calibration))
