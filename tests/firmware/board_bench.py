"""Drives a core on hardware that the test plays, its non-volatile memory included."""

from __future__ import annotations

import ctypes as c
from typing import Any

from firmware_tests_bench import Bench
from firmware_tests_interface import (
    SLOT_SIZE,
    Action,
    Battery,
    Begin,
    Clock,
    FaultNote,
    Hardware,
    NoteFault,
    ReadRow,
    Reset,
    SelfTest,
    SetBias,
    StorageErase,
    StorageProgram,
    StorageRead,
    Temperature,
)
from fpxi_readout.protocol import generated as protocol


class Storage:
    """Two slots of flash memory whose power can fail within any word.

    `words_left`: how many words are still erased or programmed before it fails; None: it does not.
    Of the word at which it fails, the bits in `torn` keep (or, erased, get) the value 1.
    """

    def __init__(self) -> None:
        self.content = bytearray(b"\xff" * 2 * SLOT_SIZE)
        self.words_left: int | None = None
        self.torn = 0xFFFFFFFF

    @property
    def dark(self) -> bool:
        return self.words_left is not None and self.words_left < 0

    def read(self, slot: int, offset: int, size: int) -> bytes:
        start = slot * SLOT_SIZE + offset
        return bytes(self.content[start : start + size])

    def erase(self, slot: int) -> int:
        whole = SLOT_SIZE if self.words_left is None else 4 * max(self.words_left, 0)
        start = slot * SLOT_SIZE
        end = start + min(whole, SLOT_SIZE)
        self.content[start:end] = b"\xff" * (end - start)
        if whole < SLOT_SIZE and not self.dark:
            old = int.from_bytes(self.content[end : end + 4], "little")
            self.content[end : end + 4] = (old | self.torn).to_bytes(4, "little")
        if self.words_left is not None:
            self.words_left = max(self.words_left - SLOT_SIZE // 4, -1)
        return -1 if self.dark else 0

    def program(self, slot: int, offset: int, word: int) -> int:
        if self.dark:
            return -1
        if self.words_left is not None:
            word |= self.torn if self.words_left == 0 else 0
            self.words_left -= 1
        start = slot * SLOT_SIZE + offset
        assert offset % 4 == 0
        assert self.content[start : start + 4] == b"\xff" * 4, "programmed without erasing"
        self.content[start : start + 4] = word.to_bytes(4, "little")
        return -1 if self.dark else 0


class BoardBench(Bench):
    """A core for panel cmos32 on hardware that the test plays."""

    def __init__(self, library: c.CDLL) -> None:
        super().__init__()
        self.library = library
        self.calls: list[str] = []
        self.results: dict[str, int] = {}
        self.storage = Storage()
        self.row_delay_us = 0
        self.clock_step_us = 0  # time that passes whenever the clock is read
        self.battery_mV = 3700
        self.note = FaultNote()
        self.outcome = (protocol.TestOutcome.NOT_SUPPORTED, 0, 0)
        self.tests: list[int] = []
        self.reset_causes: list[int] = []
        self._readout_us = 0
        self._buffer = c.create_string_buffer(65536)
        self._memory = c.create_string_buffer(library.fpxi_test_core_size())
        self._self_test = SelfTest(self._answer_self_test)
        self._hardware = Hardware(
            context=None,
            now_us=Clock(self._read_clock),
            set_bias=SetBias(lambda _context, bias_mV: self._call(f"set_bias {bias_mV}")),
            begin_exposure=Begin(self._begin_exposure),
            begin_readout=Begin(self._begin_readout),
            read_row=ReadRow(self._read_row),
            abandon=Action(lambda _context: self.calls.append("abandon")),
            temperature_mC=Temperature(lambda _context: -40_000),
            battery_mV=Battery(lambda _context: self.battery_mV),
            storage_read=StorageRead(self._storage_read),
            storage_erase=StorageErase(self._storage_erase),
            storage_program=StorageProgram(self._storage_program),
            note_fault=NoteFault(self._note_fault),
            self_test=None,
            safe_state=Action(lambda _context: self.calls.append("safe_state")),
            kick_watchdog=Action(lambda _context: self.calls.append("kick_watchdog")),
            reset=Reset(self._reset),
            enter_bootloader=Action(lambda _context: self.calls.append("enter_bootloader")),
        )

    def start(self, slots: int = 2, transmit_size: int = 0, cause: int = 0) -> int:
        """Start with the last fault's note; a transmit size of 0 is a generous one."""
        note, self.note = self.note, FaultNote()
        result = self.library.fpxi_test_core_init(
            self._memory,
            c.byref(self._hardware),
            self._self_test,
            slots,
            transmit_size,
            cause,
            c.byref(note),
        )
        assert isinstance(result, int)
        if result == 0:
            self.deadline_us = self._poll()
        return result

    def fault(self, reason: int) -> None:
        self.library.fpxi_test_core_fault(self._memory, reason)

    def set_next_frame(self, frame: int) -> None:
        self.library.fpxi_test_core_set_next_frame(self._memory, frame)

    def _call(self, call: str) -> int:
        self.calls.append(call)
        return self.results.get(call.split(maxsplit=1)[0], 0)

    def _read_clock(self, _context: Any) -> int:
        self.now_us += self.clock_step_us
        return self.now_us

    def _begin_exposure(self, _context: Any, _exposure: Any, began_us: Any) -> int:
        began_us[0] = self.now_us
        return self._call("begin_exposure")

    def _begin_readout(self, _context: Any, _following: Any, began_us: Any) -> int:
        began_us[0] = self._readout_us = self.now_us
        return self._call("begin_readout")

    def _read_row(self, _context: Any, row: int, samples: Any) -> int:
        if self.now_us < self._readout_us + self.row_delay_us:
            return 1
        c.memset(samples, row, 64)
        return self.results.get("read_row", 0)

    def _note_fault(self, _context: Any, note: Any) -> None:
        self.note = FaultNote.from_buffer_copy(note.contents)
        self.calls.append("note_fault")

    def _reset(self, _context: Any, cause: int) -> None:
        self.reset_causes.append(cause)
        self.calls.append("reset")

    def _answer_self_test(self, test: int, outcome: Any) -> None:
        self.tests.append(test)
        outcome.contents.outcome, outcome.contents.expected, outcome.contents.measured = (
            self.outcome
        )

    def _storage_read(self, _context: Any, slot: int, offset: int, data: Any, size: int) -> None:
        c.memmove(data, self.storage.read(slot, offset, size), size)

    def _storage_erase(self, _context: Any, slot: int) -> int:
        return self._call("storage_erase") or self.storage.erase(slot)

    def _storage_program(self, _context: Any, slot: int, offset: int, word: int) -> int:
        return self.results.get("storage_program", 0) or self.storage.program(slot, offset, word)

    def _receive(self, data: bytes, link: int = 0) -> None:
        self.library.fpxi_test_core_receive(self._memory, link, data, len(data))

    def _poll(self) -> int:
        deadline = self.library.fpxi_test_core_poll(self._memory)
        assert isinstance(deadline, int)
        return deadline

    def _transmit(self, capacity: int, link: int = 0) -> bytes:
        count = self.library.fpxi_test_core_transmit(self._memory, link, self._buffer, capacity)
        return self._buffer.raw[:count]
