"""A field for one number that reports what was entered, not every key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QDoubleSpinBox, QSizePolicy

_NARROWEST = 76


class NumberField(QDoubleSpinBox):
    """Right-aligned number without buttons; `entered` on Return, focus change, or arrow keys.

    A double holds every 32-bit parameter exactly, which a QSpinBox does not.
    """

    entered = Signal(float)

    def __init__(self, minimum: float, maximum: float, *, decimals: int = 0) -> None:
        super().__init__()
        self.setDecimals(decimals)
        self.setRange(minimum, maximum)
        self.setKeyboardTracking(False)
        self.setGroupSeparatorShown(True)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(_NARROWEST)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.valueChanged.connect(self.entered)

    @property
    def being_edited(self) -> bool:
        """Whether the user has typed something that is not entered yet."""
        return self.hasFocus() and self.text() != self.textFromValue(self.value())

    def show_value(self, value: float) -> None:
        """Show a value that the user did not enter; what is being typed is left alone."""
        if self.being_edited:
            return
        blocked = self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(blocked)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the scroll area: no value changes by accident."""
        event.ignore()


class ChoiceField(QComboBox):
    """A choice of named values; `chosen` only when the user chooses."""

    chosen = Signal(object)

    def __init__(self, choices: list[tuple[str, object, str]]) -> None:
        """Each choice is (text, value, help)."""
        super().__init__()
        for index, (text, value, explanation) in enumerate(choices):
            self.addItem(text, value)
            self.setItemData(index, explanation, Qt.ItemDataRole.ToolTipRole)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.activated.connect(lambda index: self.chosen.emit(self.itemData(index)))

    def show_value(self, value: object) -> None:
        """Show a value that the user did not choose; one without a name is added as it is."""
        index = self.findData(value)
        if index < 0:
            self.addItem(str(value), value)
            index = self.count() - 1
        if index != self.currentIndex():
            self.setCurrentIndex(index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the scroll area: no value changes by accident."""
        event.ignore()
