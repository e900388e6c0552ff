"""Ranges, saving, and loading what was saved, whole or not at all."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, PERIOD, GAIN, BIAS, ROWS = 1, 2, 3, 4, 7


@pytest.mark.parametrize(
    ("panel", "parameter", "value", "accepted"),
    [
        (2, EXPOSURE, 100, True),
        (2, EXPOSURE, 99, False),
        (1, EXPOSURE, 60_000_000, True),
        (1, EXPOSURE, 60_000_001, False),
        (1, GAIN, 7, True),
        (1, GAIN, 8, False),
        (2, GAIN, 3, True),
        (2, GAIN, 4, False),
        (1, BIAS, -20_000, True),
        (1, BIAS, -20_001, False),
        (1, BIAS, 20_001, False),
        (2, BIAS, -110_000, True),
        (2, BIAS, 110_001, False),
        (2, ROWS, 0, False),
        (2, ROWS, 17, False),
    ],
)
def test_a_value_outside_its_range_is_refused_and_the_old_one_kept(
    native, panel, parameter, value, accepted
):
    device = native(panel=panel)
    before = device.get(parameter)
    answer = device.set(parameter, value)
    if accepted:
        assert answer == p.Value(parameter, value & 0xFFFFFFFF)
    else:
        assert answer == p.Nack(p.Set.TYPE, p.NackCode.OUT_OF_RANGE, parameter)
        assert device.get(parameter) == before


def test_a_first_start_tells_that_defaults_are_in_force(native):
    device = native(panel=1)
    device.drain()
    (event,) = device.events(p.EventCode.PARAMETERS_DEFAULTED)
    assert (event.detail, event.severity) == (0, p.Severity.INFO)
    assert [device.get(i) for i in (EXPOSURE, PERIOD, GAIN, ROWS)] == [10_000, 0, 3, 8]


def test_saved_parameters_survive_a_reset_and_unsaved_ones_do_not(native):
    device = native()
    device.set(EXPOSURE, 4321)
    device.ask(p.Save())
    device.set(EXPOSURE, 1234)
    device.set(BIAS, -100)
    device.packets.clear()
    device.reset(p.ResetCause.EXTERNAL)
    device.drain()
    assert device.events(p.EventCode.PARAMETERS_DEFAULTED) == []
    assert device.get(EXPOSURE) == 4321
    assert device.get(BIAS) == 0
    assert device.biases == [0, -100, 0]


def test_parameters_can_be_read_and_set_at_any_time(native):
    device = native()
    device.ask(p.Start(0))
    for at_us in (0, 9_999, 10_001, 11_300):
        device.run(at_us)
        assert device.set(ROWS, 5) == p.Value(ROWS, 5)
        assert device.get(ROWS) == 5
