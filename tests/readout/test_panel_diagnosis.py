"""The client against a device that does what a test says: self-tests and the last fault."""

from __future__ import annotations

from typing import Any

import pytest
from fpxi_readout.device_errors import CommandRefusedError, CommandTimeoutError
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated as messages
from fpxi_readout.protocol.framing import Packet
from fpxi_readout.protocol.version import UnsupportedByDeviceError


def test_a_self_test_gives_its_result(link: Any, panel: Panel) -> None:
    result = messages.TestResult(messages.BoardTest.CLOCK, 0, 168_000, 167_900)
    link.on[messages.SelfTest.TYPE] = lambda packet: link.answer(packet, result)
    assert panel.self_test(messages.BoardTest.CLOCK) == result


def test_a_self_test_is_given_its_time_before_it_is_sent_again(link: Any, panel: Panel) -> None:
    began = link.clock.now_s
    with pytest.raises(CommandTimeoutError):
        panel.self_test(messages.BoardTest.MEMORY)
    sent = link.of_type(messages.SelfTest)
    assert len(sent) == 8
    assert link.clock.now_s - began >= 8 * 1.0


def test_the_result_of_another_test_is_not_taken(link: Any, panel: Panel) -> None:
    other = messages.TestResult(messages.BoardTest.MEMORY, 0, 0, 0)
    link.on[messages.SelfTest.TYPE] = lambda packet: link.answer(packet, other)
    with pytest.raises(CommandTimeoutError):
        panel.self_test(messages.BoardTest.CLOCK)


def test_a_refused_self_test_is_told(link: Any, panel: Panel) -> None:
    link.refuse(messages.SelfTest, messages.NackCode.BUSY, messages.State.READING)
    with pytest.raises(CommandRefusedError, match="acquiring"):
        panel.self_test(messages.BoardTest.CLOCK)


def test_the_last_fault_comes_with_its_place(link: Any, panel: Panel) -> None:
    record = messages.FaultRecord(messages.Fault.ASSERTION, 123, 4567, b"core.c")
    link.on[messages.LastFault.TYPE] = lambda packet: link.answer(packet, record)
    assert panel.last_fault() == record


def test_a_provoked_restart_is_asked_for_once_and_the_device_identified_anew(
    link: Any, panel: Panel
) -> None:
    link.answer_with(messages.Stop, 0)

    def restart(packet: Packet) -> None:
        link.event(messages.EventCode.BOOT, messages.ResetCause.WATCHDOG)

    link.on[messages.SelfTest.TYPE] = restart
    before = len(link.of_type(messages.Identify))
    assert panel.provoke(messages.BoardTest.WATCHDOG, 4.0)
    assert len(link.of_type(messages.SelfTest)) == 1
    assert len(link.of_type(messages.Identify)) == before + 1


def test_a_provoked_restart_that_is_not_told_is_waited_for_and_sent_only_once(
    link: Any, panel: Panel
) -> None:
    link.answer_with(messages.Stop, 0)
    began = link.clock.now_s
    assert not panel.provoke(messages.BoardTest.WATCHDOG, 4.0)
    assert link.clock.now_s - began >= 4.0
    assert len(link.of_type(messages.SelfTest)) == 1


def test_older_firmware_without_self_tests_is_told(panel: Panel) -> None:
    del panel.dictionary.commands["self_test"]
    for ask in (
        lambda: panel.self_test(messages.BoardTest.CLOCK),
        lambda: panel.provoke(messages.BoardTest.WATCHDOG, 1.0),
    ):
        with pytest.raises(UnsupportedByDeviceError, match="SELF_TEST"):
            ask()
