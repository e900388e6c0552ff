"""The battery, as either board measures it."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p


def test_a_board_without_battery_measures_none_and_is_content(rig):
    rig.run(2_500_000)
    assert rig.events(p.EventCode.BATTERY_LOW) == []
    assert rig.get("battery_mV") == 0


def test_the_battery_s_voltage_is_measured(make_rig, board):
    rig = make_rig(board, battery_mV=3870)
    rig.run(10_000)
    assert rig.get("battery_mV") == pytest.approx(3870, abs=2)  # steps of 1.6 mV
    assert rig.events(p.EventCode.BATTERY_LOW) == []


def test_a_battery_that_runs_down_is_told_of_once(make_rig, board):
    rig = make_rig(board, battery_mV=3400)
    rig.run(2_500_000)
    assert rig.events(p.EventCode.BATTERY_LOW) == []
    rig.device.battery_mV = 3250
    rig.run(3_500_000)
    (event,) = rig.events(p.EventCode.BATTERY_LOW)
    assert event.detail == pytest.approx(3250, abs=2)
    assert event.severity == p.Severity.WARNING
