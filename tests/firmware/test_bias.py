"""The bias on its way: its slope, what frames say of it, and that a fault does not wait for it."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, BIAS, RAMP, ACTUAL, FAULT, AVERAGE = 1, 4, 25, 40, 33, 13


def ramp(device, bias_mV, slope_mV_s):
    device.set(RAMP, slope_mV_s)
    device.biases.clear()
    device.bias_times_us.clear()
    device.set(BIAS, bias_mV)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_bias_goes_in_steps_of_a_millisecond(native, sign):
    device = native(panel=1)
    ramp(device, sign * 1000, 300_000)
    device.run(1_000_000)
    assert device.biases == [sign * bias for bias in (300, 600, 900, 1000)]
    assert device.bias_times_us == [0, 1000, 2000, 3000]


def test_a_slope_below_a_millivolt_a_step_is_kept_on_average(native):
    device = native(panel=1)
    ramp(device, 100, 300)
    device.run(100_000)
    assert device.biases[-1] == pytest.approx(30, abs=1)
    assert device.biases == sorted(set(device.biases))
    device.run(1_000_000)
    assert device.biases[-1] == 100
    assert device.bias_times_us[-1] == pytest.approx(1e5 / 300 * 1000, abs=1000)


def test_time_spent_at_a_set_point_does_not_count(native):
    device = native(panel=1)
    device.run(60_000_000)
    ramp(device, 1000, 300_000)
    assert device.biases == [300]
    device.run(120_000_000)
    ramp(device, 0, 300_000)
    assert device.biases == [700]


def test_the_bias_of_this_moment_can_be_read(native):
    device = native(panel=2)
    ramp(device, -100_000, 100_000)
    device.run(500_000)
    assert device.get(ACTUAL) - 2**32 == pytest.approx(-50_000, abs=100)
    assert device.get(BIAS) - 2**32 == -100_000
    device.run(1_100_000)
    assert device.get(ACTUAL) - 2**32 == -100_000


def test_a_new_set_point_turns_the_bias_round_where_it_is(native):
    device = native(panel=1)
    ramp(device, 1000, 100_000)
    device.run(4500)
    device.set(BIAS, 0)
    device.run(1_000_000)
    assert device.biases == [100, 200, 300, 400, 500, 400, 300, 200, 100, 0]


def test_set_points_in_quick_succession_are_no_faster(native):
    device = native(panel=1)
    ramp(device, 1000, 100_000)
    for at_us in range(0, 1000, 100):
        device.run(at_us)
        device.set(BIAS, 2000)
    assert device.biases == [100]


def test_frames_tell_that_the_bias_was_on_its_way(native):
    device = native(panel=1)
    ramp(device, 3000, 100_000)
    device.ask(p.Start(5))
    device.packets.clear()
    device.run(1_000_000)
    headers = device.of(p.FrameHeader)
    ramping = [bool(header.flags & p.FrameFlag.BIAS_RAMPING) for header in headers]
    assert ramping == [True, True, True, False, False]
    assert [header.bias_mV for header in headers] == [100, 1100, 2100, 3000, 3000]


@pytest.mark.parametrize("exposure_us", [1000, 10_000])  # apart from the read-out, or with it
def test_a_change_waits_for_the_last_exposure_of_an_averaged_frame(native, exposure_us):
    device = native(panel=2)
    device.set(EXPOSURE, exposure_us)
    device.set(RAMP, 100_000_000)
    device.set(AVERAGE, 2)
    device.ask(p.Start(2))
    device.run(500)
    device.set(BIAS, 700)
    device.run(1_000_000)
    assert [taken.bias_mV for taken in device.exposures] == [0] * 4 + [700] * 4


def test_a_fault_switches_the_bias_off_at_once(native):
    device = native(panel=1)
    ramp(device, 20_000, 100_000)
    device.ask(p.Start(0))
    device.expose_result = -1
    device.run(1_000_000)
    assert device.biases[-1] == 0
    assert device.biases[-2] >= 1000
    assert device.get(ACTUAL) == 0
    assert device.get(BIAS) == 0


def test_a_supply_that_refuses_on_the_way_is_a_fault(board):
    board.start()
    board.set(BIAS, 1000)
    board.results["set_bias"] = -1
    board.run(100_000)
    assert board.get(FAULT) == p.Fault.BIAS
    assert board.get(ACTUAL) == 0


def test_the_bias_does_not_leap_after_a_late_poll(board):
    board.start()
    board.set(BIAS, 1000)
    board.now_us = 5500
    board.take()
    assert board.get(ACTUAL) == 200
    assert board.deadline_us == 6500


def test_after_the_test_of_its_loop_the_bias_comes_back_by_its_slope(native):
    device = native(panel=1)
    ramp(device, 1000, 300_000)
    device.run(1_000_000)
    device.biases.clear()
    device.ask(p.SelfTest(p.BoardTest.BIAS_LOOP))
    device.run(2_000_000)
    assert device.biases == [0, 300, 600, 900, 1000]
    assert device.get(FAULT) == p.Fault.NONE


def test_a_supply_that_does_not_go_to_zero_for_its_test_is_a_fault(board):
    board.start()
    board.results["set_bias"] = -1
    board.ask(p.SelfTest(p.BoardTest.BIAS_LOOP))
    assert board.get(FAULT) == p.Fault.BIAS
