"""What Qt needs is checked before Qt is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fpxi_gui import qt_platform
from fpxi_gui.errors import NoDisplayError, QtUnavailableError


def test_no_display_is_refused_with_the_remedy() -> None:
    with pytest.raises(NoDisplayError, match="--screenshot"):
        qt_platform.require_display({})


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_any_display_will_do(name: str) -> None:
    qt_platform.require_display({name: ":0"})


@pytest.mark.parametrize(
    ("environment", "xcb"),
    [
        ({"DISPLAY": ":0"}, True),
        ({"QT_QPA_PLATFORM": "xcb"}, True),
        ({"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":0"}, False),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, False),
    ],
)
def test_libraries_for_x_are_looked_for_only_where_x_is_used(
    environment: dict[str, str], xcb: bool
) -> None:
    assert qt_platform.uses_xcb(environment) is xcb


def test_a_package_that_is_missing_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtWidgets", None)
    with pytest.raises(QtUnavailableError, match="pip install"):
        qt_platform.prepare_platform(offscreen=True)


def test_a_system_library_that_is_missing_is_named_with_its_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(name: str) -> None:
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(qt_platform.importlib, "import_module", broken)
    with pytest.raises(QtUnavailableError, match=r"libGL\.so\.1.*apt install libgl1"):
        qt_platform.prepare_platform(offscreen=True)


def test_a_plugin_that_cannot_be_loaded_is_refused(tmp_path: Path) -> None:
    plugin = tmp_path / "libqxcb.so"
    plugin.write_bytes(b"no library")
    with pytest.raises(QtUnavailableError, match="libxcb-cursor0"):
        qt_platform._require_loadable(plugin)


def test_asking_for_the_viewer_imports_no_qt() -> None:
    code = "import sys, fpxi_gui.app; sys.exit('PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
