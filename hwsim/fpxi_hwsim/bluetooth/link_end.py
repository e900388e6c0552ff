"""One end of a connection: what it has to send, and what the peer has acknowledged.

Sequence numbers follow the Core Specification, Vol 6, Part B, 4.5.9: a PDU is repeated until the
peer's NESN says that it has it, and one that comes again is acknowledged but not taken twice.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from bumble import ll
from bumble.hci import HCI_ErrorCode

from fpxi_hwsim.bluetooth.conditions import SHORTEST_DATA_LENGTH
from fpxi_hwsim.bluetooth.control_pdus import control_octets
from fpxi_hwsim.bluetooth.statistics import RadioStatistics

INTERVALS_TO_ESTABLISH = 6
"""a connection whose peer is not heard within as many is not established, 4.5.2"""


class EndOwner(Protocol):
    """The controller's side of one end of a connection."""

    def on_air_data(self, data: bytes, *, is_start: bool) -> None:
        """Take the payload of a data PDU; `is_start`: an L2CAP PDU begins with it."""

    def on_air_control(self, pdu: ll.ControlPdu) -> None:
        """Take a control PDU."""

    def on_packets_acknowledged(self, count: int) -> None:
        """Learn that the peer has so many more of the packets given to `LinkEnd.queue_data`."""

    def on_air_left(self, reason: int) -> None:
        """Learn that this end has left the connection."""


@dataclass(slots=True)
class _Waiting:
    """A packet of the host of which `sent` octets were sent, or a control PDU."""

    octets: int
    data: bytes = b""
    is_start: bool = False
    control: ll.ControlPdu | None = None
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Pdu:
    """A data channel PDU with `octets` of payload: data, control, or nothing."""

    octets: int
    data: bytes = b""
    is_start: bool = False
    frees_buffer: bool = False
    control: ll.ControlPdu | None = None


EMPTY = Pdu(0)


class LinkEnd:
    """One end: what waits to be sent, and the sequence numbers of what was."""

    def __init__(self, owner: EndOwner) -> None:
        self.owner = owner
        self.tx_octets = SHORTEST_DATA_LENGTH
        self.encrypts = False
        self.alive = True
        self.heard_peer = False
        self.last_heard_us = 0
        self.errors_in_row = 0
        self.more = False
        self.farewell: int | None = None
        """reason with which this end leaves once it has acknowledged the peer's termination"""
        self.sn = 0
        self.nesn = 0
        self._queue: deque[_Waiting] = deque()
        self._current: Pdu | None = None
        self._sent_before = False
        self._acknowledged = 0
        self._leave_reason: int | None = None

    @property
    def is_terminating(self) -> bool:
        """Whether this end has asked to terminate."""
        return self._leave_reason is not None

    @property
    def has_unacknowledged(self) -> bool:
        """Whether data or control was sent and not acknowledged yet."""
        return self._current is not None and self._current.octets > 0

    @property
    def next_octets(self) -> int:
        """Payload octets of the PDU that would be sent now."""
        if self._current is not None:
            return self._current.octets
        if not self._queue:
            return 0
        head = self._queue[0]
        if head.control is not None:
            return head.octets
        return min(self.tx_octets, head.octets - head.sent)

    def queue_data(self, data: bytes, *, is_start: bool) -> None:
        """Append a packet of the host."""
        if self.alive:
            self._queue.append(_Waiting(len(data), data, is_start))

    def queue_control(self, pdu: ll.ControlPdu) -> None:
        """Append a control PDU; it takes its turn after the data before it."""
        if self.alive:
            self._queue.append(_Waiting(control_octets(pdu), control=pdu))

    def terminate(self, reason: int, own_reason: int) -> None:
        """Tell the peer `reason`, leave with `own_reason` once that is acknowledged."""
        if self.is_terminating:
            return
        self.queue_control(ll.TerminateInd(reason))
        self._leave_reason = own_reason

    def leave(self, reason: int) -> None:
        """Be gone from the connection, whatever was to be sent."""
        if self.alive:
            self.vanish()
            self.owner.on_air_left(reason)

    def vanish(self) -> None:
        """Be gone without telling the owner."""
        self.alive = False
        self._queue.clear()

    def transmit(self, statistics: RadioStatistics) -> Pdu:
        """Return the PDU that goes on the air: the one not acknowledged, or the next."""
        if self._current is None:
            self._current = self._take()
            self._sent_before = False
        pdu = self._current
        self.more = bool(self._queue)
        statistics.pdus += 1
        if not pdu.octets:
            statistics.empty_pdus += 1
        elif self._sent_before:
            statistics.retransmissions += 1
        self._sent_before = True
        return pdu

    def receive(self, pdu: Pdu, sn: int, nesn: int) -> int:
        """Take a PDU with a right CRC; return the bytes of new data in it."""
        if nesn != self.sn:
            self._acknowledge()
        if not self.alive or sn != self.nesn:
            return 0
        self.nesn ^= 1
        if pdu.control is not None:
            self._take_control(pdu.control)
        elif pdu.octets:
            self.owner.on_air_data(pdu.data, is_start=pdu.is_start)
            return pdu.octets
        return 0

    def report_acknowledged(self, least: int = 1) -> None:
        """Tell the owner of acknowledged packets, if there are `least` or more."""
        if self.alive and self._acknowledged >= least:
            count, self._acknowledged = self._acknowledged, 0
            self.owner.on_packets_acknowledged(count)

    def supervise(self, now_us: int, timeout_us: int, interval_us: int) -> bool:
        """Leave if the peer was not heard for too long; True if so."""
        if not self.heard_peer:
            timeout_us = INTERVALS_TO_ESTABLISH * interval_us
        if not self.alive or now_us - self.last_heard_us < timeout_us:
            return False
        if self._leave_reason is not None:
            self.leave(self._leave_reason)
        elif self.heard_peer:
            self.leave(HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
        else:
            self.leave(HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR)
        return True

    def _take(self) -> Pdu:
        if not self._queue:
            return EMPTY
        head = self._queue[0]
        if head.control is not None:
            self._queue.popleft()
            return Pdu(head.octets, control=head.control)
        first = head.sent
        head.sent = min(first + self.tx_octets, head.octets)
        is_last = head.sent == head.octets
        if is_last:
            self._queue.popleft()
        is_start = head.is_start and first == 0
        return Pdu(head.sent - first, head.data[first : head.sent], is_start, is_last)

    def _acknowledge(self) -> None:
        if self._current is None:
            return
        self.sn ^= 1
        done, self._current = self._current, None
        self._acknowledged += done.frees_buffer
        if isinstance(done.control, ll.TerminateInd) and self._leave_reason is not None:
            self.leave(self._leave_reason)

    def _take_control(self, pdu: ll.ControlPdu) -> None:
        if isinstance(pdu, ll.TerminateInd):
            self.farewell = pdu.error_code
        else:
            self.owner.on_air_control(pdu)
