"""A field for a line of text that reports what was entered, not every key."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit


class TextField(QLineEdit):
    """`entered` on Return or when the field is left, if the text is another than was shown."""

    entered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""
        self.editingFinished.connect(self._enter)

    @property
    def being_edited(self) -> bool:
        """Whether the user has typed something that is not entered yet."""
        return self.hasFocus() and self.text() != self._shown

    def show_text(self, text: str) -> None:
        """Show a text that the user did not enter; what is being typed is left alone."""
        if not self.being_edited:
            self._shown = text
            if self.text() != text:
                self.setText(text)
                self.setCursorPosition(0)

    def explain(self, placeholder: str, tool_tip: str) -> None:
        """Say what may be typed: in the empty field, and at length."""
        self.setPlaceholderText(placeholder)
        self.setToolTip(tool_tip)

    def _enter(self) -> None:
        text = self.text().strip()
        if text != self._shown:
            self._shown = text
            self.entered.emit(text)
