"""Correction of the preview, and calibration runs, off the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fpxi.conditions import conditions_of, for_area
from fpxi.preview import PipelineSettings, PreviewImage
from fpxi_readout.errors import FpxiError

from fpxi_gui.actions import Actions
from fpxi_gui.calibration_text import describe_calibration
from fpxi_gui.contracts import ViewerSession
from fpxi_gui.errors import CalibrationCancelledError
from fpxi_gui.messages import Messages
from fpxi_gui.snapshot import Snapshot
from fpxi_gui.state import Correction

if TYPE_CHECKING:
    from fpxi_imaging.calibration.calibration import Calibration

LoadCalibration = Callable[[Path], "Calibration"]
Prompt = Callable[[str], None]
Progress = Callable[[str], None]
RunCalibration = Callable[[Path, int, Prompt, Progress], "Calibration"]
"""Collects so many darks and flats, asks for the beam, tells how far it is, makes the file."""
RefreshOffset = Callable[[Path, int, Prompt, Progress], "Calibration"]
"""Collects so many darks, and replaces the file by one whose offset they renew."""


class Question:
    """Something that a run, in its own thread, waits for the user to do."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._answered = threading.Event()
        self._agreed = False

    def answer(self, agreed: bool) -> None:
        """Let the run go on, or end it."""
        self._agreed = agreed
        self._answered.set()

    def wait(self) -> None:
        """Wait in the run's thread; `CalibrationCancelledError` if the user says no."""
        self._answered.wait()
        if not self._agreed:
            raise CalibrationCancelledError


class CalibrationControl:
    """Loads, makes and applies calibrations; each of the three is an act of its own."""

    def __init__(
        self,
        session: ViewerSession,
        actions: Actions,
        messages: Messages,
        *,
        load: LoadCalibration,
        run: RunCalibration,
        refresh: RefreshOffset | None,
    ) -> None:
        self._session = session
        self._actions = actions
        self._messages = messages
        self._load = load
        self._run = run
        self._refresh = refresh
        self._path: Path | None = None
        self._detail = ""
        self._progress = ""
        self._making = False
        self._question: Question | None = None
        self._closed = False

    @property
    def making(self) -> bool:
        """Whether darks and flats are being collected."""
        return self._making

    @property
    def busy(self) -> bool:
        """Whether a calibration is being loaded or made."""
        return bool(self._progress)

    @property
    def can_refresh(self) -> bool:
        """Whether there is an offset to renew, and a way to."""
        return self._path is not None and self._refresh is not None

    @property
    def question(self) -> str | None:
        """What the run waits for."""
        return self._question.text if self._question else None

    def set_corrected(self, corrected: bool) -> None:
        """Show corrected or raw frames."""
        self._session.pipeline.configure(corrected=corrected)

    def load(self, path: Path) -> None:
        """Load a calibration file and correct with it."""
        self._progress = f"Loading {path.name} …"
        self._begin(path, lambda: self._load(path), lambda _: f"Loaded {path.name}.")

    def make(self, path: Path, frames: int) -> None:
        """Collect darks and flats, keep them in a file, and correct with the result."""
        self._making = True
        self._progress = f"Collecting {frames} darks and {frames} flats …"
        self._begin(
            path,
            lambda: self._run(path, frames, self._ask, self._tell),
            lambda _: f"Made {path.name}.",
        )

    def refresh(self, frames: int) -> None:
        """Renew the offset of the calibration at hand from so many darks; its file is replaced."""
        path, refresh = self._path, self._refresh
        if path is None or refresh is None:
            return
        self._making = True
        self._progress = f"Collecting {frames} darks …"
        self._begin(path, lambda: refresh(path, frames, self._ask, self._tell), _drift)

    def answer(self, agreed: bool) -> None:
        """Answer the question."""
        question, self._question = self._question, None
        if question is not None:
            question.answer(agreed)

    def close(self) -> None:
        """End a run that waits, or will wait, for an answer."""
        self._closed = True
        self.answer(False)

    def state(self, preview: PreviewImage | None, seen: Snapshot) -> Correction:
        """Resolve the correction as it stands."""
        settings = self._session.pipeline.settings
        return Correction(
            corrected=settings.corrected,
            calibration=self._path.name if self._path is not None else "",
            detail=self._detail,
            notice=preview.notice if preview else "",
            notes=preview.notes if preview else (),
            progress=self._progress,
            can_refresh=self.can_refresh,
            misfit=_misfit(settings, preview, seen),
        )

    def _begin(
        self, path: Path, make: Callable[[], Calibration], say: Callable[[Calibration], str]
    ) -> None:
        """Get a calibration, and words about it, off the GUI thread; then correct with it."""

        def describe() -> tuple[Calibration, str]:
            calibration = make()
            return calibration, describe_calibration(calibration)

        def apply(made: tuple[Calibration, str]) -> None:
            self._apply(made[0], path, made[1], say(made[0]))

        self._actions.run(describe, done=apply, failed=self._failed)

    def _ask(self, text: str) -> None:
        question = Question(text)
        self._question = question
        if self._closed:
            raise CalibrationCancelledError
        question.wait()

    def _tell(self, progress: str) -> None:
        """Take note of how far the run is, from its thread; the next tick shows it."""
        self._progress = progress

    def _apply(self, calibration: Calibration, path: Path, detail: str, said: str) -> None:
        """Correct with a calibration from now on, as far as it fits: the preview tells."""
        self._end()
        self._path, self._detail = path, detail
        self._session.pipeline.configure(calibration=calibration, corrected=True)
        self._messages.say(said)

    def _failed(self, error: FpxiError) -> None:
        self._end()
        self._messages.fail(error)

    def _end(self) -> None:
        self._making = False
        self._progress = ""


def _misfit(
    settings: PipelineSettings, preview: PreviewImage | None, seen: Snapshot
) -> FpxiError | None:
    """Return why a raw picture is not corrected, if it is for the conditions of its frame."""
    calibration, geometry, identity = settings.calibration, seen.geometry, seen.identity
    if calibration is None or preview is None or preview.corrected or not settings.corrected:
        return None
    if geometry is None or identity is None:
        return None
    try:
        resolved = calibration.resolve(
            conditions_of(preview.frame, geometry.name, identity.serial_number)
        )
        for_area(resolved, preview.frame.area)
    except FpxiError as error:
        return error
    return None


def _drift(calibration: Calibration) -> str:
    """Say how far the offset was from what it was taken for."""
    return calibration.refreshes[-1].text if calibration.refreshes else "The offset is renewed."
