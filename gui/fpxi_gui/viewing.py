"""One window on one panel at a time; another panel gets a session and a window of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from fpxi.session import Session
from fpxi_readout.errors import FpxiError
from PySide6.QtCore import Qt

from fpxi_gui.calibrating import load, refresher, runner
from fpxi_gui.controller import ViewerController
from fpxi_gui.settings import Settings
from fpxi_gui.window import ViewerWindow

OpenSession = Callable[[str], Session]


class Viewing:
    """Opens panels for as long as the viewer runs. All methods belong to the GUI thread."""

    def __init__(
        self,
        url: str,
        open_session: OpenSession,
        settings: Settings | None,
        *,
        start_when_warm: bool = False,
    ) -> None:
        """Open the first panel. Raises whatever its URL is refused with."""
        self._open_session = open_session
        self._settings = settings
        self._start_when_warm = start_when_warm
        self._leaving = ThreadPoolExecutor(1, thread_name_prefix="fpxi-viewer-leaving")
        self._left: list[Future[None]] = []
        self._open(url)

    def begin(self) -> None:
        """Show the window at once, then connect."""
        self.window.begin()

    def close(self) -> None:
        """End everything in bounded time. Raises what ending a panel raised."""
        self.window.dispose()
        self.controller.close()
        self._leaving.shutdown()
        for left in self._left:
            left.result()

    def _open(self, url: str) -> None:
        session = self._open_session(url)
        self.controller = ViewerController(
            session,
            load_calibration=load,
            run_calibration=runner(session),
            refresh_offset=refresher(session),
            start_when_warm=self._start_when_warm,
        )
        self.window = ViewerWindow(self.controller, self._settings)
        # Queued: the window that asks is gone afterwards, and must not be in the middle of it.
        self.window.panel_chosen.connect(self._go_on_to, Qt.ConnectionType.QueuedConnection)

    def _go_on_to(self, url: str) -> None:
        """Show another panel at the place of this one, whose session ends in the background."""
        window, controller = self.window, self.controller
        window.keep_settings()
        try:
            self._open(url)
        except FpxiError as error:
            controller.report(str(error))
            return
        self.begin()
        window.dispose()
        self._left.append(self._leaving.submit(controller.close))
