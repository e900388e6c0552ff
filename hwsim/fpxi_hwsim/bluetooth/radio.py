"""A virtual radio that joins Bumble's virtual controllers and keeps the pace of real air."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bumble import ll
from bumble.hci import Address, Role
from bumble.link import LocalLink

from fpxi_hwsim.bluetooth.air_state import AirState
from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.link_layer import AirConnection
from fpxi_hwsim.bluetooth.pacing import PacedConnection
from fpxi_hwsim.bluetooth.statistics import RadioStatistics

if TYPE_CHECKING:
    from bumble.controller import Controller

    from fpxi_hwsim.bluetooth.controller import RadioController
    from fpxi_hwsim.bluetooth.parameters import ConnectionParameters


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
        self._state = AirState(conditions or RadioConditions())
        self._joined: list[RadioController] = []
        self._paced: set[PacedConnection] = set()

    @property
    def conditions(self) -> RadioConditions:
        """Conditions in force; may be assigned."""
        return self._state.conditions

    @conditions.setter
    def conditions(self, conditions: RadioConditions) -> None:
        self._state.conditions = conditions

    @property
    def statistics(self) -> RadioStatistics:
        """What was counted up to now; goes on counting."""
        return self._state.statistics

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
            state=self._state,
        )
        at_central.begin(air, at_peripheral, parameters)
        at_peripheral.begin(air, at_central, parameters)
        peripheral.on_advertiser_connected(at_peripheral)
        self.statistics.connections += 1
        self._paced.add(PacedConnection(air, self._paced.discard))
        return True

    def _find_advertiser(
        self, central: RadioController, address: Address
    ) -> RadioController | None:
        for controller in self._joined:
            if controller is not central and controller.advertiser(address) is not None:
                return controller
        return None

    def _is_heard(self) -> bool:
        return self.conditions.in_reach and not self._state.spoils()
