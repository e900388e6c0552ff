"""Drives a firmware device through ctypes: packets in, packets out, in virtual time."""

from __future__ import annotations

import ctypes as c
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cobs import cobs
from fpxi_readout.protocol import generated as protocol

NEVER = 2**64 - 1
PANELS = {1: (64, 64, 33), 2: (32, 32, 32)}  # rows, columns, line time in microseconds
EXTRA_LINES, REARM_US = 1, 5
REPORTS = {
    message.TYPE: message
    for message in (
        protocol.Ack,
        protocol.Nack,
        protocol.Identity,
        protocol.Value,
        protocol.Event,
        protocol.FaultRecord,
        protocol.TestResult,
        protocol.FrameHeader,
        protocol.FrameChunk,
    )
}
ANSWERS = (
    protocol.Ack,
    protocol.Nack,
    protocol.Value,
    protocol.Identity,
    protocol.FaultRecord,
    protocol.TestResult,
)


@dataclass(frozen=True)
class Taken:
    """An exposure as the panel was asked for it."""

    start_us: int
    integration_us: int
    beam_us: int
    bias_mV: int
    gain_setting: int
    cds: bool
    oversampling: int


class Exposure(c.Structure):
    _fields_ = (
        ("start_us", c.c_uint64),
        ("integration_us", c.c_uint32),
        ("beam_us", c.c_uint32),
        ("bias_mV", c.c_int32),
        ("gain_setting", c.c_uint32),
        ("cds", c.c_uint32),
        ("oversampling", c.c_uint32),
    )


Expose = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(Exposure), c.POINTER(c.c_uint16))
Temperature = c.CFUNCTYPE(c.c_int32, c.c_void_p)
SetBias = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int32)
ExposeRequest = c.CFUNCTYPE(None, c.c_void_p, c.c_uint64, c.c_uint64)


class NativeConfig(c.Structure):
    _fields_ = (
        ("context", c.c_void_p),
        ("expose", Expose),
        ("temperature", Temperature),
        ("set_bias", SetBias),
        ("expose_request", ExposeRequest),
        ("now_us", c.c_uint64),
        ("serial_number", c.c_uint8 * 16),
        ("panel", c.c_uint8),
        ("slots", c.c_uint8),
    )


Clock = c.CFUNCTYPE(c.c_uint64, c.c_void_p)


class ExposureSettings(c.Structure):
    _fields_ = (
        ("exposure_us", c.c_uint32),
        ("gain_setting", c.c_uint8),
        ("oversampling", c.c_uint8),
        ("cds", c.c_bool),
        ("request_beam", c.c_bool),
    )


class FaultNote(c.Structure):
    _fields_ = (
        ("fault", c.c_uint8),
        ("line", c.c_uint32),
        ("uptime_ms", c.c_uint32),
        ("file", c.c_char * 24),
    )


class TestOutcome(c.Structure):
    __test__ = False
    _fields_ = (
        ("outcome", c.c_uint8),
        ("expected", c.c_uint32),
        ("measured", c.c_uint32),
    )


Begin = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(ExposureSettings), c.POINTER(c.c_uint64))
ReadRow = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_uint16, c.POINTER(c.c_uint16))
Battery = c.CFUNCTYPE(c.c_uint32, c.c_void_p)
StorageRead = c.CFUNCTYPE(None, c.c_void_p, c.c_uint8, c.c_uint32, c.c_void_p, c.c_size_t)
StorageErase = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_uint8)
StorageProgram = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_uint8, c.c_uint32, c.c_uint32)
NoteFault = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(FaultNote))
# ctypes cannot return a structure from a callback: test_api.c turns this one into what the core
# asks for.
SelfTest = c.CFUNCTYPE(None, c.c_uint8, c.POINTER(TestOutcome))
Action = c.CFUNCTYPE(None, c.c_void_p)
Reset = c.CFUNCTYPE(None, c.c_void_p, c.c_uint8)
SLOT_SIZE = 16384


