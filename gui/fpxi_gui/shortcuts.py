"""Keyboard shortcuts of the viewer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Binding:
    """A key, what it does in words, and the doing."""

    key: str
    text: str
    act: Callable[[], object]


def install(window: QWidget, bindings: list[Binding]) -> None:
    """Make the keys work in a window; typing in a field goes to the field."""
    for binding in bindings:
        shortcut = QShortcut(QKeySequence(binding.key), window)
        shortcut.activated.connect(binding.act)


def explain(bindings: list[Binding]) -> str:
    """Return the list of keys."""
    return "\n".join(f"{binding.key}\t{binding.text}" for binding in bindings)
