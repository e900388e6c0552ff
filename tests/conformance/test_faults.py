"""What goes wrong on the board, and what is known of it afterwards."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p


def restarted(rig):
    """Wait for the restart and say hello again."""
    rig.run(2_500_000)
    identity = rig.ask(p.Identify(0, 0))
    return p.ResetCause(identity.reset_cause), p.Fault(identity.reset_fault)


def test_a_failed_assertion_is_known_by_file_and_line_after_the_restart(rig):
    rig.send(p.SelfTest(p.BoardTest.ASSERTION))
    assert restarted(rig) == (p.ResetCause.FAULT, p.Fault.ASSERTION)
    record = rig.ask(p.LastFault())
    assert record.fault == p.Fault.ASSERTION
    assert record.file.endswith(b".c")
    assert record.line > 0


def test_the_watchdog_restarts_a_device_that_hangs(rig):
    rig.set(bias_mV=-2000)
    rig.run(100_000)
    rig.send(p.SelfTest(p.BoardTest.WATCHDOG))
    assert restarted(rig) == (p.ResetCause.WATCHDOG, p.Fault.WATCHDOG)
    assert rig.get("bias_actual_mV") == 0
    rig.capture(1)


def test_a_fault_of_the_last_run_is_told_once_more_as_an_event(rig):
    rig.set(heartbeat_timeout_ms=50, bias_mV=-500)
    rig.run(200_000)
    assert rig.events(p.EventCode.FAULT)
    rig.packets.clear()
    rig.send(p.Reset())
    rig.run(300_000)
    (event,) = rig.events(p.EventCode.LAST_FAULT)
    assert event.detail == p.Fault.HEARTBEAT


def test_a_silent_host_ends_acquisition_and_bias(rig):
    rig.set(heartbeat_timeout_ms=100, bias_mV=-500)
    rig.start(0)
    rig.run(80_000)
    assert rig.get("fault") == p.Fault.NONE
    rig.run(250_000)
    assert rig.get("fault") == p.Fault.HEARTBEAT
    assert rig.get("bias_actual_mV") == 0
    assert rig.get("state") == p.State.FAULT


@pytest.mark.parametrize("test", [p.BoardTest.MEMORY, p.BoardTest.STORAGE])
def test_a_sound_board_passes_its_tests(rig, test):
    result = rig.ask(p.SelfTest(test))
    assert (result.test, result.outcome) == (test, p.TestOutcome.PASSED)
