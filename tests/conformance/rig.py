"""A simulated device in virtual time, spoken to packet by packet."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_readout.frame import Frame
from fpxi_readout.protocol import generated as p
from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.framing import Packet, PacketDecoder, encode_packet

ANSWERS = (p.Ack, p.Nack, p.Identity, p.Value, p.FaultRecord, p.TestResult)
REPORTS = {message.TYPE: message for message in (*ANSWERS, p.Event)}
ANSWER_LIMIT_US = 2_000_000
DEFINITION = Path(__file__).resolve().parents[2] / "readout" / "protocol" / "protocol.toml"
_DEFINED = tomllib.loads(DEFINITION.read_text(encoding="utf-8"))
PARAMETERS = _DEFINED["parameters"]
DEFINITION_PANELS = _DEFINED["panels"]


class Rig:
    """A device on one board; `packets` grows by whatever arrives on its host link."""

    def __init__(self, board: str, panel: str, **settings: object) -> None:
        extra = "".join(f"&{key}={value}" for key, value in settings.items())
        url = f"sim:{panel}?time=virtual&board={board}{extra}"
        self.panel = p.PANELS[panel]
        self.device = SimulatedDevice(SimulationSpecification.from_url(url))
        self.packets: list[Packet] = []
        self._decoder = PacketDecoder()
        self._sequence = 0
        self._assembler: FrameAssembler | None = None

    # --- Time -----------------------------------------------------------------------------------

    @property
    def now_us(self) -> int:
        return self.device.clock.now_us()

    def step(self, until_us: int) -> bool:
        """Go on to what happens next, at most to `until_us`; False once that is reached."""
        arrived = self._decoder.feed(self.device.step())
        self.packets += arrived
        for packet in arrived:
            self._assemble(packet)
        if arrived:
            return True
        due_us = self.device.deadline_us()
        next_us = until_us if due_us is None else min(max(due_us, self.now_us), until_us)
        if self.now_us >= until_us:
            return False
        self.device.clock.wait_s(max(next_us, self.now_us + 1))
        return True

    def run(self, duration_us: int) -> None:
        """Let time pass."""
        end_us = self.now_us + duration_us
        while self.step(end_us):
            pass

    # --- Commands -------------------------------------------------------------------------------

    def send(self, command: Any, payload: bytes | None = None) -> int:
        """Send a command (with another payload than its own, if given); return its number."""
        self._sequence = (self._sequence + 1) % 256
        body = command.pack() if payload is None else payload
        kind = command if isinstance(command, int) else command.TYPE
        self.device.feed(encode_packet(kind, self._sequence, body))
        return self._sequence

    def answer(self, sequence: int) -> Any:
        """Return the answer to a command; fails where none comes."""
        kinds = {message.TYPE for message in ANSWERS}
        end_us = self.now_us + ANSWER_LIMIT_US
        going = True
        while going:
            for packet in self.packets:
                if packet.sequence == sequence and packet.type in kinds:
                    return REPORTS[packet.type].unpack(packet.payload)
            going = self.step(end_us)
        raise AssertionError(f"no answer to command {sequence}")

    def ask(self, command: Any, payload: bytes | None = None) -> Any:
        """Send a command and return its answer."""
        self.packets.clear()
        return self.answer(self.send(command, payload))

    def get(self, name: str) -> int:
        """Read a parameter as the wire carries it."""
        value = self.ask(p.Get(parameter_id(name))).value
        assert isinstance(value, int)
        return value

    def set(self, **values: int) -> None:
        """Set parameters; fails where one is refused."""
        for name, value in values.items():
            answer = self.ask(p.Set(parameter_id(name), value & 0xFFFFFFFF))
            assert answer == p.Value(parameter_id(name), value & 0xFFFFFFFF), (name, answer)

    def events(self, code: p.EventCode) -> list[Any]:
        """Return the events of one kind among `packets`."""
        events = [p.Event.unpack(x.payload) for x in self.packets if x.type == p.Event.TYPE]
        return [event for event in events if event.code == code]

    # --- Frames ---------------------------------------------------------------------------------

    def start(self, frames: int) -> int:
        """Begin a run; return the number of its first frame."""
        answer = self.ask(p.Start(frames))
        assert isinstance(answer, p.Ack), answer
        self.follow(answer.value)
        return int(answer.value)

    def follow(self, first_frame: int) -> None:
        """Put together the frames from a number on, those that came with START's answer too."""
        reliable = False
        self._assembler = FrameAssembler(self.panel, first_frame=first_frame, reliable=reliable)
        for packet in self.packets:
            self._assemble(packet)

    def frames(self, count: int, limit_us: int = 3_000_000) -> list[Frame]:
        """Return the next frames of the run; fails where they do not come in time."""
        assert self._assembler is not None
        taken: list[Frame] = []
        end_us = self.now_us + limit_us
        going = True
        while going and len(taken) < count:
            going = self.step(end_us)
            taken += self._assembler.take()
        assert len(taken) == count, f"{len(taken)} of {count} frames"
        assert all(frame.row_received.all() for frame in taken)
        return taken

    def capture(self, count: int = 1, **settings: int) -> list[Frame]:
        """Set parameters and take frames."""
        self.set(**settings)
        self.start(count)
        return self.frames(count)

    def _assemble(self, packet: Packet) -> None:
        if self._assembler is None:
            return
        if packet.type == p.FrameHeader.TYPE:
            self._assembler.add_header(packet.payload)
        elif packet.type == p.FrameChunk.TYPE:
            self._assembler.add_chunk(packet.payload)


def parameter_id(name: str) -> int:
    return int(PARAMETERS[name]["id"])


def samples(frames: list[Frame]) -> np.ndarray:
    return np.stack([frame.samples for frame in frames])
