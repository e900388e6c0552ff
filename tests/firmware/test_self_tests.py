"""SELF_TEST: each test's outcome, those that restart the device, and what it may not do."""

from __future__ import annotations

import ctypes
import mmap
import sys

import numpy as np
import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, STATE = 1, 32


def result(test, outcome=p.TestOutcome.PASSED, expected=0, measured=0):
    return p.TestResult(test, outcome, expected, measured)


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_good_memory_passes_and_loses_its_content(library, count):
    memory = np.full(count + 2, 0x1234, np.uint16)
    address = memory.ctypes.data + 2
    assert library.fpxi_test_memory(address, count) == count
    assert memory[0] == memory[-1] == 0x1234


@pytest.mark.skipif(sys.platform != "linux", reason="one page at two addresses needs Linux")
def test_addresses_that_are_not_told_apart_are_found(library):
    """Two pages of addresses on one page of memory: an address line that is stuck."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    page, shared, fixed = mmap.PAGESIZE, 1, 0x10
    file = libc.memfd_create(b"page", 0)
    libc.ftruncate(file, page)
    room = libc.mmap(None, 2 * page, 3, shared, file, 0)
    assert libc.mmap(room + page, page, 3, shared | fixed, file, 0) == room + page
    words = page // 2
    assert library.fpxi_test_memory(room, words) == words
    assert library.fpxi_test_memory(room, 2 * words) == words
    libc.munmap(room, 2 * page)


def test_memory_gives_up_the_frames_and_nothing_else(native):
    device = native()
    device.set(EXPOSURE, 5000)
    device.ask(p.Start(1))
    device.run(100_000)
    assert device.ask(p.SelfTest(p.BoardTest.MEMORY)) == result(p.BoardTest.MEMORY)
    answer = device.ask(p.Resend(0, 0))
    assert answer == p.Nack(p.Resend.TYPE, p.NackCode.FRAME_GONE, 0)
    assert device.get(EXPOSURE) == 5000
    device.ask(p.Start(1))
    device.run(200_000)
    assert (device.frame(1) == device.pattern(1)).all()


# --- storage --------------------------------------------------------------------------------------


def test_storage_tells_sets_held_and_sets_that_are_sound(board):
    board.start()
    test = p.BoardTest.STORAGE
    assert board.ask(p.SelfTest(test)) == result(test)
    board.ask(p.Save())
    assert board.ask(p.SelfTest(test)) == result(test, expected=1, measured=1)
    board.ask(p.Save())
    assert board.ask(p.SelfTest(test)) == result(test, expected=2, measured=2)
    board.storage.content[60] ^= 1
    failed = result(test, p.TestOutcome.FAILED, expected=2, measured=1)
    assert board.ask(p.SelfTest(test)) == failed
    board.ask(p.Save())
    assert board.ask(p.SelfTest(test)) == result(test, expected=2, measured=2)


# --- what the board tests -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "test", [p.BoardTest.CLOCK, p.BoardTest.BIAS_LOOP, p.BoardTest.FIRMWARE, 200]
)
def test_the_board_is_asked_for_the_rest(board, test):
    board.start()
    board.outcome = (p.TestOutcome.FAILED, 168_000, 150_000)
    expected = result(test, p.TestOutcome.FAILED, 168_000, 150_000)
    assert board.ask(p.SelfTest(test)) == expected
    assert board.tests == [test]


def test_a_test_that_the_board_lacks_is_not_supported(native):
    for test in (p.BoardTest.CLOCK, p.BoardTest.BIAS_LOOP, p.BoardTest.FIRMWARE, 200):
        answer = native().ask(p.SelfTest(test))
        assert answer == result(test, p.TestOutcome.NOT_SUPPORTED)


def test_a_repeated_self_test_is_answered_again_and_not_run_again(board):
    board.start()
    for _ in range(2):
        board.ask(p.SelfTest(p.BoardTest.CLOCK), sequence=9)
    assert board.tests == [p.BoardTest.CLOCK]


def test_self_tests_are_refused_while_acquiring(native):
    device = native()
    device.ask(p.Start(0))
    answer = device.ask(p.SelfTest(p.BoardTest.MEMORY))
    assert answer == p.Nack(p.SelfTest.TYPE, p.NackCode.BUSY, p.State.EXPOSING)


# --- those that restart the device ----------------------------------------------------------------


def test_an_assertion_on_purpose_restarts_and_is_reported(native):
    device = native()
    device.run(3_000_000)
    device.ask(p.Save())
    device.packets.clear()
    test = p.BoardTest.ASSERTION
    sequence = device.send(p.SelfTest(test))
    device.drain()
    assert device.answers(sequence) == [result(test)]
    assert [e.detail for e in device.events(p.EventCode.BOOT)] == [p.ResetCause.FAULT]
    assert [e.detail for e in device.events(p.EventCode.LAST_FAULT)] == [p.Fault.ASSERTION]
    identity = device.ask(p.Identify(0, 0))
    assert (identity.reset_cause, identity.reset_fault) == (p.ResetCause.FAULT, p.Fault.ASSERTION)
    record = device.ask(p.LastFault())
    assert (record.fault, record.file, record.uptime_ms) == (p.Fault.ASSERTION, b"restart.c", 3000)
    assert record.line > 0


def test_a_hang_on_purpose_ends_by_the_watchdog_after_a_second(native):
    device = native()
    device.run(3_000_000)
    device.packets.clear()
    sequence = device.send(p.SelfTest(p.BoardTest.WATCHDOG))
    device.drain()
    assert device.answers(sequence) == [result(p.BoardTest.WATCHDOG)]
    silent = device.send(p.Get(STATE))
    device.run(3_999_999)
    assert device.answers(silent) == []
    assert device.events(p.EventCode.BOOT) == []
    device.run(4_000_000)
    assert [e.detail for e in device.events(p.EventCode.BOOT)] == [p.ResetCause.WATCHDOG]
    assert device.ask(p.LastFault()).fault == p.Fault.WATCHDOG
    assert device.get(STATE) == p.State.IDLE


def test_a_device_that_is_merely_idle_is_not_bitten(native):
    device = native()
    device.drain()
    device.packets.clear()
    device.run(60_000_000)
    assert device.events(p.EventCode.BOOT) == []


def test_start_and_further_tests_are_refused_until_the_restart(board):
    board.start()
    board.drain()
    board.send(p.SelfTest(p.BoardTest.ASSERTION))
    refused = (p.Start(0), p.SelfTest(p.BoardTest.MEMORY))
    sequences = [board.send(command) for command in refused]
    assert board.reset_causes == []
    board.drain()
    for command, sequence in zip(refused, sequences, strict=True):
        nack = p.Nack(command.TYPE, p.NackCode.BUSY, p.State.IDLE)
        assert board.answers(sequence) == [nack]
    assert board.reset_causes == [p.ResetCause.FAULT]
