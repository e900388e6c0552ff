"""A window on the fake session, and answers to its questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fpxi_gui.application import make_application
from fpxi_gui.state import ViewState
from fpxi_gui.window import ViewerWindow


class FakeDialogs:
    """Answers instead of the user."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.agree = True
        self.asked: list[str] = []

    def save_file(self, title: str, name: str) -> Path | None:
        self.asked.append(title)
        return self.path

    def open_calibration(self) -> Path | None:
        return self.path

    def open_image(self) -> Path | None:
        return self.path

    def confirm(self, text: str) -> bool:
        self.asked.append(text)
        return self.agree

    def inform(self, text: str) -> None:
        self.asked.append(text)


@dataclass
class Viewer:
    """A window on a fake session."""

    window: ViewerWindow
    rig: Any
    dialogs: FakeDialogs

    def settle(self) -> ViewState:
        """Draw what is asked for and its outcome."""
        self.rig.settle()
        self.window.tick()
        make_application().processEvents()
        assert self.window.state is not None
        return self.window.state

    def drawn_pixel(self, row: float, column: float) -> tuple[int, int, int]:
        """Return the colour on the screen at a place; whole numbers are centres of pixels."""
        view = self.window.image._plot
        place = view.mapFromScene(self.window.image.scene_position(row, column))
        image = view.grab().toImage()
        scale = image.devicePixelRatio()
        colour = image.pixelColor(round(place.x() * scale), round(place.y() * scale))
        return colour.red(), colour.green(), colour.blue()


@pytest.fixture
def viewer(rig: Any) -> Iterator[Viewer]:
    make_application()
    window = ViewerWindow(rig.controller)
    dialogs = FakeDialogs()
    window.dialogs = dialogs  # type: ignore[assignment]
    window.show()
    viewer = Viewer(window, rig, dialogs)
    yield viewer
    window.close()
    window.dispose()


@pytest.fixture
def live(viewer: Any, ramp: Any) -> Any:
    """A viewer that is connected and has drawn a frame."""
    viewer.rig.session.connect()
    viewer.rig.session.deliver(ramp)
    viewer.settle()
    return viewer
