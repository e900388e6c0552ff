"""Colours and style sheet of the viewer: a quiet dark frame around the image."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from fpxi_gui.state import Level

WINDOW = "#1b1e23"
PANEL = "#22262c"
FIELD = "#15181c"
LINE = "#343a43"
BOX = "#3f4854"
TEXT = "#d9dde3"
DIM = "#8b94a1"
FAINT = "#5f6875"
ACCENT = "#4c9be8"

LEVEL_COLOURS = {
    Level.GOOD: "#5fb878",
    Level.BUSY: "#4c9be8",
    Level.WARNING: "#e8a33d",
    Level.ERROR: "#e5534b",
}
BANNER_BACKGROUNDS = {
    Level.GOOD: "#1e3327",
    Level.BUSY: "#1c3149",
    Level.WARNING: "#4a3512",
    Level.ERROR: "#4d1f1d",
}

_STYLE = f"""
QMainWindow, QDialog {{ background: {WINDOW}; }}
QToolTip {{ color: {TEXT}; background: {PANEL}; border: 1px solid {LINE}; padding: 4px; }}
QToolBar {{ background: {PANEL}; border: none; border-bottom: 1px solid {LINE};
    spacing: 4px; padding: 4px 8px; }}
QToolBar::separator {{ background: {LINE}; width: 1px; margin: 5px 6px; }}
QToolButton {{ padding: 4px 10px; border: 1px solid transparent; border-radius: 4px; }}
QToolButton:hover {{ background: {LINE}; }}
QToolButton:checked {{ background: #2b4766; border-color: {ACCENT}; }}
QToolButton#heading {{ background: transparent; border: none; color: {DIM}; font-weight: 600;
    padding: 2px 0px; }}
QToolButton#heading:hover {{ color: {TEXT}; }}
QToolButton:disabled {{ color: {FAINT}; }}
QStatusBar {{ background: {PANEL}; border-top: 1px solid {LINE}; }}
QStatusBar::item {{ border: none; }}
QFrame#card {{ background: {PANEL}; border: 1px solid {LINE}; border-radius: 6px; }}
QLabel#cardTitle {{ color: {DIM}; font-weight: 600; }}
QLabel#dim {{ color: {DIM}; }}
QLabel#problem {{ color: {LEVEL_COLOURS[Level.ERROR]}; }}
QLabel#notice {{ color: {LEVEL_COLOURS[Level.WARNING]}; }}
QScrollArea, QScrollArea > QWidget > QWidget#column {{ background: transparent; border: none; }}
QDoubleSpinBox[pending="true"], QComboBox[pending="true"] {{ color: {ACCENT}; }}
QDoubleSpinBox[refused="true"], QComboBox[refused="true"] {{
    color: {LEVEL_COLOURS[Level.ERROR]}; }}
QComboBox QAbstractItemView {{ background: {PANEL}; border: 1px solid {LINE};
    selection-background-color: #2b4766; outline: none; }}
QTreeWidget {{ background: {FIELD}; border: 1px solid {LINE}; border-radius: 4px; outline: none; }}
QTreeWidget::item {{ padding: 2px 4px; }}
QTreeWidget::item:selected {{ background: #2b4766; color: {TEXT}; }}
QProgressBar {{ background: {FIELD}; border: none; border-radius: 2px; max-height: 4px; }}
QProgressBar::chunk {{ background: {ACCENT}; border-radius: 2px; }}
QPushButton {{ background: #2c323a; border: 1px solid #3d4550; border-radius: 4px;
    padding: 3px 12px; min-height: 20px; }}
QPushButton:hover {{ background: #363d47; }}
QPushButton:pressed, QPushButton:checked {{ background: #2b4766; border-color: {ACCENT}; }}
QPushButton:disabled {{ color: {FAINT}; background: #24292f; border-color: #2e343c; }}
QMenu {{ background: {PANEL}; border: 1px solid {LINE}; padding: 4px; }}
QMenu::item {{ padding: 4px 24px; }}
QMenu::item:selected {{ background: #2b4766; }}
QMenuBar {{ background: {PANEL}; }}
QMenuBar::item:selected {{ background: {LINE}; }}
"""


def apply_theme(application: QApplication) -> None:
    """Give the whole application the dark theme."""
    application.setStyle("Fusion")
    application.setPalette(_palette())
    application.setStyleSheet(_STYLE)


def _palette() -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    colours = {
        role.Window: WINDOW,
        role.WindowText: TEXT,
        role.Base: FIELD,
        role.AlternateBase: PANEL,
        role.Text: TEXT,
        role.Button: PANEL,
        role.ButtonText: TEXT,
        role.ToolTipBase: PANEL,
        role.ToolTipText: TEXT,
        role.PlaceholderText: DIM,
        role.Highlight: ACCENT,
        role.HighlightedText: "#ffffff",
        role.Link: ACCENT,
    }
    for which, colour in colours.items():
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(FAINT))
    return palette
