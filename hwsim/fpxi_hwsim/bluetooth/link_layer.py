"""The link layer of one connection: two ends that exchange PDUs in connection events.

Pure: no clock, no loop. Times are microseconds since the connection began.

Rules (Core Specification, Vol 6, Part B, 4.5.1, 4.5.6 and 4.5.9). The central sends first, the
peripheral answers T_IFS later, and so on while either has more data (MD) or the central has
reason to send again. The central begins an exchange only if its own PDU, the longest answer and
T_IFS end before the next anchor point; both directions share the air. A PDU with a wrong CRC is
answered, its sender sees by SN and NESN that it has to repeat it; the second in a row at one
receiver closes the event. A PDU that does not arrive at all is not answered, which closes the
event too.

Two simplifications. Connections do not disturb each other. And the instant of an update is
counted from when its indication is received, so that it cannot pass unheard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bumble import ll
from bumble.hci import HCI_ErrorCode

from fpxi_hwsim.bluetooth.air_state import AirState
from fpxi_hwsim.bluetooth.air_time import T_IFS_US, pdu_us
from fpxi_hwsim.bluetooth.conditions import SHORTEST_DATA_LENGTH, PhyName
from fpxi_hwsim.bluetooth.control_pdus import control_octets
from fpxi_hwsim.bluetooth.statistics import RadioStatistics

EVENTS_TO_INSTANT = 6
"""events from an indication to the instant at which it acts, 5.1.1"""
INTERVALS_TO_ESTABLISH = 6
"""a connection whose peer is not heard within as many is not established, 4.5.2"""
FIRST_ANCHOR_US = 1250
"""from the connection request to the transmit window, 4.5.3"""
ERRORS_THAT_CLOSE = 2


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
class _Pdu:
    octets: int
    data: bytes = b""
    is_start: bool = False
    frees_buffer: bool = False
    control: ll.ControlPdu | None = None


_EMPTY = _Pdu(0)


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
        self._current: _Pdu | None = None
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
        if self.alive and not self.is_terminating:
            self._queue.append(_Waiting(len(data), data, is_start))

    def queue_control(self, pdu: ll.ControlPdu) -> None:
        """Append a control PDU; it takes its turn after the data before it."""
        if self.alive and not self.is_terminating:
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

    def transmit(self, statistics: RadioStatistics) -> _Pdu:
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

    def receive(self, pdu: _Pdu, sn: int, nesn: int) -> int:
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

    def _take(self) -> _Pdu:
        if not self._queue:
            return _EMPTY
        head = self._queue[0]
        if head.control is not None:
            self._queue.popleft()
            return _Pdu(head.octets, control=head.control)
        first = head.sent
        head.sent = min(first + self.tx_octets, head.octets)
        is_last = head.sent == head.octets
        if is_last:
            self._queue.popleft()
        is_start = head.is_start and first == 0
        return _Pdu(head.sent - first, head.data[first : head.sent], is_start, is_last)

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


class AirConnection:
    """A connection in the air.

    Parameters
    ----------
    central, peripheral
        Its ends.
    interval_us, timeout_us
        Connection interval and supervision time-out at first.
    state
        The air: its conditions at any moment, and the counts.

    """

    def __init__(
        self,
        central: LinkEnd,
        peripheral: LinkEnd,
        *,
        interval_us: int,
        timeout_us: int,
        state: AirState,
    ) -> None:
        self.central = central
        self.peripheral = peripheral
        self.interval_us = interval_us
        self.timeout_us = timeout_us
        self.phy: PhyName = "1M"
        self.anchor_us = FIRST_ANCHOR_US
        self.event_count = 0
        self._used_us = 0
        self._state = state
        self._instants: deque[tuple[int, Callable[[], None]]] = deque()

    @property
    def is_over(self) -> bool:
        """Whether both ends have left."""
        return not (self.central.alive or self.peripheral.alive)

    def at_instant(self, action: Callable[[], None]) -> None:
        """Do something at both ends when the instant of an update has come."""
        self._instants.append((self.event_count + EVENTS_TO_INSTANT, action))

    def begin_event(self) -> None:
        """Begin the event at `anchor_us`: supervise, and apply the updates that are due."""
        self.event_count += 1
        self._used_us = 0
        for end in (self.central, self.peripheral):
            end.errors_in_row = 0
            if end.supervise(self.anchor_us, self.timeout_us, self.interval_us):
                self._state.statistics.supervision_timeouts += 1
        while self._instants and self._instants[0][0] <= self.event_count:
            self._instants.popleft()[1]()
        self._state.statistics.events += self.central.alive

    def exchange(self) -> bool:
        """Let each end send a PDU; False: the event is closed."""
        central, peripheral = self.central, self.peripheral
        goes_on = (
            self._pass(central, peripheral)
            and self._pass(peripheral, central)
            and central.alive
            and (
                central.more
                or peripheral.more
                or central.errors_in_row > 0
                or central.has_unacknowledged
            )
            and self._has_room()
        )
        least = 2 if goes_on else 1
        central.report_acknowledged(least)
        peripheral.report_acknowledged(least)
        return goes_on

    def end_event(self) -> None:
        """Go to the next anchor point."""
        self.anchor_us += self.interval_us

    def _pass(self, sender: LinkEnd, receiver: LinkEnd) -> bool:
        """Send a PDU; True: the receiver answers."""
        if not sender.alive:
            return False
        statistics = self._state.statistics
        sn, nesn = sender.sn, sender.nesn
        pdu = sender.transmit(statistics)
        self._used_us += pdu_us(pdu.octets, self.phy, encrypted=sender.encrypts) + T_IFS_US
        if sender.farewell is not None:
            sender.leave(sender.farewell)
        if not (self._state.conditions.in_reach and receiver.alive):
            statistics.missed += 1
            return False
        if self._state.spoils():
            statistics.errors += 1
            receiver.errors_in_row += 1
            return receiver.errors_in_row < ERRORS_THAT_CLOSE
        receiver.errors_in_row = 0
        receiver.heard_peer = True
        receiver.last_heard_us = self.anchor_us + self._used_us
        arrived = receiver.receive(pdu, sn, nesn)
        if receiver is self.central:
            statistics.bytes_to_central += arrived
        else:
            statistics.bytes_to_peripheral += arrived
        return receiver.alive

    def _has_room(self) -> bool:
        central, peripheral = self.central, self.peripheral
        longest = max(peripheral.tx_octets, peripheral.next_octets)
        end_us = (
            self._used_us
            + pdu_us(central.next_octets, self.phy, encrypted=central.encrypts)
            + T_IFS_US
            + pdu_us(longest, self.phy, encrypted=peripheral.encrypts)
            + T_IFS_US
        )
        return end_us <= self.interval_us
