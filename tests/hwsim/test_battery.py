"""How full a battery is taken to be."""

from __future__ import annotations

import pytest
from fpxi_hwsim.battery import LITHIUM_ION_CELL, cell_mV, charge_percent


def test_no_battery_has_no_charge() -> None:
    assert charge_percent(0) is None


@pytest.mark.parametrize(("battery_mV", "percent"), [(1, 0), (3000, 0), (4200, 100), (6600, 100)])
def test_the_charge_ends_at_empty_and_full(battery_mV: int, percent: int) -> None:
    assert charge_percent(battery_mV) == percent


def test_the_charge_rises_with_the_voltage() -> None:
    charges = [charge_percent(battery_mV) for battery_mV in range(3000, 4201, 10)]
    assert charges == sorted(charges)
    assert [charge_percent(voltage) for voltage, _ in LITHIUM_ION_CELL] == [
        charge for _, charge in LITHIUM_ION_CELL
    ]


@pytest.mark.parametrize("percent", range(101))
def test_a_cell_of_a_charge_reads_as_that_charge(percent: int) -> None:
    assert charge_percent(cell_mV(percent)) == percent
