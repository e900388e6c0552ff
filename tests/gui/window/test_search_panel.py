"""The list of panels in the window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fpxi.connection import ConnectionState
from fpxi.discovery import Device, DeviceKind, Discovery, RadioFindings
from fpxi_readout.errors import FpxiError

PORT = Device(DeviceKind.SERIAL, "serial:/dev/ttyACM0", "FPXI panel")
NEAR = Device(
    DeviceKind.BLUETOOTH,
    "ble:F0:0D:00:00:00:01",
    "FPXI-64, tft64",
    RadioFindings("FPXI-64", "F0:0D:00:00:00:01", -58, "tft64", battery_percent=87),
)


@pytest.fixture
def chosen(live: Any) -> list[str]:
    """What the user went on to, in a window that has found a port and a panel."""
    urls: list[str] = []
    live.window.panel_chosen.connect(urls.append)
    live.rig.search.found = Discovery((PORT, NEAR))
    live.window.panels.search.click()
    live.settle()
    return urls


def test_panels_are_listed_with_signal_and_battery(live: Any, chosen: list[str]) -> None:
    assert live.window.panels.texts() == [
        ("sim:fake", ""),
        ("serial:/dev/ttyACM0", ""),
        ("FPXI-64 tft64", "-58 dBm   87 %"),
    ]


def test_connect_goes_on_to_the_selected_panel(live: Any, chosen: list[str]) -> None:
    panels = live.window.panels
    assert not panels.connect_to.isEnabled()
    panels.select(NEAR.url)
    panels.connect_to.click()
    assert chosen == [NEAR.url]


def test_a_double_click_goes_on_too(live: Any, chosen: list[str]) -> None:
    panels = live.window.panels
    panels.select(PORT.url)
    panels.list.itemDoubleClicked.emit(panels.list.currentItem(), 0)
    assert chosen == [PORT.url]


def test_the_panel_at_hand_is_not_gone_on_to(live: Any, chosen: list[str]) -> None:
    panels = live.window.panels
    panels.select("sim:fake")
    assert not panels.connect_to.isEnabled()
    panels.list.itemDoubleClicked.emit(panels.list.currentItem(), 0)
    assert chosen == []


def test_a_panel_that_was_given_up_can_be_connected_again(live: Any, chosen: list[str]) -> None:
    panels = live.window.panels
    panels.select("sim:fake")
    live.rig.session.set_connection(ConnectionState.FAILED, FpxiError("bound to another"))
    live.settle()
    panels.connect_to.click()
    assert chosen == ["sim:fake"]


def test_what_is_selected_stays_selected_when_more_is_found(live: Any, chosen: list[str]) -> None:
    panels = live.window.panels
    panels.select(NEAR.url)
    live.rig.search.found = Discovery((NEAR, PORT))
    panels.search.click()
    live.settle()
    panels.connect_to.click()
    assert chosen == [NEAR.url]


def test_a_recording_that_runs_is_not_left_without_asking(
    live: Any, chosen: list[str], tmp_path: Path
) -> None:
    live.dialogs.path = tmp_path / "run.h5"
    live.window.controls.record.trigger()
    live.settle()
    live.dialogs.agree = False
    live.window.panels.select(NEAR.url)
    live.window.panels.connect_to.click()
    assert chosen == []
    assert "recording is running" in live.dialogs.asked[-1]
    live.dialogs.agree = True
    live.window.panels.connect_to.click()
    assert chosen == [NEAR.url]


def test_a_search_shows_its_progress_and_cannot_be_begun_twice(live: Any) -> None:
    panels = live.window.panels
    live.rig.search.go_on.clear()
    panels.search.click()
    live.window.tick()
    assert panels.progress.isVisible()
    assert "Listening" in panels.notice.text()
    assert not panels.search.isEnabled()
    live.rig.search.go_on.set()
    live.settle()
    assert not panels.progress.isVisible()
    assert panels.search.isEnabled()


def test_no_bluetooth_is_a_quiet_line(live: Any) -> None:
    live.rig.search.found = Discovery((PORT,), "no adapter; plug one in")
    live.window.panels.search.click()
    live.settle()
    assert live.window.panels.notice.text() == "no adapter; plug one in"
    assert live.dialogs.asked == []
    assert not any(bar.isVisible() for bar in live.window.banners.bars)
