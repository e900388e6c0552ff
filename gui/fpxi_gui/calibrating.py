"""Calibration files and runs as the viewer uses them; imported from the host when first wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fpxi.session import Session

from fpxi_gui.calibration_control import Prompt, RunCalibration

if TYPE_CHECKING:
    from fpxi_imaging.calibration import Calibration


def load(path: Path) -> Calibration:
    """Load a calibration file."""
    from fpxi.calibration import load_calibration  # noqa: PLC0415 - h5py only when wanted

    return load_calibration(path)


def runner(session: Session) -> RunCalibration:
    """Return the calibration run of a session."""

    def run(path: Path, frames: int, prompt: Prompt) -> Calibration:
        from fpxi.calibration import calibrate_live, save_calibration  # noqa: PLC0415

        calibration = calibrate_live(session, dark_frames=frames, flat_frames=frames, prompt=prompt)
        save_calibration(path, calibration)
        return calibration

    return run
