"""A window on a real session, run by hand, with no screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fpxi import Session
from fpxi_gui.application import make_application
from fpxi_gui.calibrating import load, refresher, runner
from fpxi_gui.controller import ViewerController
from fpxi_gui.state import ViewState
from fpxi_gui.window import ViewerWindow
from PySide6.QtWidgets import QApplication

LONGEST_WAIT_S = 60.0


class Running:
    """A window on a real session, run by hand."""

    def __init__(self, url: str) -> None:
        make_application()
        self.session = Session(url)
        self.controller = ViewerController(
            self.session,
            load_calibration=load,
            run_calibration=runner(self.session),
            refresh_offset=refresher(self.session),
        )
        self.window = ViewerWindow(self.controller)
        self._closed = False
        self.window.begin()

    def until(self, condition: Callable[[ViewState], Any]) -> ViewState:
        deadline = time.monotonic() + LONGEST_WAIT_S
        while time.monotonic() < deadline:
            QApplication.processEvents()
            state = self.window.state
            if state is not None and condition(state):
                return state
            time.sleep(0.005)
        pytest.fail(f"the awaited state did not come; the last was {self.window.state}")

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.window.dispose()
            self.controller.close()


@pytest.fixture
def run() -> Iterator[Callable[[str], Running]]:
    begun: list[Running] = []

    def begin(url: str) -> Running:
        begun.append(Running(url))
        return begun[-1]

    yield begin
    for running in begun:
        running.close()
