"""Building blocks that the panels share."""

from __future__ import annotations

from PySide6.QtCore import Qt
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


def column(*cards: QWidget, width: int) -> QScrollArea:
    """Stack cards in a column that scrolls when the window is low."""
    content = QWidget()
    content.setObjectName("column")
    stack = QVBoxLayout(content)
    stack.setContentsMargins(8, 8, 8, 8)
    stack.setSpacing(8)
    for card in cards:
        stack.addWidget(card)
    stack.addStretch(1)
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFixedWidth(width)
    return area


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again after a property that it looks at has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
