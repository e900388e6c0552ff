"""What the device sends unasked: events, and frame packets on their way to the run."""

from __future__ import annotations

from collections import deque

from fpxi_readout.connection import ANSWER_TYPES
from fpxi_readout.protocol.errors import ProtocolError
from fpxi_readout.protocol.framing import Packet
from fpxi_readout.protocol.generated import (
    Event,
    EventCode,
    FrameChunk,
    FrameHeader,
)
from fpxi_readout.protocol.sequence import SequenceTracker
from fpxi_readout.run import Run

MOST_EVENTS = 4096
# Of a run that was on when the device was met, until it is known whether it is the host's.
MOST_HELD = 8192
FRAME_TYPES = frozenset((FrameHeader.TYPE, FrameChunk.TYPE))


class Inbox:
    """Sorts unasked packets and follows their running number.

    At first frame packets are held: they may be of a run that is about to be resumed.
    """

    def __init__(self) -> None:
        self.sequence = SequenceTracker()
        self.malformed = 0
        self.events_dropped = 0
        self.booted: Event | None = None
        """the last BOOT event since `attach` or `forget`"""
        self.fault: Event | None = None
        """the last FAULT event since `attach` or `forget`"""
        self.left: Event | None = None
        """the last STREAM_LEFT event since `attach` or `forget`"""
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._run: Run | None = None
        self._held: list[tuple[Packet, bool]] | None = []
        self._last_frame_packet: int | None = None

    def hold(self) -> None:
        """Keep frame packets from now on: START is under way and the run is not known yet.

        When too many come the later ones are dropped, as if the link had lost them.
        """
        self.forget()
        self._run = None
        self._held = []

    def attach(self, run: Run | None) -> None:
        """Give frame packets to a run from now on, those that were held first."""
        held, self._held = self._held or [], None
        self._run = run
        self.left = None  # what was told before START was answered is over
        if run is not None:
            for packet, contiguous in held:
                run.frame_packet(packet, contiguous=contiguous)

    def has_booted(self) -> bool:
        """Whether the device said that it has started, since `attach` or `forget`."""
        return self.booted is not None

    def forget(self) -> None:
        """Forget that a BOOT, FAULT or STREAM_LEFT event came."""
        self.booted = None
        self.fault = None
        self.left = None

    def take_events(self) -> list[Event]:
        """Return the events that came since the last call."""
        events = list(self._events)
        self._events.clear()
        return events

    def packet(self, packet: Packet) -> None:
        """Take a packet that no command waits for."""
        try:
            if packet.type in FRAME_TYPES:
                self.sequence.take(packet.sequence)
                self._frame_packet(packet)
            elif packet.type in ANSWER_TYPES:
                if self._run is not None:
                    self._run.answer(packet)
            elif packet.type == Event.TYPE:
                self._event(Event.unpack(packet.payload), packet.sequence)
            else:  # a report that only newer hosts know
                self.sequence.take(packet.sequence)
        except ProtocolError:
            self.malformed += 1

    def _frame_packet(self, packet: Packet) -> None:
        last, self._last_frame_packet = self._last_frame_packet, packet.sequence
        contiguous = last is not None and self.sequence.unbroken(last, packet.sequence)
        if self._run is not None:
            self._run.frame_packet(packet, contiguous=contiguous)
        elif self._held is not None:
            self._hold(packet, contiguous)

    def _hold(self, packet: Packet, contiguous: bool) -> None:
        assert self._held is not None
        if len(self._held) < MOST_HELD:
            self._held.append((packet, contiguous))
        else:
            self._last_frame_packet = None

    def _event(self, event: Event, sequence: int) -> None:
        if event.code == EventCode.BOOT:
            self.booted = event
            self.sequence.restart(sequence)
        else:
            self.sequence.take(sequence)
        if event.code == EventCode.FAULT:
            self.fault = event
        if event.code == EventCode.STREAM_LEFT:
            self.left = event
        self.events_dropped += len(self._events) == MOST_EVENTS
        self._events.append(event)
