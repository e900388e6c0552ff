"""One controller's end of a connection: link layer procedures and the events they cause.

The peripheral listens at every event, whatever latency it is allowed. Both directions use the
same PHY, 2M only if both hosts allow it both ways. Of LE Set Data Length the octets count, the
times follow from them. Encryption starts by three PDUs (LL_ENC_REQ, then LL_START_ENC_RSP or
LL_REJECT_EXT_IND) of the six that real controllers need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bumble import hci, ll
from bumble.controller import Connection
from bumble.core import PhysicalTransport
from bumble.hci import HCI_ErrorCode

from fpxi_hwsim.bluetooth.air_time import pdu_us
from fpxi_hwsim.bluetooth.conditions import SHORTEST_DATA_LENGTH, PhyName, RadioConditions
from fpxi_hwsim.bluetooth.control_pdus import (
    ConnectionParamReq,
    LengthReq,
    LengthRsp,
    PhyReq,
    PhyRsp,
    PhyUpdateInd,
)
from fpxi_hwsim.bluetooth.link_end import LinkEnd
from fpxi_hwsim.bluetooth.link_layer import AirConnection
from fpxi_hwsim.bluetooth.parameters import ConnectionParameters

if TYPE_CHECKING:
    from fpxi_hwsim.bluetooth.procedures import ProcedureController

PHY_BITS: dict[PhyName, int] = {"1M": 1, "2M": 2}
PHY_NUMBERS: dict[PhyName, int] = {"1M": 1, "2M": 2}
_PARAMETER_REQUEST_EVENT = 1 << 5
"""bit of the LE event mask, Vol 4, Part E, 7.8.1"""


def supported_phys(conditions: RadioConditions) -> int:
    """Return the PHYs of this radio's adapters, as the bits of the HCI."""
    return PHY_BITS["1M"] | PHY_BITS[conditions.phy]


