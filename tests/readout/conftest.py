"""What the tests of the readout package share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.frame import Frame
from fpxi_readout.links.base import LinkLostError
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated as messages
from fpxi_readout.protocol.dictionary import Dictionary, parse
from fpxi_readout.protocol.framing import Packet, PacketDecoder, encode_packet
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def served() -> tuple[bytes, bytes]:
    """The dictionary that a tft64 serves: zlib stream and schema hash."""
    script = (
        "import definition, dictionary, sys; "
        "built = dictionary.build(definition.load(), 'tft64'); "
        "sys.stdout.buffer.write(built.schema_hash + built.compressed)"
    )
    folder = REPOSITORY / "readout" / "protocol"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, check=True
    )
    return done.stdout[32:], done.stdout[:32]


@pytest.fixture(scope="session")
def dictionary(served: tuple[bytes, bytes]) -> Dictionary:
    return parse(*served)


@pytest.fixture
def cache(tmp_path: Path) -> DictionaryCache:
    return DictionaryCache(tmp_path / "cache")


class FrameWriter:
    """The packets of frames as a device sends them."""

    def __init__(self, rows: int = 64, columns: int = 64, rows_per_chunk: int = 8) -> None:
        self.rows = rows
        self.columns = columns
        self.rows_per_chunk = rows_per_chunk
        self.chunks = -(-rows // rows_per_chunk)

    def samples(self, number: int) -> NDArray[np.uint16]:
        random = np.random.default_rng(number)
        return random.integers(0, 2**16, (self.rows, self.columns), dtype=np.uint16)

    def header(self, number: int, **changes: int) -> bytes:
        fields = {
            "frame": number,
            "timestamp_us": 1000 * number,
            "exposure_us": 500,
            "bias_mV": -7000,
            "temperature_mC": 25_500,
            "flags": 2,
            "rows": self.rows,
            "columns": self.columns,
            "chunks": self.chunks,
            "gain_setting": 3,
            "rows_per_chunk": self.rows_per_chunk,
            "first_row": 0,
            "first_column": 0,
            "binning": 1,
            "cds": 1,
            "oversampling": 1,
            "aec_block_size": 16,
            "aec_reference_interval": 128,
            "averaged": 1,
            "reference_frame": 0,
        }
        return messages.FrameHeader(**fields | changes).pack()

    def chunk(self, number: int, index: int) -> bytes:
        first = index * self.rows_per_chunk
        rows = self.samples(number)[first : first + self.rows_per_chunk]
        return messages.FrameChunk(
            frame=number,
            first_row=first,
            row_count=len(rows),
            encoding=messages.Encoding.RAW16,
            samples=rows.astype("<u2").tobytes(),
        ).pack()

    def packets(self, number: int) -> list[tuple[int, bytes]]:
        """Type and payload of the header and every chunk."""
        chunks = [(messages.FrameChunk.TYPE, self.chunk(number, i)) for i in range(self.chunks)]
        return [(messages.FrameHeader.TYPE, self.header(number)), *chunks]


@pytest.fixture
def writer() -> FrameWriter:
    return FrameWriter()


class ManualClock:
    """A clock that moves only when a scripted link is waited on."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


Report = messages.Ack | messages.Nack | messages.Identity | messages.Value
Reaction = Callable[[Packet], None]


PARAMETER_IDS = {
    "exposure_us": 1,
    "bias_mV": 4,
    "state": 32,
    "fault": 33,
    "frames_acquired": 35,
    "frames_skipped": 36,
}


HEARTBEAT_ID = 23
UPTIME_ID = 39


