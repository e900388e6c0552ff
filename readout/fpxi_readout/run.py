"""One acquisition, from START until every frame is accounted for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from fpxi_readout.connection import Connection
from fpxi_readout.frame import Absence, Frame
from fpxi_readout.life import Life
from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.counters import FrameCounters
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.framing import Packet
from fpxi_readout.protocol.generated import FrameHeader, Get, Nack, Release, Resend, Value
from fpxi_readout.protocol.geometry import PanelGeometry
from fpxi_readout.resend import ResendScheduler

FIRST_HEARTBEAT_S = 0.2
LONGEST_HEARTBEAT_S = 2.0


class Run:
    """Frames of one acquisition, and the timers that keep it from waiting for what is lost.

    It may outlive its connection: `go_on` takes another one to the same device.
    While no frame packet arrives, the device is asked how many frames it has acquired, and whether
    a fault is latched (the heartbeat).
    In reliable delivery, frames that exist and have not come are then asked for. In live
    delivery, frames that already existed at one heartbeat and of which nothing more has come by
    the next will not come any more.
    """

    def __init__(
        self,
        connection: Connection,
        geometry: PanelGeometry,
        counters: FrameCounters,
        *,
        first_frame: int,
        frames: int,
        reliable: bool,
        acquired_parameter: int | None,
        fault_parameter: int | None,
        life: Life | None = None,
    ) -> None:
        self.first_frame = first_frame
        self.life = life
        """what the device said of itself just before START; None: not asked"""
        self.end: int | None = first_frame + frames if frames else None
        """one more than the last frame's number, once that is known"""
        self.restarted = False
        """the device has acquired fewer frames than it sent: it must have restarted"""
        self.fault = 0
        """the latched fault that the heartbeat found"""
        self.stop_asked = False
        """STOP has been sent, and perhaps not been answered"""
        self.settled = False
        """the device has been asked how many frames it skipped, or can tell no more"""
        self.assembler = FrameAssembler(
            geometry, first_frame=first_frame, reliable=reliable, counters=counters
        )
        self._connection = connection
        self._reliable = reliable
        self._acquired_parameter = acquired_parameter
        self._asked_parameters = [p for p in (acquired_parameter, fault_parameter) if p is not None]
        self._gap_end: int | None = None
        self._begin_on(connection)

    @classmethod
    def of_device(
        cls,
        connection: Connection,
        dictionary: Dictionary,
        counters: FrameCounters,
        *,
        first_frame: int,
        frames: int,
        reliable: bool,
        life: Life | None = None,
    ) -> Self:
        """Begin a run of a device that may lack the parameters of the heartbeat."""
        parameters = dictionary.parameters
        acquired, fault = parameters.get("frames_acquired"), parameters.get("fault")
        return cls(
            connection,
            dictionary.panel,
            counters,
            first_frame=first_frame,
            frames=frames,
            reliable=reliable,
            acquired_parameter=acquired.id if acquired else None,
            fault_parameter=fault.id if fault else None,
            life=life,
        )

    def _begin_on(self, connection: Connection) -> None:
        """Set everything that belongs to one connection."""
        self._connection = connection
        self._resend = ResendScheduler(self.assembler, connection.send, reliable=self._reliable)
        self._released = self.first_frame
        self._heartbeat_s = FIRST_HEARTBEAT_S
        # Of the last heartbeat: the parameters asked for, by sequence number.
        self._asked: dict[int, int] = {}
        self._last_heartbeat_s = connection.clock()
        self._last_news_s = connection.clock()
        self._existing: int | None = None

    def count_in(self, counters: FrameCounters) -> None:
        """Count what comes of the frames from now on elsewhere."""
        self.assembler.count_in(counters)

    def go_on(self, connection: Connection, existing: int) -> None:
        """Continue on another connection of a device that has gone on.

        Every frame below `existing` has been read out.
        """
        self._begin_on(connection)
        self._gap_end = existing
        if self._reliable:
            self._expect(existing)

    def gap_has_closed(self) -> bool:
        """Tell, once for each `go_on`, when frames come again: the absent ones are known then."""
        closed = self._gap_end is not None and self.assembler.end_arrived >= self._gap_end
        if closed:
            self._gap_end = None
        return closed

    @property
    def finished(self) -> bool:
        """Whether every frame has been delivered or given up."""
        return self.end is not None and self.assembler.next_due >= self.end

    @property
    def drained(self) -> bool:
        """Whether the run is finished and every frame has been taken."""
        return self.finished and not self.assembler.frames_ready

    @property
    def absent_at_end(self) -> Absence:
        """Frames lost or skipped after the last one that was taken."""
        return self.assembler.absent_at_end

    @property
    def resend_requests(self) -> int:
        """How many RESENDs were sent."""
        return self._resend.requests_sent

    def stop_at(self, end: int) -> None:
        """Take the number that STOP gave: no frame from there on will come."""
        if end < self.assembler.end_seen:
            self.restarted = True
            return
        self.end = end if self.end is None else min(end, self.end)
        if self._reliable:
            self._expect(self.end)

    def take(self) -> list[Frame]:
        """Return the frames that are ready, in order."""
        return self.assembler.take()

    def frame_packet(self, packet: Packet, *, contiguous: bool) -> None:
        """Take a header or chunk; `contiguous` as for `FrameAssembler.add_header`."""
        self._existing = None
        self._heartbeat_s = FIRST_HEARTBEAT_S
        self._last_news_s = self._connection.last_arrival_s
        if packet.type == FrameHeader.TYPE:
            self.assembler.add_header(packet.payload, contiguous=contiguous)
        else:
            self.assembler.add_chunk(packet.payload, contiguous=contiguous)

    def answer(self, packet: Packet) -> None:
        """Take an answer that no command waits for: to a heartbeat, or a refused RESEND."""
        if packet.type == Value.TYPE and packet.sequence in self._asked:
            value = Value.unpack(packet.payload)
            if value.parameter == self._asked[packet.sequence]:
                del self._asked[packet.sequence]
                self._learn(value)
        elif packet.type == Nack.TYPE:
            nack = Nack.unpack(packet.payload)
            if nack.command == Resend.TYPE:
                self._resend.refused(packet.sequence, nack)

    def end_here(self) -> None:
        """Deliver what has arrived of every frame; nothing more will come."""
        self.assembler.close(self.assembler.end_seen)
        self.end = self.assembler.next_due
        self.settled = True

    def abandon(self, taken: Iterable[Frame], end: int) -> None:
        """Give up what has not reached the user, `taken` among it, of the frames below `end`."""
        self.assembler.abandon(taken, end)

    def run_timers(self) -> None:
        """Send what is due: RESEND, RELEASE, heartbeat."""
        now_s = self._connection.clock()
        self._resend.run(now_s, now_s - self._quiet_since_s())
        self._release(repeat=False)
        if not self.finished and now_s >= self._heartbeat_due_s():
            self._send_heartbeat(now_s)

    def seconds_to_timer(self) -> float:
        """Return how long the link may be waited on before `run_timers` has something to do."""
        now_s = self._connection.clock()
        due_s = min(self._heartbeat_due_s(), self._resend.next_due_s() or float("inf"))
        return max(due_s - now_s, 0.0)

    def _heartbeat_due_s(self) -> float:
        return max(self._quiet_since_s(), self._last_heartbeat_s) + self._heartbeat_s

    def _quiet_since_s(self) -> float:
        """Return when a frame packet came last, or a frame became known.

        Answers do not count: they would keep a device from looking quiet that is asked for
        anything more often than the time-out. A packet of which a slow line has brought a part
        may be a frame packet.
        """
        if self._connection.decoder.within_packet:
            return self._connection.last_arrival_s
        return self._last_news_s

    def _send_heartbeat(self, now_s: float) -> None:
        self._last_heartbeat_s = now_s
        self._heartbeat_s = min(2 * self._heartbeat_s, LONGEST_HEARTBEAT_S)
        self._release(repeat=True)
        self._asked = {self._connection.send(Get(parameter=p)): p for p in self._asked_parameters}

    def _learn(self, value: Value) -> None:
        if value.parameter == self._acquired_parameter:
            self._learn_existing(self.first_frame + value.value)
        else:
            self.fault = value.value

    def _learn_existing(self, end: int) -> None:
        """Take the heartbeat's answer: every frame below `end` exists."""
        if end < self.assembler.end_seen:
            self.restarted = True
        elif self._reliable:
            self._expect(end)
        elif self._existing is not None:
            self.assembler.close(self._existing)
            self._existing = end
        else:
            self._existing = end

    def _expect(self, end: int) -> None:
        if end > self.assembler.end_seen:
            self._last_news_s = self._connection.last_arrival_s
        self.assembler.expect(end)

    def _release(self, *, repeat: bool) -> None:
        """Let the device reuse the memory of frames that are done with."""
        due = self.assembler.next_due
        if self._reliable and due > self.first_frame and (repeat or due > self._released):
            self._connection.send(Release(frame=due - 1))
            self._released = due
