"""What the device sends unasked: events, and frame packets on their way to the run."""

from __future__ import annotations

from collections import deque

from fpxi_readout.protocol.errors import ProtocolError
from fpxi_readout.protocol.framing import Packet
from fpxi_readout.protocol.generated import (
    Ack,
    Event,
    EventCode,
    FrameChunk,
    FrameHeader,
    Identity,
    Nack,
    Value,
)
from fpxi_readout.run import Run

MOST_EVENTS = 4096
FRAME_TYPES = frozenset((FrameHeader.TYPE, FrameChunk.TYPE))
ANSWER_TYPES = frozenset((Ack.TYPE, Nack.TYPE, Identity.TYPE, Value.TYPE))


class Inbox:
    """Sorts unasked packets and notices gaps in their counter."""

    def __init__(self) -> None:
        self.packets_lost = 0
        self.malformed = 0
        self.events_dropped = 0
        self.booted: Event | None = None
        """the last BOOT event since `attach` or `forget`"""
        self.fault: Event | None = None
        """the last FAULT event since `attach` or `forget`"""
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._run: Run | None = None
        self._held: list[tuple[Packet, bool]] | None = None
        self._next_sequence: int | None = None
        self._gap = False

    def hold(self) -> None:
        """Keep frame packets from now on: START is under way and the run is not known yet."""
        self.forget()
        self._run = None
        self._held = []

    def attach(self, run: Run | None) -> None:
        """Give frame packets to a run from now on, those that were held first."""
        held, self._held = self._held or [], None
        self._run = run
        if run is not None:
            for packet, contiguous in held:
                run.frame_packet(packet, contiguous=contiguous)

    def forget(self) -> None:
        """Forget that a BOOT or FAULT event came."""
        self.booted = None
        self.fault = None

    def take_events(self) -> list[Event]:
        """Return the events that came since the last call."""
        events = list(self._events)
        self._events.clear()
        return events

    def packet(self, packet: Packet) -> None:
        """Take a packet that no command waits for."""
        try:
            if packet.type in FRAME_TYPES:
                self._count_gap(packet.sequence)
                self._frame_packet(packet)
            elif packet.type in ANSWER_TYPES:
                if self._run is not None:
                    self._run.answer(packet)
            else:
                self._count_gap(packet.sequence)
                if packet.type == Event.TYPE:
                    self._event(Event.unpack(packet.payload))
        except ProtocolError:
            self.malformed += 1

    def _frame_packet(self, packet: Packet) -> None:
        contiguous = not self._gap
        self._gap = False
        if self._run is not None:
            self._run.frame_packet(packet, contiguous=contiguous)
        elif self._held is not None:
            self._held.append((packet, contiguous))

    def _count_gap(self, sequence: int) -> None:
        if sequence != self._next_sequence and self._next_sequence is not None:
            missing = (sequence - self._next_sequence) & 0xFF
            if missing >= 0x80:  # a packet that the link delivered twice
                return
            self.packets_lost += missing
            self._gap = True
        self._next_sequence = (sequence + 1) & 0xFF

    def _event(self, event: Event) -> None:
        if event.code == EventCode.BOOT:
            self.booted = event
            self._next_sequence = None
        elif event.code == EventCode.FAULT:
            self.fault = event
        self.events_dropped += len(self._events) == MOST_EVENTS
        self._events.append(event)
