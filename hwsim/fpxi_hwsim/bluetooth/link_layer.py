"""The link layer of one connection: two ends that exchange PDUs in connection events.

Pure: no clock, no loop. Times are microseconds since the connection began.

Rules (Core Specification, Vol 6, Part B, 4.5.1 and 4.5.6). The central sends first, the
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

from fpxi_hwsim.bluetooth.air_state import AirState
from fpxi_hwsim.bluetooth.air_time import T_IFS_US, pdu_us
from fpxi_hwsim.bluetooth.conditions import PhyName
from fpxi_hwsim.bluetooth.link_end import LinkEnd

EVENTS_TO_INSTANT = 6
"""events from an indication to the instant at which it acts, 5.1.1"""
FIRST_ANCHOR_US = 1250
"""from the connection request to the transmit window, 4.5.3"""
ERRORS_THAT_CLOSE = 2


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
