"""Building blocks that the panels share."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fpxi_gui.theme import BOX


class Card(QFrame):
    """A titled box; `body` takes the content."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(12, 8, 12, 12)
        self.body.setSpacing(8)
        self.body.addWidget(label(title, "cardTitle"))


def label(text: str, name: str = "", *, wrap: bool = False) -> QLabel:
    """Make a label of plain text; `name` selects its style."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setObjectName(name)
    made.setWordWrap(wrap)
    return made


def check_box(text: str) -> QCheckBox:
    """Make a check box whose empty box is seen on a card."""
    made = QCheckBox(text)
    palette = made.palette()
    palette.setColor(QPalette.ColorRole.Base, QColor(BOX))
    made.setPalette(palette)
    return made


def form() -> QFormLayout:
    """Make a form of aligned rows."""
    made = QFormLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setHorizontalSpacing(10)
    made.setVerticalSpacing(6)
    made.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    made.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return made


def row(*widgets: QWidget) -> QHBoxLayout:
    """Lay widgets side by side."""
    made = QHBoxLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(6)
    for widget in widgets:
        made.addWidget(widget)
    return made


class Column(QScrollArea):
    """A stack of cards that scrolls when the window is low; `width` pixels wide, or more.

    It is as wide as its cards need beside the scroll bar: which settings they hold, and how long
    their names and units are, the device says.
    """

    def __init__(self, *cards: QWidget, width: int) -> None:
        super().__init__()
        self._narrowest = width
        self._content = content = QWidget()
        content.setObjectName("column")
        stack = QVBoxLayout(content)
        stack.setContentsMargins(8, 8, 8, 8)
        stack.setSpacing(8)
        for card in cards:
            stack.addWidget(card)
        stack.addStretch(1)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(width)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the width of the cards, whose events Qt sends here first."""
        done = super().eventFilter(watched, event)
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            bar = self.verticalScrollBar().sizeHint().width()
            needed = self._content.minimumSizeHint().width() + bar
            self.setFixedWidth(max(self._narrowest, needed))
        return done


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again after a property that it looks at has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
