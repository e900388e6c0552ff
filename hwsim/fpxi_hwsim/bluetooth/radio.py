"""A virtual radio that joins Bumble's virtual controllers and keeps the pace of real air."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from bumble import ll
from bumble.hci import Address, Role
from bumble.link import LocalLink

from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.link_layer import AirConnection
from fpxi_hwsim.bluetooth.statistics import RadioStatistics

if TYPE_CHECKING:
    from bumble.controller import Controller

    from fpxi_hwsim.bluetooth.controller import RadioController
    from fpxi_hwsim.bluetooth.parameters import ConnectionParameters

LONGEST_LAG_S = 0.25
"""lag behind the schedule that is caught up; after a longer one the air has stood still"""


class Radio(LocalLink):
    """The air between controllers: advertising, connection requests and connection events.

    Every `RadioController` made with this radio hears every other. Belongs to the asyncio loop
    that runs when its controllers are made; everything but `conditions` and `statistics` is for
    that loop's thread alone.

    Parameters
    ----------
    conditions
        Of the air and the adapters; `conditions` may be assigned at any time.

    """

    def __init__(self, conditions: RadioConditions | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.statistics = RadioStatistics()
        self._conditions = conditions or RadioConditions()
        self._generator = random.Random(self._conditions.radio_seed)
        self._joined: list[RadioController] = []
        self._paced: set[_PacedConnection] = set()

    @property
    def conditions(self) -> RadioConditions:
        """Conditions in force."""
        return self._conditions

    @conditions.setter
    def conditions(self, conditions: RadioConditions) -> None:
        if conditions.radio_seed != self._conditions.radio_seed:
            self._generator = random.Random(conditions.radio_seed)
        self._conditions = conditions

    @property
    def connections(self) -> list[AirConnection]:
        """Connections that at least one end has not left."""
        return [paced.connection for paced in self._paced]

    def close(self) -> None:
        """End every connection without a word, and all advertising."""
        for paced in list(self._paced):
            paced.cancel()
        self._paced.clear()
        for controller in self._joined:
            controller.stop_advertising()

    def join(self, controller: RadioController) -> None:
        """Let a controller hear and be heard."""
        self._joined.append(controller)

    def leave(self, controller: RadioController) -> None:
        """Take a controller away, as a dongle that is pulled out; its peers hear no more."""
        controller.vanish()
        self._joined.remove(controller)
        self.remove_controller(controller)

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Let every other controller hear an advertisement, or not."""
        loop = asyncio.get_running_loop()
        for controller in self._joined:
            if controller is not sender_controller and self._is_heard():
                loop.call_soon(controller.on_ll_advertising_pdu, packet)

    def connect(
        self,
        central: RadioController,
        own_address: Address,
        peer_address: Address,
        parameters: ConnectionParameters,
    ) -> bool:
        """Send a connection request to an advertiser.

        False: nobody answered, both sides are as before (as with AUX_CONNECT_REQ, whose
        initiator waits for a response; Vol 6, Part B, 4.4.4.2).
        """
        peripheral = self._find_advertiser(central, peer_address)
        if peripheral is None or own_address in peripheral.le_connections or not self._is_heard():
            return False
        at_central = central.open_connection(own_address, peer_address, Role.CENTRAL)
        at_peripheral = peripheral.open_connection(peer_address, own_address, Role.PERIPHERAL)
        air = AirConnection(
            at_central.end,
            at_peripheral.end,
            interval_us=parameters.interval_us,
            timeout_us=parameters.timeout_us,
            conditions=lambda: self._conditions,
            statistics=self.statistics,
            generator=lambda: self._generator,
        )
        at_central.begin(air, at_peripheral, parameters)
        at_peripheral.begin(air, at_central, parameters)
        peripheral.on_advertiser_connected(at_peripheral)
        self.statistics.connections += 1
        self._paced.add(_PacedConnection(air, self._paced))
        return True

    def _find_advertiser(
        self, central: RadioController, address: Address
    ) -> RadioController | None:
        for controller in self._joined:
            if controller is not central and controller.advertiser(address) is not None:
                return controller
        return None

    def _is_heard(self) -> bool:
        errors = self._conditions.packet_errors
        return self._conditions.in_reach and not (errors and self._generator.random() < errors)


class _PacedConnection:
    """Runs the events of one connection at their anchor points.

    One timer an event. One exchange a turn of the loop, so that hosts hand over more data while
    the event goes on, as they do in a real one. Anchor points are absolute, so a loop that was
    late runs the events it owes at once; data of an event arrive at its beginning, hence early
    by less than an interval and never at a higher rate.
    """

    def __init__(self, connection: AirConnection, running: set[_PacedConnection]) -> None:
        self.connection = connection
        self._running = running
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._handle: asyncio.Handle = self._schedule()

    def cancel(self) -> None:
        """Run no more events."""
        self._handle.cancel()

    def _schedule(self) -> asyncio.Handle:
        anchor_s = self._began_s + self.connection.anchor_us * 1e-6
        lag_s = self._loop.time() - anchor_s
        if lag_s > LONGEST_LAG_S:
            self._began_s += lag_s
            anchor_s += lag_s
        return self._loop.call_at(anchor_s, self._begin_event)

    def _begin_event(self) -> None:
        self.connection.begin_event()
        self._exchange()

    def _exchange(self) -> None:
        if self.connection.exchange():
            self._handle = self._loop.call_soon(self._exchange)
            return
        if self.connection.is_over:
            self._running.discard(self)
            return
        self.connection.end_event()
        self._handle = self._schedule()
