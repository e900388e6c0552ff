"""`fpxi devices` and the other commands on a simulated panel on Bluetooth in another process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from click.testing import Result

Run = Callable[..., Result]


def test_a_panel_is_listed_asked_and_then_used_by_its_url(run: Run, serve_bluetooth: Any) -> None:
    with serve_bluetooth("sim:cmos32?serial=SN-7&battery_mV=3900&beam=off"):
        listed = json.loads(run("devices", "--json", "--scan", "700ms").stdout)
        (panel,) = [device for device in listed["devices"] if device["kind"] == "bluetooth"]
        assert (panel["name"], panel["panel"], panel["serial_number"]) == (
            "FPXI-32",
            "cmos32",
            "SN-7",
        )
        assert panel["problem"] is None
        assert panel["rssi_dBm"] < 0
        assert 0 < panel["battery_percent"] < 100
        assert listed["bluetooth"] == {"searched": True, "problem": None}
        info = run("info", "ble:FPXI-32", "--json")
        assert info.exit_code == 0, info.stderr
        assert json.loads(info.stdout)["identity"]["serial_number"] == "SN-7"
        changed = run("set", panel["url"], "exposure_us=5000")
        assert changed.exit_code == 0, changed.stderr
        assert changed.stdout == "exposure_us = 5000 us\n"
