"""A host that has gone, and a battery that runs down."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p

BIAS, STATE, FAULT, HEARTBEAT, BATTERY = 4, 32, 33, 23, 41


@pytest.fixture
def device(native):
    device = native(panel=2)
    device.set(HEARTBEAT, 500)
    device.drain()
    device.packets.clear()
    return device


def test_without_a_command_for_so_long_an_acquisition_ends_in_the_safe_state(device):
    device.ask(p.Start(0))
    device.run(499_999)
    assert device.events(p.EventCode.FAULT) == []
    device.run(500_000)
    assert [e.detail for e in device.events(p.EventCode.FAULT)] == [p.Fault.HEARTBEAT]
    assert device.get(STATE) == p.State.FAULT
    assert device.get(FAULT) == p.Fault.HEARTBEAT


def test_bias_alone_needs_a_host(device):
    device.set(BIAS, 4000)
    device.run(600_000)
    assert device.biases[-1] == 0
    assert device.get(FAULT) == p.Fault.HEARTBEAT


def test_an_idle_device_without_bias_needs_nobody(device):
    assert device.deadline_us == 2**64 - 1
    device.run(60_000_000)
    assert device.get(FAULT) == p.Fault.NONE


@pytest.mark.parametrize("command", [p.Get(STATE), p.Release(0), p.Identify(0, 0), p.Get(9999)])
def test_any_command_by_any_link_keeps_it_going(bench, device, command):
    device.set(BIAS, 4000)
    second = bench.SecondLink(device)
    for step in range(1, 10):
        device.run(step * 400_000)
        (device, second)[step % 2].send(command)
    assert device.get(FAULT) == p.Fault.NONE


def test_damaged_packets_are_no_sign_of_a_host(device):
    device.set(BIAS, 4000)
    device.run(400_000)
    device.feed(b"\3ab\0")
    device.run(500_000)
    assert device.get(FAULT) == p.Fault.HEARTBEAT


def test_zero_waits_for_ever(device):
    device.set(HEARTBEAT, 0)
    device.set(BIAS, 4000)
    device.run(60_000_000)
    assert device.get(FAULT) == p.Fault.NONE


def low_batteries(board, at_s, battery_mV):
    board.battery_mV = battery_mV
    board.packets.clear()
    board.run(at_s * 1_000_000)
    return [event.detail for event in board.events(p.EventCode.BATTERY_LOW)]


def test_a_low_battery_is_told_once_until_it_has_recovered(board):
    board.start()
    assert board.get(BATTERY) == 3700
    assert low_batteries(board, 1, 3300) == []
    assert low_batteries(board, 2, 3299) == [3299]
    assert low_batteries(board, 3, 3100) == []
    assert low_batteries(board, 4, 3400) == []
    assert low_batteries(board, 5, 3200) == []
    assert low_batteries(board, 6, 3501) == []
    assert low_batteries(board, 7, 3200) == [3200]


def test_a_board_without_battery_has_none_that_is_low(board):
    board.battery_mV = 0
    board.start()
    assert low_batteries(board, 10, 0) == []


def test_the_battery_is_asked_for_at_most_once_a_second(board):
    board.start()
    board.drain()
    asked = []
    board._hardware.battery_mV = type(board._hardware.battery_mV)(
        lambda _context: asked.append(board.now_us) or 3700
    )
    board.start()
    for at_us in range(0, 3_000_000, 10_000):
        board.run(at_us)
    assert len(asked) == 3
