"""What the viewer remembers from one run to the next."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QMainWindow

from fpxi_gui.colour_maps import COLOUR_MAPS
from fpxi_gui.intent import DisplayIntent


class Settings:
    """Window geometry and colour map, in the platform's own place."""

    def __init__(self, store: QSettings) -> None:
        self._store = store

    def restore(self, window: QMainWindow, display: DisplayIntent) -> None:
        """Take over what was kept; anything unknown is left as it is."""
        geometry = self._store.value("geometry")
        if isinstance(geometry, QByteArray):
            window.restoreGeometry(geometry)
        colour_map = self._store.value("colour_map")
        if colour_map in COLOUR_MAPS:
            display.colour_map = str(colour_map)

    def keep(self, window: QMainWindow, display: DisplayIntent) -> None:
        """Keep it for the next run."""
        self._store.setValue("geometry", window.saveGeometry())
        self._store.setValue("colour_map", display.colour_map)
