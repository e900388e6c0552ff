"""Drives a firmware device through ctypes: packets in, packets out, in virtual time."""

from __future__ import annotations

import ctypes as c
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from cobs import cobs
from firmware_tests_interface import (
    Battery,
    Expose,
    ExposeRequest,
    NativeConfig,
    SetBias,
    Temperature,
)
from fpxi_readout.protocol import generated as protocol

NEVER = 2**64 - 1
PANELS = {  # rows, columns, line time in microseconds
    1: (64, 64, 33),
    2: (32, 32, 32),
    3: (1, 1, 50),
    4: (1, 64, 33),
    5: (7, 11, 50),
    6: (256, 256, 10),
}
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
        self.battery_mV = 0
        self.pattern: Callable[[int], np.ndarray] = self._ramp
        self.library = library
        self.now_us = now_us
        self._buffer = c.create_string_buffer(65536)
        self._memory = c.create_string_buffer(library.fpxi_native_size(panel))
        self.config = NativeConfig(
            context=None,
            expose=Expose(self._expose),
            temperature=Temperature(lambda _context: 21_500),
            battery=Battery(lambda _context: self.battery_mV),
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
