"""Faults across a restart: what is noted, kept, and told afterwards."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, BIAS, STATE, FAULT, HEARTBEAT = 1, 4, 32, 33, 23


def test_a_fault_is_noted_once_with_its_time(board):
    board.start()
    board.now_us = 12_345_678
    board.fault(p.Fault.BIAS)
    board.now_us = 20_000_000
    board.fault(p.Fault.INTERNAL)
    assert board.calls.count("note_fault") == 1
    note = board.note
    assert (note.fault, note.line, note.uptime_ms, note.file) == (p.Fault.BIAS, 0, 12_345, b"")


def test_the_note_is_told_at_the_next_start(board):
    board.start()
    board.fault(p.Fault.PANEL_READ)
    board.start(cause=p.ResetCause.COMMAND)
    board.drain()
    (event,) = board.events(p.EventCode.LAST_FAULT)
    assert (event.severity, event.detail) == (p.Severity.WARNING, p.Fault.PANEL_READ)
    identity = board.ask(p.Identify(0, 0))
    assert (identity.fault, identity.reset_fault) == (p.Fault.NONE, p.Fault.PANEL_READ)
    assert board.ask(p.LastFault()) == p.FaultRecord(p.Fault.PANEL_READ, 0, 0, b"")


def test_without_a_fault_nothing_is_told(board):
    board.start(cause=p.ResetCause.EXTERNAL)
    board.drain()
    assert board.events(p.EventCode.LAST_FAULT) == []
    assert board.ask(p.Identify(0, 0)).reset_fault == p.Fault.NONE
    assert board.ask(p.LastFault()) == p.FaultRecord(p.Fault.NONE, 0, 0, b"")


def test_a_watchdog_that_left_no_note_is_the_fault(board):
    board.start(cause=p.ResetCause.WATCHDOG)
    assert board.ask(p.LastFault()).fault == p.Fault.WATCHDOG


def test_a_watchdog_after_a_fault_does_not_hide_it(board):
    board.note.fault, board.note.line, board.note.file = p.Fault.PROCESSOR, 0x08010200, b"x.c"
    board.note.uptime_ms = 77
    board.start(cause=p.ResetCause.WATCHDOG)
    expected = p.FaultRecord(p.Fault.PROCESSOR, 0x08010200, 77, b"x.c")
    assert board.ask(p.LastFault()) == expected


def test_a_name_as_long_as_its_room_is_cut_not_read_beyond(board):
    board.note.fault = p.Fault.ASSERTION
    board.note.file = b"a" * 24
    board.start()
    assert board.ask(p.LastFault()).file == b"a" * 23


@pytest.mark.parametrize("state", [5, 255])
def test_a_state_that_cannot_be_fails_an_assertion(board, library, state):
    board.start()
    board.set(BIAS, 4000)
    board.now_us = 5_000_000
    library.fpxi_test_core_set_state(board._memory, state)
    board.feed(b"")
    assert board.reset_causes == [p.ResetCause.FAULT]
    assert board.calls.index("safe_state") < board.calls.index("note_fault")
    assert (board.note.fault, board.note.file) == (p.Fault.ASSERTION, b"core.c")
    assert board.note.line > 0
    assert board.note.uptime_ms == 5000


def test_an_assertion_is_noted_even_after_another_fault(board, library):
    board.start()
    board.fault(p.Fault.BIAS)
    library.fpxi_test_core_set_state(board._memory, 99)
    board.feed(b"")
    assert board.note.fault == p.Fault.ASSERTION
    assert board.reset_causes == [p.ResetCause.FAULT]


def test_reset_names_its_cause(board):
    board.start()
    board.ask(p.Reset())
    board.drain()
    assert board.reset_causes == [p.ResetCause.COMMAND]


# --- the boot loader ------------------------------------------------------------------------------


def test_the_boot_loader_is_entered_in_the_safe_state_once_the_answer_has_left(board):
    board.start()
    board.drain()
    board.send(p.Start(0))
    board.packets.clear()
    board.calls.clear()
    sequence = board.send(p.Bootloader())
    assert "enter_bootloader" not in board.calls
    board.drain()
    assert board.answers(sequence) == [p.Ack(p.Bootloader.TYPE, 0)]
    wanted = [call for call in board.calls if call in ("safe_state", "enter_bootloader")]
    assert wanted == ["safe_state", "enter_bootloader"]
    assert board.reset_causes == []


def test_the_boot_loader_is_refused_to_the_second_link(board, bench):
    board.start()
    board.drain()
    second = bench.SecondLink(board)
    refusal = second.ask(p.Bootloader())
    assert refusal == p.Nack(p.Bootloader.TYPE, p.NackCode.NOT_SUPPORTED, 0)
    board.drain()
    second.drain()
    assert "enter_bootloader" not in board.calls
    assert second.ask(p.Start(1)).command == p.Start.TYPE  # no restart is pending


def test_a_board_without_boot_loader_says_so(native):
    device = native()
    answer = device.ask(p.Bootloader())
    assert answer == p.Nack(p.Bootloader.TYPE, p.NackCode.NOT_SUPPORTED, 0)
    device.ask(p.Start(1))
    device.run(100_000)
    assert len(device.of(p.FrameHeader)) == 1


# --- the native board -----------------------------------------------------------------------------


def test_the_note_outlives_one_reset_and_no_power_cycle(native):
    device = native()
    device.expose_result = -1
    device.ask(p.Start(0))
    device.run(1_000_000)
    device.reset(p.ResetCause.EXTERNAL)
    assert device.ask(p.Identify(0, 0)).reset_fault == p.Fault.PANEL_READ
    device.reset(p.ResetCause.EXTERNAL)
    assert device.ask(p.Identify(0, 0)).reset_fault == p.Fault.NONE
    device.ask(p.Start(0))
    device.run(2_000_000)
    device.reset(p.ResetCause.POWER_ON)
    assert device.ask(p.Identify(0, 0)).reset_fault == p.Fault.NONE


def test_a_power_cut_in_save_leaves_a_dead_device_until_power_returns(native, library):
    device = native()
    device.set(EXPOSURE, 1111)
    words = 4096 + device.ask(p.Save()).value // 4
    for cut, expected in ((0, 1111), (100, 1111), (words - 1, 1111), (words, 2222)):
        device.set(EXPOSURE, 2222)
        library.fpxi_native_cut_power(device._memory, cut)
        device.packets.clear()
        sequence = device.send(p.Save())
        device.drain()
        assert device.answers(sequence) == []
        device.reset(p.ResetCause.EXTERNAL)
        assert device.take() == b""
        device.reset(p.ResetCause.POWER_ON)
        device._arrived = b""
        device.packets.clear()
        device.drain()
        assert device.events(p.EventCode.PARAMETERS_DEFAULTED) == []
        assert device.get(EXPOSURE) == expected
        assert not device.ask(p.Save()).value % 4
