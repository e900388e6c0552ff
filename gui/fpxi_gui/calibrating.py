"""Calibration files and runs as the viewer uses them; imported from the host when first wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fpxi.session import Session

from fpxi_gui.calibration_control import Progress, Prompt, RefreshOffset, RunCalibration

if TYPE_CHECKING:
    from fpxi.calibration.operator import Refusal, RunProgress
    from fpxi.calibration.plan import RunStep
    from fpxi_imaging.calibration.calibration import Calibration


def load(path: Path) -> Calibration:
    """Load a calibration file."""
    from fpxi.calibration import load_calibration  # noqa: PLC0415 - h5py only when wanted

    return load_calibration(path)


def runner(session: Session) -> RunCalibration:
    """Return the calibration run of a session; the file dialog has confirmed overwriting."""

    def run(path: Path, frames: int, ask: Prompt, tell: Progress) -> Calibration:
        from fpxi.calibration import calibrate_live  # noqa: PLC0415

        return calibrate_live(
            session,
            path,
            operator=ViewerOperator(ask, tell),
            dark_frames=frames,
            flat_frames=frames,
            overwrite=True,
        )

    return run


def refresher(session: Session) -> RefreshOffset:
    """Return what renews a calibration's offset by darks of a session; its file is replaced."""

    def refresh(path: Path, frames: int, ask: Prompt, tell: Progress) -> Calibration:
        from fpxi.calibration.live_refresh import refresh_live  # noqa: PLC0415

        operator = ViewerOperator(ask, tell)
        return refresh_live(session, path, operator=operator, frames=frames, overwrite=True)

    return refresh


class ViewerOperator:
    """Asks by the viewer's questions, which end the run if they are declined."""

    def __init__(self, ask: Prompt, tell: Progress) -> None:
        self._ask = ask
        self._tell = tell

    def plan(self, steps: tuple[RunStep, ...]) -> None:
        """Do nothing: each step is told when it comes."""

    def prepare(self, step: RunStep) -> None:
        """Ask for the X-rays."""
        self._ask(f"{step.label} are collected next: {step.instruction}.")

    def progress(self, progress: RunProgress) -> None:
        """Tell how far the step is."""
        step = progress.step
        self._tell(f"{step.label}: {progress.done} of {step.frames}")

    def say(self, text: str) -> None:
        """Show it where the progress is."""
        self._tell(text)

    def decide(self, refusal: Refusal) -> RunStep:
        """Offer to take again what is likeliest at fault."""
        again = refusal.choices[0]
        self._ask(f"{refusal.error}.\n\nGo on to take the {again.kind.value} again.")
        return again
