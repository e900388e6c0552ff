"""The outcome of the last action, over a part of the window where it hides nothing that is shown.

Nothing moves when it comes or goes.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from fpxi_gui.state import Level
from fpxi_gui.theme import BANNER_BACKGROUNDS, LEVEL_COLOURS

_MARGIN = 8


class Toast(QLabel):
    """A label at the lower edge of its parent; the mouse goes through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self._shown: tuple[str, Level] = ("", Level.GOOD)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_message(self, text: str, level: Level) -> None:
        """Show a message; an empty one: nothing."""
        if (text, level) == self._shown:
            return
        self._shown = (text, level)
        self.setText(text)
        self.setVisible(bool(text))
        self.setStyleSheet(
            f"background: {BANNER_BACKGROUNDS[level]}; padding: 8px 14px;"
            f" border: 1px solid {LEVEL_COLOURS[level]}; border-radius: 6px;"
        )
        self.place()

    def place(self) -> None:
        """Take the place at the lower edge; the parent calls it when it changes size."""
        parent = self._over
        self.setFixedWidth(max(120, parent.width() - 2 * _MARGIN))
        height = self.heightForWidth(self.width())
        self.resize(self.width(), height)
        self.move(_MARGIN, parent.height() - height - _MARGIN)
        self.raise_()
