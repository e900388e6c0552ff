"""What the device does when its hardware fails, and that nothing is lost without a word."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p

BIAS, STATE, FAULT, EXPOSURE = 4, 32, 33, 1


def test_power_on_puts_the_bias_to_zero(board):
    board.start()
    assert board.calls[0] == "set_bias 0"


@pytest.mark.parametrize("call", ["begin_exposure", "begin_readout", "read_row"])
def test_a_panel_that_fails_is_a_latched_fault(board, call):
    board.start()
    board.set(BIAS, 4000)
    board.results[call] = -1
    board.ask(p.Start(0))
    board.run(1_000_000)
    assert "safe_state" in board.calls
    (event,) = board.events(p.EventCode.FAULT)
    assert (event.severity, event.detail) == (p.Severity.FAULT, p.Fault.PANEL_READ)
    assert board.get(STATE) == p.State.FAULT
    assert board.get(FAULT) == p.Fault.PANEL_READ
    assert board.get(BIAS) == 0
    assert board.of(p.FrameHeader) == []


def test_a_faulted_device_refuses_all_but_questions_and_reset(board):
    board.start()
    board.fault(p.Fault.INTERNAL)
    detail = p.Fault.INTERNAL
    for command in (p.Start(1), p.SoftwareTrigger(), p.Set(BIAS, 100)):
        assert board.ask(command) == p.Nack(command.TYPE, p.NackCode.FAULTED, detail)
    assert board.ask(p.Stop()) == p.Ack(p.Stop.TYPE, 0)
    assert board.get(STATE) == p.State.FAULT
    assert board.set(EXPOSURE, 500) == p.Value(EXPOSURE, 500)
    assert board.ask(p.Identify(0, 0)).fault == p.Fault.INTERNAL
    assert board.ask(p.Reset()) == p.Ack(p.Reset.TYPE, 0)
    assert board.calls.count("reset") == 1


def test_the_first_fault_stays(board):
    board.start()
    board.fault(p.Fault.BIAS)
    board.fault(p.Fault.INTERNAL)
    board.drain()
    assert [event.detail for event in board.events(p.EventCode.FAULT)] == [p.Fault.BIAS]
    assert board.get(FAULT) == p.Fault.BIAS
    assert board.calls.count("safe_state") == 2


def test_a_row_that_never_comes_is_a_fault_after_its_time(board):
    board.start()
    board.row_delay_us = 10_000_000
    board.ask(p.Start(1))
    board.run(110_000)
    assert board.get(STATE) == p.State.READING
    board.run(110_000 + 32 * 40)
    assert board.get(STATE) == p.State.FAULT


def test_a_late_row_is_waited_for(board):
    board.start()
    board.row_delay_us = 90_000
    board.ask(p.Start(1))
    board.run(200_000)
    assert len(board.of(p.FrameHeader)) == 1
    assert board.get(FAULT) == p.Fault.NONE


def test_a_late_poll_is_no_fault_where_the_row_is_there(board):
    board.start()
    board.ask(p.Start(1))
    board.now_us = 10_000
    board.take()
    board.run(50_000_000)
    assert board.get(FAULT) == p.Fault.NONE


def test_a_refused_bias_keeps_the_old_one(board):
    board.start()
    board.set(BIAS, 100)
    board.run(1000)
    board.results["set_bias"] = -1
    assert board.set(BIAS, 200) == p.Nack(p.Set.TYPE, p.NackCode.BIAS_FAILED, BIAS)
    assert board.get(BIAS) == 100
    assert board.get(FAULT) == p.Fault.NONE


def test_a_bias_refused_after_its_set_was_answered_is_a_fault(board):
    board.start()
    board.ask(p.Start(0))
    assert board.set(BIAS, 200) == p.Value(BIAS, 200)
    board.results["set_bias"] = -1
    board.run(100_000)
    assert board.get(FAULT) == p.Fault.BIAS
    assert board.get(BIAS) == 0


def test_a_supply_that_refuses_zero_at_start_is_a_fault(board):
    board.results["set_bias"] = -1
    board.start()
    assert board.get(FAULT) == p.Fault.BIAS


def test_the_watchdog_is_kicked_in_every_poll(board):
    board.start()
    board.drain()
    kicked = board.calls.count("kick_watchdog")
    board.feed(b"")
    assert board.calls.count("kick_watchdog") == kicked + 1


@pytest.mark.parametrize(("slots", "transmit_size"), [(0, 0), (17, 0), (2, 100)])
def test_memory_that_cannot_work_is_refused(board, slots, transmit_size):
    assert board.start(slots, transmit_size) == -1


def test_events_that_do_not_fit_are_counted_and_told(board):
    board.start()
    board.ask(p.Start(1))
    for _ in range(30):
        board.run_stalled(board.now_us + 100_000)
        board.send(p.Start(1))
    board.packets.clear()
    board.run(board.now_us + 1_000_000)
    done = [e.detail for e in board.events(p.EventCode.ACQUISITION_DONE)]
    (lost,) = board.events(p.EventCode.EVENTS_LOST)
    assert lost.severity == p.Severity.WARNING
    assert done[:10] == list(range(10))
    assert len(board.of(p.Event)) - 1 + lost.detail >= 31


def test_a_native_panel_that_fails_is_remembered_across_the_reset(native):
    device = native()
    device.expose_result = -1
    device.ask(p.Start(0))
    device.run(1_000_000)
    assert device.get(FAULT) == p.Fault.PANEL_READ
    assert device.biases == [0, 0]
    device.ask(p.Reset())
    device.drain()
    identity = device.ask(p.Identify(0, 0))
    assert (identity.fault, identity.reset_fault) == (p.Fault.NONE, p.Fault.PANEL_READ)
    device.expose_result = 0
    device.ask(p.Start(1))
    device.run(2_000_000)
    assert len(device.of(p.FrameHeader)) == 1


@pytest.mark.parametrize(
    ("cause", "reset_fault"),
    [
        (p.ResetCause.WATCHDOG, p.Fault.WATCHDOG),
        (p.ResetCause.EXTERNAL, p.Fault.NONE),
        (p.ResetCause.POWER_ON, p.Fault.NONE),
    ],
)
def test_the_cause_of_a_reset_is_told(native, cause, reset_fault):
    device = native()
    device.drain()
    device.packets.clear()
    device.reset(cause)
    device.drain()
    assert [event.detail for event in device.events(p.EventCode.BOOT)] == [cause]
    identity = device.ask(p.Identify(0, 0))
    assert (identity.reset_cause, identity.reset_fault) == (cause, reset_fault)