class ScriptedLink:
    """A link whose other end does what a test says, in no time but what reads wait for.

    `on[type]` is called with each packet of that command; it answers through `answer` and `send`.
    """

    description = "scripted:"

    def __init__(self, served: tuple[bytes, bytes]) -> None:
        self.clock = ManualClock()
        self.compressed, self.schema_hash = served
        self.identity: dict[str, int | bytes] = {}
        self.commands: list[Packet] = []
        self.lost = False
        self.closed = False
        self.next_sequence = 0
        self.on: dict[int, Reaction] = {
            messages.Identify.TYPE: self.answer_identify,
            messages.Stop.TYPE: lambda p: self.answer(p, messages.Ack(p.type, 0)),
            messages.Start.TYPE: lambda p: self.answer(p, messages.Ack(p.type, 0)),
            messages.Set.TYPE: self.answer_set,
            messages.Get.TYPE: self.answer_heartbeat,
        }
        self.heartbeat_ms = 0
        self._decoder = PacketDecoder()
        self._waiting = bytearray()

    def read(self, timeout_s: float) -> bytes:
        if self.lost:
            raise LinkLostError(self.description, "unplugged")
        if not self._waiting:
            self.clock.now_s += max(timeout_s, 1e-4)
        data = bytes(self._waiting)
        self._waiting.clear()
        return data

    def write(self, data: bytes) -> None:
        if self.lost:
            raise LinkLostError(self.description, "unplugged")
        for packet in self._decoder.feed(data):
            self.commands.append(packet)
            self.on.get(packet.type, _silence)(packet)

    def close(self) -> None:
        self.closed = True

    def of_type(self, kind: type[messages.Command]) -> list[Packet]:
        return [packet for packet in self.commands if packet.type == kind.TYPE]

    def push(self, data: bytes) -> None:
        self._waiting += data

    def answer(self, packet: Packet, report: Report) -> None:
        self.push(encode_packet(report.TYPE, packet.sequence, report.pack()))

    def send(self, kind: int, payload: bytes, *, lost: bool = False) -> None:
        """Send a packet unasked, or let the link lose it."""
        sequence = self.next_sequence
        self.next_sequence = (sequence + 1) % 256
        if not lost:
            self.push(encode_packet(kind, sequence, payload))

    def event(self, code: int, detail: int = 0, severity: int = 0) -> None:
        event = messages.Event(timestamp_us=5, severity=severity, code=code, detail=detail)
        self.send(messages.Event.TYPE, event.pack())

    def refuse(self, kind: type[messages.Command], code: int, detail: int = 0) -> None:
        """Refuse every command of a kind."""
        self.on[kind.TYPE] = lambda p: self.answer(p, messages.Nack(p.type, code, detail))

    def answer_with(self, kind: type[messages.Command], value: int) -> None:
        """Acknowledge every command of a kind with a value."""
        self.on[kind.TYPE] = lambda p: self.answer(p, messages.Ack(p.type, value))

    def answer_get(self, **values: int) -> None:
        """Answer GET for some parameters by name, others with 0."""

        def reaction(packet: Packet) -> None:
            wanted = messages.Get.unpack(packet.payload).parameter
            found = {PARAMETER_IDS[name]: value for name, value in values.items()}
            self.answer(packet, messages.Value(wanted, found.get(wanted, 0)))

        self.on[messages.Get.TYPE] = reaction

    def serve_resend(self, writer: FrameWriter, *, deaf: int = 0) -> None:
        """Answer RESEND with the packet, but only every `deaf + 1`th."""
        heard = [0]

        def reaction(packet: Packet) -> None:
            heard[0] += 1
            if heard[0] % (deaf + 1) == 0:
                wanted = messages.Resend.unpack(packet.payload)
                index = 0 if wanted.chunk == 65535 else wanted.chunk + 1
                self.send(*writer.packets(wanted.frame)[index])

        self.on[messages.Resend.TYPE] = reaction

    def drain(self, panel: Panel, seconds: float) -> list[Frame]:
        """Poll until the run is over, or so long by the link's clock."""
        end = self.clock.now_s + seconds
        frames: list[Frame] = []
        while panel.acquiring and self.clock.now_s < end:
            frames += panel.poll(0.05)
        return frames

    def answer_identify(self, packet: Packet) -> None:
        command = messages.Identify.unpack(packet.payload)
        fields: dict[str, int | bytes] = {
            "magic": b"FPXI",
            "protocol_major": messages.PROTOCOL_VERSION[0],
            "protocol_minor": messages.PROTOCOL_VERSION[1],
            "firmware_major": 0,
            "firmware_minor": 1,
            "firmware_patch": 2,
            "reset_cause": 0,
            "fault": 0,
            "reset_fault": 0,
            "serial_number": b"S-1".ljust(16, b"\0"),
            "schema_hash": self.schema_hash,
            "dictionary_size": len(self.compressed),
            "offset": command.offset,
            "piece": self.compressed[command.offset : command.offset + command.count],
        }
        self.answer(packet, messages.Identity(**fields | self.identity))  # type: ignore[arg-type]

    def answer_heartbeat(self, packet: Packet) -> None:
        """Tell the heartbeat's time-out and the time since start-up; of others, nothing."""
        wanted = messages.Get.unpack(packet.payload).parameter
        told = {HEARTBEAT_ID: self.heartbeat_ms, UPTIME_ID: int(1e3 * self.clock.now_s)}
        if wanted in told:
            self.answer(packet, messages.Value(wanted, told[wanted]))

    def answer_set(self, packet: Packet) -> None:
        command = messages.Set.unpack(packet.payload)
        self.answer(packet, messages.Value(command.parameter, command.value))


def _silence(packet: Packet) -> None:
    del packet


@pytest.fixture
def link(served: tuple[bytes, bytes]) -> ScriptedLink:
    return ScriptedLink(served)


@pytest.fixture
def panel(link: ScriptedLink, cache: DictionaryCache) -> Iterator[Panel]:
    """A panel on the scripted link."""
    panel = Panel.connect(link, cache=cache, clock=link.clock)
    link.commands.clear()
    yield panel
    panel.close()


class SharedTimeLink:
    """A device and its host on one clock, which moves while the host waits."""

    description = "shared:"

    def __init__(self, url: str) -> None:
        specification = SimulationSpecification.from_url(url)
        self.device = SimulatedDevice(replace(specification, time="virtual"))

    def clock(self) -> float:
        return self.device.clock.now_us() * 1e-6

    def read(self, timeout_s: float) -> bytes:
        end_us = self.device.clock.now_us() + max(int(timeout_s * 1e6), 1)
        data = self.device.step()
        while not data and self.device.clock.now_us() < end_us:
            due_us = self.device.deadline_us()
            self.device.clock.wait_s(end_us if due_us is None else min(due_us, end_us))
            data = self.device.step()
        return data

    def write(self, data: bytes) -> None:
        self.device.feed(data)

    def close(self) -> None:
        """Leave the device as it is."""


@pytest.fixture
def shared_time_link() -> Callable[[str], SharedTimeLink]:
    """Make a link to the simulated device of a URL."""
    return SharedTimeLink