class Hardware(c.Structure):
    _fields_ = (
        ("context", c.c_void_p),
        ("now_us", Clock),
        ("set_bias", SetBias),
        ("begin_exposure", Begin),
        ("begin_readout", Begin),
        ("read_row", ReadRow),
        ("abandon", Action),
        ("temperature_mC", Temperature),
        ("battery_mV", Battery),
        ("storage_read", StorageRead),
        ("storage_erase", StorageErase),
        ("storage_program", StorageProgram),
        ("note_fault", NoteFault),
        ("self_test", c.c_void_p),
        ("safe_state", Action),
        ("kick_watchdog", Action),
        ("reset", Reset),
        ("enter_bootloader", Action),
    )


class AecSettings(c.Structure):
    _fields_ = (("block_size", c.c_uint8), ("reference_interval", c.c_uint16))


def load_library(path: Path) -> c.CDLL:
    library = c.CDLL(str(path))
    memory, size, byte = c.c_void_p, c.c_size_t, c.c_uint8
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "fpxi_native_abi": (c.c_uint32, []),
        "fpxi_native_size": (size, []),
        "fpxi_native_init": (c.c_int, [memory, c.POINTER(NativeConfig)]),
        "fpxi_native_receive": (None, [memory, byte, c.c_char_p, size]),
        "fpxi_native_poll": (c.c_uint64, [memory, c.c_uint64]),
        "fpxi_native_transmit": (size, [memory, byte, memory, size]),
        "fpxi_native_reset": (None, [memory, byte]),
        "fpxi_native_trigger": (None, [memory, byte, c.c_uint64]),
        "fpxi_native_cut_power": (None, [memory, c.c_uint32]),
        "fpxi_test_crc32": (c.c_uint32, [c.c_uint32, c.c_char_p, size]),
        "fpxi_test_cobs_encode": (size, [c.c_char_p, size, memory]),
        "fpxi_test_cobs_decode": (c.c_int64, [c.c_char_p, size, memory, size]),
        "fpxi_test_encode": (
            size,
            [c.POINTER(byte), c.POINTER(AecSettings), memory, memory, size, size, memory],
        ),
        "fpxi_test_aec": (size, [c.POINTER(AecSettings), memory, memory, size, memory, size]),
        "fpxi_test_queue_size": (size, []),
        "fpxi_test_queue_init": (None, [memory, memory, size]),
        "fpxi_test_queue_add": (c.c_int, [memory, c.c_char_p, size, size]),
        "fpxi_test_queue_take": (size, [memory, memory, size]),
        "fpxi_test_core_size": (size, []),
        "fpxi_test_core_init": (
            c.c_int,
            [memory, c.POINTER(Hardware), SelfTest, byte, size, byte, c.POINTER(FaultNote)],
        ),
        "fpxi_test_memory": (size, [memory, size]),
        "fpxi_test_core_set_state": (None, [memory, byte]),
        "fpxi_test_core_receive": (None, [memory, byte, c.c_char_p, size]),
        "fpxi_test_core_poll": (c.c_uint64, [memory]),
        "fpxi_test_core_transmit": (size, [memory, byte, memory, size]),
        "fpxi_test_core_fault": (None, [memory, c.c_int]),
        "fpxi_test_core_set_next_frame": (None, [memory, c.c_uint32]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@dataclass(frozen=True)
class Packet:
    type: int
    sequence: int
    payload: bytes

    @property
    def message(self) -> Any:
        return REPORTS[self.type].unpack(self.payload)


def encode(kind: int, sequence: int, payload: bytes) -> bytes:
    body = bytes([kind, sequence]) + payload
    return cobs.encode(body + struct.pack("<I", zlib.crc32(body))) + b"\0"


def decode(stuffed: bytes) -> Packet:
    body = cobs.decode(stuffed)
    assert zlib.crc32(body[:-4]) == struct.unpack("<I", body[-4:])[0]
    return Packet(body[0], body[1], body[2:-4])


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


class Bench:
    """What devices have in common: `packets` grows by whatever arrives."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.now_us = 0
        self.deadline_us = 0
        self._sequence = 0
        self._arrived = b""

    def _receive(self, data: bytes, link: int = 0) -> None:
        raise NotImplementedError

    def _poll(self) -> int:
        raise NotImplementedError

    def _transmit(self, capacity: int, link: int = 0) -> bytes:
        raise NotImplementedError

    def feed(self, data: bytes) -> None:
        """Hand bytes to the device and let it act on them, taking nothing."""
        self._receive(data)
        self.deadline_us = self._poll()

    def take(self, capacity: int = 65536) -> bytes:
        """Take bytes that the device offers, and let it go on."""
        data = self._transmit(capacity)
        *whole, self._arrived = (self._arrived + data).split(b"\0")
        self.packets += [decode(packet) for packet in whole if packet]
        self.deadline_us = self._poll()
        return data

    def drain(self) -> None:
        """Take all that the device offers now."""
        while self.take():
            pass

    def run(self, until_us: int) -> None:
        """Let time pass, waking up for every deadline, with a link that takes everything."""
        self.drain()
        while self.deadline_us <= until_us:
            self.now_us = max(self.now_us, self.deadline_us)
            self.deadline_us = self._poll()
            self.drain()
        self.now_us = until_us
        self.deadline_us = self._poll()
        self.drain()

    def run_stalled(self, until_us: int) -> None:
        """Let time pass with a link that takes nothing."""
        while self.deadline_us <= until_us:
            self.now_us = max(self.now_us, self.deadline_us)
            self.deadline_us = self._poll()
        self.now_us = until_us
        self.deadline_us = self._poll()

    def next_sequence(self) -> int:
        self._sequence = (self._sequence + 1) % 256
        return self._sequence

    def send(self, command: Any, sequence: int | None = None) -> int:
        sequence = self.next_sequence() if sequence is None else sequence
        self.feed(encode(command.TYPE, sequence, command.pack()))
        return sequence

    def answers(self, sequence: int) -> list[Any]:
        asked = {answer.TYPE for answer in ANSWERS}
        return [p.message for p in self.packets if p.type in asked and p.sequence == sequence]

    def ask(self, command: Any, sequence: int | None = None) -> Any:
        """Send a command and return its one answer."""
        self.packets.clear()
        sequence = self.send(command, sequence)
        self.drain()
        (answer,) = self.answers(sequence)
        return answer

    def get(self, parameter: int) -> int:
        value = self.ask(protocol.Get(parameter)).value
        assert isinstance(value, int)
        return value

    def set(self, parameter: int, value: int) -> Any:
        return self.ask(protocol.Set(parameter, value & 0xFFFFFFFF))

    def of(self, message: Any) -> list[Any]:
        """Return the messages of one kind that have arrived."""
        return [packet.message for packet in self.packets if packet.type == message.TYPE]

    def events(self, code: int) -> list[Any]:
        return [event for event in self.of(protocol.Event) if event.code == code]

    def frame(self, number: int) -> np.ndarray:
        """Put a frame together out of raw16 chunks."""
        (header,) = [h for h in self.of(protocol.FrameHeader) if h.frame == number]
        samples = np.zeros((header.rows, header.columns), np.uint16)
        for chunk in self.of(protocol.FrameChunk):
            if chunk.frame == number:
                rows = slice(chunk.first_row, chunk.first_row + chunk.row_count)
                samples[rows] = np.frombuffer(chunk.samples, "<u2").reshape(-1, header.columns)
        return samples


class SecondLink(Bench):
    """The other link of a device that a bench has; the device's time is the bench's."""

    def __init__(self, device: Bench) -> None:
        self._device = device
        self.packets = []
        self._sequence = 0
        self._arrived = b""

    @property
    def now_us(self) -> int:
        return self._device.now_us

    @now_us.setter
    def now_us(self, now_us: int) -> None:
        self._device.now_us = now_us

    @property
    def deadline_us(self) -> int:
        return self._device.deadline_us

    @deadline_us.setter
    def deadline_us(self, deadline_us: int) -> None:
        self._device.deadline_us = deadline_us

    def _receive(self, data: bytes, link: int = 1) -> None:
        self._device._receive(data, link)

    def _poll(self) -> int:
        return self._device._poll()

    def _transmit(self, capacity: int, link: int = 1) -> bytes:
        return self._device._transmit(capacity, link)


class NativeBench(Bench):
    """A native device; its read-out number n shows `pattern(n)` in every conversion."""

    def __init__(self, library: c.CDLL, panel: int = 2, slots: int = 4, now_us: int = 0) -> None:
        super().__init__()
        self.rows, self.columns, self.line_time_us = PANELS[panel]
        self.readout_us = (self.rows + EXTRA_LINES) * self.line_time_us + REARM_US
        self.exposures: list[Taken] = []
        self.biases: list[int] = []
        self.bias_times_us: list[int] = []
        self.requests: list[tuple[int, int]] = []
        self.expose_result = 0
        self.bias_result = 0
        self.pattern: Callable[[int], np.ndarray] = self._ramp
        self.library = library
        self.now_us = now_us
        self._buffer = c.create_string_buffer(65536)
        self._memory = c.create_string_buffer(library.fpxi_native_size())
        self.config = NativeConfig(
            context=None,
            expose=Expose(self._expose),
            temperature=Temperature(lambda _context: 21_500),
            set_bias=SetBias(self._set_bias),
            expose_request=ExposeRequest(self._expose_request),
            now_us=now_us,
            serial_number=(c.c_uint8 * 16)(*b"BENCH-1"),
            panel=panel,
            slots=slots,
        )
        assert library.fpxi_native_init(self._memory, c.byref(self.config)) == 0
        self.deadline_us = self._poll()

    def _ramp(self, frame: int) -> np.ndarray:
        count = self.rows * self.columns
        return np.arange(frame, frame + count, dtype=np.uint16).reshape(self.rows, self.columns)

    def _expose(self, _context: Any, exposure: Any, samples: Any) -> int:
        e = exposure.contents
        number = len(self.exposures)
        self.exposures.append(
            Taken(
                e.start_us,
                e.integration_us,
                e.beam_us,
                e.bias_mV,
                e.gain_setting,
                bool(e.cds),
                e.oversampling,
            )
        )
        shape = (e.oversampling, self.rows, self.columns)
        data = np.ascontiguousarray(np.broadcast_to(self.pattern(number), shape), np.uint16)
        c.memmove(samples, data.ctypes.data, data.nbytes)
        return self.expose_result

    def _set_bias(self, _context: Any, bias_mV: int) -> int:
        self.biases.append(bias_mV)
        self.bias_times_us.append(self.now_us)
        return self.bias_result

    def _expose_request(self, _context: Any, from_us: int, until_us: int) -> None:
        self.requests.append((from_us, until_us))

    def trigger(self, high: bool) -> None:
        """Set the level of the trigger input."""
        self.library.fpxi_native_trigger(self._memory, high, self.now_us)
        self.deadline_us = self._poll()

    def pulse(self, at_us: int, width_us: int) -> None:
        """Run to a time, with a pulse on the trigger input that ends there."""
        self.run(at_us)
        self.trigger(True)
        self.run(at_us + width_us)
        self.trigger(False)
        self.drain()

    def _receive(self, data: bytes, link: int = 0) -> None:
        self.library.fpxi_native_receive(self._memory, link, data, len(data))

    def _poll(self) -> int:
        deadline = self.library.fpxi_native_poll(self._memory, self.now_us)
        assert isinstance(deadline, int)
        return deadline

    def poll_at(self, now_us: int) -> int:
        """Poll once, late or not, and return the deadline."""
        self.now_us = now_us
        self.deadline_us = self._poll()
        return self.deadline_us

    def _transmit(self, capacity: int, link: int = 0) -> bytes:
        count = self.library.fpxi_native_transmit(self._memory, link, self._buffer, capacity)
        return self._buffer.raw[:count]

    def reset(self, cause: int) -> None:
        self.library.fpxi_native_reset(self._memory, cause)
        self.deadline_us = self._poll()


class BoardBench(Bench):
    """A core for panel cmos32 on hardware that the test plays."""

    def __init__(self, library: c.CDLL) -> None:
        super().__init__()
        self.library = library
        self.calls: list[str] = []
        self.results: dict[str, int] = {}
        self.storage = Storage()
        self.row_delay_us = 0
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
            now_us=Clock(lambda _context: self.now_us),
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
