"""Calibration files and runs as the viewer uses them; imported from the host when first wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fpxi.session import Session

from fpxi_gui.calibration_control import Progress, Prompt, RunCalibration

if TYPE_CHECKING:
    from fpxi_imaging.calibration import Calibration


def load(path: Path) -> Calibration:
    """Load a calibration file."""
    from fpxi.calibration import load_calibration  # noqa: PLC0415 - h5py only when wanted

    return load_calibration(path)


def runner(session: Session) -> RunCalibration:
    """Return the calibration run of a session; the file dialog has confirmed overwriting."""

    def run(path: Path, frames: int, ask: Prompt, tell: Progress) -> Calibration:
        from fpxi.calibration import BeamStep, calibrate_live  # noqa: PLC0415

        names = {BeamStep.DARK: "Darks", BeamStep.FLAT: "Flats"}
        return calibrate_live(
            session,
            path,
            dark_frames=frames,
            flat_frames=frames,
            prompt=lambda step: ask(f"{names[step]} are collected next: {step.value}."),
            progress=lambda step, done, total: tell(f"{names[step]}: {done} of {total}"),
            overwrite=True,
        )

    return run
