"""The Qt application around the window."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from fpxi.session import Session
from fpxi_imaging.correction.processing import Processing
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from fpxi_gui.screenshot import ScreenshotOrder, ScreenshotTaker
from fpxi_gui.settings import Settings
from fpxi_gui.theme import apply_theme
from fpxi_gui.viewing import Viewing

_THEMED = "fpxi_themed"


def show_device(
    url: str,
    *,
    calibration: Path | None,
    order: ScreenshotOrder | None,
    processing: Processing | None = None,
    notify: Callable[[str], None] | None = None,
) -> int:
    """Run the viewer, or take a screenshot; see `run_viewer`."""

    def open_session(chosen: str) -> Session:
        if order is None:
            return Session(chosen, reconnect=True)
        session = Session(chosen, reconnect=False)  # nobody waits for a screenshot
        session.pipeline.configure(whole_blocks=True)
        return session

    application = make_application()
    settings = None if order else Settings(QSettings("fpxi", "viewer"))
    viewing = Viewing(url, open_session, settings, start_when_warm=order is not None)
    failures = _UnforeseenErrors(application, viewing, fatal=order is not None)
    taker = ScreenshotTaker(viewing.window, order, application.quit) if order else None
    if processing is not None:
        viewing.controller.processing.set_processing(processing)
    if calibration is not None:
        viewing.controller.calibration.load(calibration)
    try:
        viewing.begin()
        status = application.exec()
    finally:
        failures.uninstall()
        taken = taker.error if taker is not None else None
        viewing.close()
    failures.raise_ending()
    if taken is not None:
        raise taken
    if taker is not None and taker.note and notify is not None:
        notify(taker.note)
    return status


def make_application() -> QApplication:
    """Return the one application; the first call gives it its theme, which takes a while."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication([])
    if not application.property(_THEMED):
        application.setApplicationName("fpxi")
        apply_theme(application)
        application.setProperty(_THEMED, True)
    return application


class _UnforeseenErrors:
    """Errors that nobody foresaw, raised in Qt's event loop: told, never swallowed.

    A window goes on, so that a recording is not lost; a screenshot run (`fatal`) ends, and so
    does either when the user interrupts it.
    """

    def __init__(self, application: QApplication, viewing: Viewing, *, fatal: bool) -> None:
        self._application = application
        self._viewing = viewing
        self._fatal = fatal
        self._ending: BaseException | None = None
        self._previous = sys.excepthook
        sys.excepthook = self._note

    def uninstall(self) -> None:
        """Leave errors to whoever had them before."""
        sys.excepthook = self._previous

    def raise_ending(self) -> None:
        """Raise the error that ended the run, if one did."""
        if self._ending is not None:
            raise self._ending

    def _note(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if self._fatal or issubclass(kind, KeyboardInterrupt):
            self._ending = self._ending or error
            self._application.quit()
            return
        self._previous(kind, error, traceback)
        self._viewing.controller.report(f"Unforeseen error, please report it: {error!r}")
