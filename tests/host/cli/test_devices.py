"""`fpxi devices`; the search itself is tested beside its module."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from fpxi.cli import devices
from fpxi.discovery import Device, DeviceKind, Discovery, RadioFindings, Step

Run = Callable[..., Result]
PORT = Device(DeviceKind.SERIAL, "serial:/dev/ttyACM0", "FPXI panel")
SIMULATED = Device(DeviceKind.SIMULATED, "sim:tft64", "simulated panel")
ADDRESS = "F0:0D:00:00:00:01"
KNOWN = RadioFindings("FPXI-64", ADDRESS, -58, "tft64", "FFAD72DD760600E7", "0.1.0", 87)
UNKNOWN = RadioFindings("FPXI-32", "F0:0D:00:00:00:02", None, problem="it is out of reach")


def panel(radio: RadioFindings) -> Device:
    return Device(DeviceKind.BLUETOOTH, f"ble:{radio.address}", radio.name, radio)


class FakeSearch:
    """What is found, and what was asked for."""

    def __init__(self) -> None:
        self.found = Discovery((PORT, panel(KNOWN), panel(UNKNOWN), SIMULATED))
        self.asked: dict[str, Any] = {}

    def discover(self, *, progress: Any, **asked: Any) -> Discovery:
        self.asked = asked
        progress(Step.LISTENING, "", 0, 0)
        progress(Step.ASKING, "FPXI-64", 0, 1)
        return self.found


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> FakeSearch:
    made = FakeSearch()
    monkeypatch.setattr(devices, "discover", made.discover)
    return made


def test_what_can_be_opened_is_listed_with_its_url(run: Run, search: FakeSearch) -> None:
    lines = run("devices").stdout.splitlines()
    assert lines[0].split() == ["URL", "DESCRIPTION"]
    assert lines[1].split(maxsplit=1) == ["serial:/dev/ttyACM0", "FPXI panel"]
    assert lines[2].split(maxsplit=1) == ["sim:tft64", "simulated panel"]


def test_bluetooth_panels_are_listed_with_name_signal_and_battery(
    run: Run, search: FakeSearch
) -> None:
    lines = run("devices").stdout.splitlines()
    assert lines[5].split() == [
        f"ble:{ADDRESS}", "FPXI-64", "tft64", "FFAD72DD760600E7", "0.1.0", "-58", "87", "%",
    ]  # fmt: skip
    assert lines[6].split() == ["ble:F0:0D:00:00:00:02", "FPXI-32", "-", "-", "-", "-", "-"]


def test_the_list_fits_a_terminal_of_80_columns(run: Run, search: FakeSearch) -> None:
    assert max(len(line) for line in run("devices").stdout.splitlines()) <= 80


def test_a_panel_that_could_not_be_asked_is_told_beside_the_result(
    run: Run, search: FakeSearch
) -> None:
    result = run("devices")
    assert result.exit_code == 0
    assert result.stderr == "FPXI-32 could not be asked who it is: it is out of reach\n"


def test_no_bluetooth_here_is_one_line_and_no_failure(run: Run, search: FakeSearch) -> None:
    search.found = Discovery((PORT, SIMULATED), "Bluetooth is off; switch it on")
    result = run("devices")
    assert result.exit_code == 0
    assert result.stderr == "Bluetooth panels are not listed: Bluetooth is off; switch it on\n"
    assert "sim:tft64" in result.stdout


def test_hearing_nobody_says_what_to_do(run: Run, search: FakeSearch) -> None:
    search.found = Discovery((PORT, SIMULATED))
    assert "switch it on and bring it near" in run("devices").stderr
    assert run("devices", "--no-bluetooth").stderr == ""


def test_the_search_is_as_asked_for(run: Run, search: FakeSearch) -> None:
    run("devices")
    assert search.asked == {"bluetooth": True, "scan_s": 4.0, "ask": True}
    run("devices", "--no-bluetooth", "--quick", "--scan", "500ms")
    assert search.asked == {"bluetooth": False, "scan_s": 0.5, "ask": False}


@pytest.mark.parametrize("duration", ["4", "0s", "-1s", "soon"])
def test_a_duration_is_a_time_with_its_unit(run: Run, search: FakeSearch, duration: str) -> None:
    result = run("devices", "--scan", duration)
    assert result.exit_code == 2
    assert search.asked == {}


def test_json_has_everything(run: Run, search: FakeSearch) -> None:
    result = run("devices", "--json")
    assert result.stderr == ""
    document = json.loads(result.stdout)
    assert document["devices"][0] == {
        "kind": "serial",
        "url": "serial:/dev/ttyACM0",
        "description": "FPXI panel",
    }
    assert document["devices"][1] == {
        "kind": "bluetooth",
        "url": f"ble:{ADDRESS}",
        "description": "FPXI-64",
        "name": "FPXI-64",
        "address": ADDRESS,
        "rssi_dBm": -58,
        "panel": "tft64",
        "serial_number": "FFAD72DD760600E7",
        "firmware": "0.1.0",
        "battery_percent": 87,
        "problem": None,
    }
    assert document["devices"][2]["problem"] == "it is out of reach"
    assert document["bluetooth"] == {"searched": True, "problem": None}


def test_json_says_why_there_is_no_bluetooth(run: Run, search: FakeSearch) -> None:
    search.found = Discovery((), "no adapter; plug one in")
    document = json.loads(run("devices", "--json", "--no-bluetooth").stdout)
    assert document["bluetooth"] == {"searched": False, "problem": "no adapter; plug one in"}


def test_listing_without_bluetooth_loads_no_bluetooth_library() -> None:
    script = (
        "import sys\nfrom fpxi.cli.main import cli\n"
        "cli(['devices', '--no-bluetooth'], standalone_mode=False)\n"
        "sys.exit('bleak' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert ended.returncode == 0
