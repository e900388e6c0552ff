"""Questions to the user, in one place so that they can be answered by others."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

_HDF5 = "HDF5 files (*.h5 *.nxs)"
_IMAGES = "Images (*.png *.tif *.tiff *.bmp *.jpg)"


class Dialogs:
    """Asks by dialogs; the image goes on behind them."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def save_file(self, title: str, name: str) -> Path | None:
        """Ask for a file to write; an existing one is confirmed."""
        chosen, _ = QFileDialog.getSaveFileName(self._parent, title, name, _HDF5)
        return Path(chosen) if chosen else None

    def open_calibration(self) -> Path | None:
        """Ask for a calibration file."""
        chosen, _ = QFileDialog.getOpenFileName(self._parent, "Load calibration", "", _HDF5)
        return Path(chosen) if chosen else None

    def open_image(self) -> Path | None:
        """Ask for an image to put in the simulated beam."""
        chosen, _ = QFileDialog.getOpenFileName(self._parent, "Object in the beam", "", _IMAGES)
        return Path(chosen) if chosen else None

    def confirm(self, text: str) -> bool:
        """Ask whether to go on."""
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._parent, "fpxi", text, buttons.Ok | buttons.Cancel, buttons.Ok
        )
        return answer == buttons.Ok

    def inform(self, text: str) -> None:
        """Show a text."""
        QMessageBox.information(self._parent, "fpxi", text)
