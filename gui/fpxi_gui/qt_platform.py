"""Checks what Qt needs before Qt is started, because Qt itself ends the process without it."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from fpxi_gui.errors import NoDisplayError, QtUnavailableError

DEBIAN_PACKAGES = (
    "libgl1 libegl1 libxkbcommon0 libfontconfig1 libglib2.0-0 libdbus-1-3",
    "libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0",
)
"""For any use of Qt on a bare Debian 12, and in addition for a window on an X display."""

_INSTALL_LIBRARIES = f"On Debian or Ubuntu: apt install {' '.join(DEBIAN_PACKAGES)}"


def prepare_platform(*, offscreen: bool) -> None:
    """Choose Qt's platform and make sure that it will start.

    Raises `QtUnavailableError` if PySide6, pyqtgraph or a system library is missing, and
    `NoDisplayError` if a window is wanted and there is no display.
    """
    if offscreen:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    _require_import("PySide6.QtWidgets")
    _require_import("pyqtgraph")
    if sys.platform.startswith("linux"):
        require_display(os.environ)
        if uses_xcb(os.environ):
            _require_loadable(_xcb_plugin())


def require_display(environment: Mapping[str, str]) -> None:
    """Raise `NoDisplayError` if Qt would find neither an X nor a Wayland display."""
    chosen = environment.get("QT_QPA_PLATFORM", "")
    if not (chosen or environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        raise NoDisplayError


def uses_xcb(environment: Mapping[str, str]) -> bool:
    """Whether Qt will open its window on an X display."""
    chosen = environment.get("QT_QPA_PLATFORM", "")
    return chosen.startswith("xcb") or not (chosen or environment.get("WAYLAND_DISPLAY"))


def _require_import(module: str) -> None:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise QtUnavailableError(
            str(error), 'Install the viewer: pip install "fpxi[gui]"'
        ) from error
    except ImportError as error:
        raise QtUnavailableError(str(error), _INSTALL_LIBRARIES) from error


def _require_loadable(plugin: Path) -> None:
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        raise QtUnavailableError(str(error), _INSTALL_LIBRARIES) from error


def _xcb_plugin() -> Path:
    from PySide6.QtCore import QLibraryInfo  # noqa: PLC0415 - only once it is known to import

    plugins = QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)
    return Path(plugins) / "platforms" / "libqxcb.so"