class RadioConnection(Connection):
    """A connection as one controller knows it; `begin` makes it complete."""

    air: AirConnection
    peer: RadioConnection
    parameters: ConnectionParameters

    def __init__(
        self,
        controller: ProcedureController,
        role: hci.Role,
        self_address: hci.Address,
        peer_address: hci.Address,
    ) -> None:
        super().__init__(
            controller=controller,
            handle=controller.allocate_connection_handle(),
            role=role,
            self_address=self_address,
            peer_address=peer_address,
            link=controller.radio,
            transport=PhysicalTransport.LE,
            link_type=hci.HCI_Connection_Complete_Event.LinkType.ACL,
        )
        self.end = LinkEnd(self)
        self._adapter = controller
        self._max_tx_octets = controller.suggested_max_tx_octets
        self._rx_octets = SHORTEST_DATA_LENGTH
        self._asked_for_phy = False

    def begin(
        self, air: AirConnection, peer: RadioConnection, parameters: ConnectionParameters
    ) -> None:
        """Take the air and the other end, and tell the host."""
        self.air, self.peer, self.parameters = air, peer, parameters
        self._adapter.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=HCI_ErrorCode.SUCCESS,
                connection_handle=self.handle,
                role=self.role,
                peer_address_type=self.peer_address.address_type,
                peer_address=self.peer_address,
                connection_interval=parameters.interval,
                peripheral_latency=parameters.latency,
                supervision_timeout=parameters.timeout,
                central_clock_accuracy=0,
            )
        )

    # Between host and air

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        """Queue a packet of the host; it is completed when the peer has acknowledged it."""
        is_start = packet.pb_flag != hci.HCI_ACL_PB_CONTINUATION
        self.end.queue_data(packet.data, is_start=is_start)

    def send_ll_control_pdu(self, packet: ll.ControlPdu) -> None:
        """Queue a control PDU behind the data that wait."""
        self.end.queue_control(packet)

    def on_air_data(self, data: bytes, *, is_start: bool) -> None:
        """Hand the payload of a data PDU to the host."""
        flag = hci.HCI_ACL_PB_FIRST_FLUSHABLE if is_start else hci.HCI_ACL_PB_CONTINUATION
        self._adapter.send_hci_packet(hci.HCI_AclDataPacket(self.handle, flag, 0, len(data), data))

    def on_packets_acknowledged(self, count: int) -> None:
        """Give the host its buffers back."""
        self._adapter.send_hci_packet(
            hci.HCI_Number_Of_Completed_Packets_Event(
                connection_handles=[self.handle], num_completed_packets=[count]
            )
        )

    def on_air_left(self, reason: int) -> None:
        """Tell the controller that this end is gone."""
        self._adapter.on_le_disconnected(self, reason)

    def on_air_control(self, pdu: ll.ControlPdu) -> None:
        """Act on a control PDU of the peer."""
        match pdu:
            case ConnectionParamReq():
                self._on_parameter_request(pdu)
            case ll.RejectExtInd(reject_opcode=ConnectionParamReq.opcode):
                self._report_update(pdu.error_code)
            case ll.ConnectionUpdateInd():
                self._on_update(ConnectionParameters(pdu.interval, pdu.latency, pdu.timeout))
            case LengthReq() | LengthRsp():
                self._on_length(pdu)
            case PhyReq() | PhyRsp():
                self._on_phys(pdu)
            case PhyUpdateInd():
                self._on_phy_update(pdu)
            case _:
                self._adapter.on_ll_control_pdu(self.peer_address, pdu)

    # Connection parameters

    def ask_for_update(self, parameters: ConnectionParameters) -> None:
        """Begin a connection update, as central or as peripheral."""
        values = (parameters.interval, parameters.latency, parameters.timeout)
        if self.role == hci.Role.CENTRAL:
            self.end.queue_control(ll.ConnectionUpdateInd(*values))
        else:
            self.end.queue_control(ConnectionParamReq(values[0], *values))

    def refuse_update(self, reason: int) -> None:
        """Refuse the parameters that the peripheral asked for."""
        self.end.queue_control(ll.RejectExtInd(ConnectionParamReq.opcode, reason))

    def _on_parameter_request(self, pdu: ConnectionParamReq) -> None:
        if not self._adapter.le_event_mask & _PARAMETER_REQUEST_EVENT:
            self.ask_for_update(ConnectionParameters(pdu.interval_min, pdu.latency, pdu.timeout))
            return
        self._adapter.send_hci_packet(
            hci.HCI_LE_Remote_Connection_Parameter_Request_Event(
                connection_handle=self.handle,
                interval_min=pdu.interval_min,
                interval_max=pdu.interval_max,
                max_latency=pdu.latency,
                timeout=pdu.timeout,
            )
        )

    def _on_update(self, parameters: ConnectionParameters) -> None:
        def apply() -> None:
            self.air.interval_us = parameters.interval_us
            self.air.timeout_us = parameters.timeout_us
            for side in (self, self.peer):
                side.parameters = parameters
                side._report_update(HCI_ErrorCode.SUCCESS)

        self.air.at_instant(apply)

    def _report_update(self, status: int) -> None:
        self._report(
            hci.HCI_LE_Connection_Update_Complete_Event(
                status=status,
                connection_handle=self.handle,
                connection_interval=self.parameters.interval,
                peripheral_latency=self.parameters.latency,
                supervision_timeout=self.parameters.timeout,
            )
        )

    # Data length

    def ask_for_data_length(self, tx_octets: int) -> None:
        """Begin a data length update."""
        self._max_tx_octets = tx_octets
        most = self._adapter.conditions.data_length
        self.end.queue_control(LengthReq(min(tx_octets, most), most))

    def _on_length(self, pdu: LengthReq | LengthRsp) -> None:
        most = self._adapter.conditions.data_length
        own = min(self._max_tx_octets, most)
        if isinstance(pdu, LengthReq):
            self.end.queue_control(LengthRsp(own, most))
        before = (self.end.tx_octets, self._rx_octets)
        self.end.tx_octets = min(own, pdu.rx_octets)
        self._rx_octets = min(most, pdu.tx_octets)
        if (self.end.tx_octets, self._rx_octets) == before:
            return
        self._report(
            hci.HCI_LE_Data_Length_Change_Event(
                connection_handle=self.handle,
                max_tx_octets=self.end.tx_octets,
                max_tx_time=pdu_us(self.end.tx_octets, "1M", encrypted=True),
                max_rx_octets=self._rx_octets,
                max_rx_time=pdu_us(self._rx_octets, "1M", encrypted=True),
            )
        )

    # PHY

    def ask_for_phys(self, phys: int) -> None:
        """Begin a PHY update; `phys` are the bits of those the host would use."""
        self._asked_for_phy = True
        self._wanted_phys = phys
        self.end.queue_control(PhyReq(phys))

    def _on_phys(self, pdu: PhyReq | PhyRsp) -> None:
        own = supported_phys(self._adapter.conditions)
        if self.role == hci.Role.PERIPHERAL:
            self.end.queue_control(PhyRsp(own))
            return
        if isinstance(pdu, PhyRsp):
            own &= self._wanted_phys
        phy: PhyName = "2M" if own & pdu.phys & PHY_BITS["2M"] else "1M"
        self.end.queue_control(PhyUpdateInd(0 if phy == self.air.phy else PHY_BITS[phy]))

    def _on_phy_update(self, pdu: PhyUpdateInd) -> None:
        sides = (self, self.peer)
        if not pdu.phy:
            for side in sides:
                if side._asked_for_phy:
                    side._report_phy()
            return

        def apply() -> None:
            self.air.phy = "2M" if pdu.phy == PHY_BITS["2M"] else "1M"
            for side in sides:
                side._report_phy()

        self.air.at_instant(apply)

    def _report_phy(self) -> None:
        self._asked_for_phy = False
        phy = PHY_NUMBERS[self.air.phy]
        self._report(
            hci.HCI_LE_PHY_Update_Complete_Event(
                status=HCI_ErrorCode.SUCCESS,
                connection_handle=self.handle,
                tx_phy=phy,
                rx_phy=phy,
            )
        )

    def _report(self, event: hci.HCI_Event) -> None:
        if self.end.alive:
            self._adapter.send_hci_packet(event)
