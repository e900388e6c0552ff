"""A virtual Bluetooth LE controller on a `Radio`: what a host sees of it through the HCI.

Bumble's own virtual controller, with the parts replaced that real air makes different. Chapters
named are of the Core Specification, Vol 4, Part E.
"""

from __future__ import annotations

import asyncio

from bumble import hci, ll
from bumble.controller import AdvertisingSet, LegacyAdvertiser
from bumble.hci import HCI_ErrorCode

from fpxi_hwsim.bluetooth.air_time import HOST_BUFFER_OCTETS
from fpxi_hwsim.bluetooth.connection import RadioConnection
from fpxi_hwsim.bluetooth.parameters import ConnectionParameters
from fpxi_hwsim.bluetooth.procedures import ProcedureController
from fpxi_hwsim.bluetooth.radio import Radio

HOST_BUFFERS = 8
"""ACL data packets that the controller holds, about as many as common adapters"""
LEGACY_ADVERTISING_OCTETS = 31

_LEGACY_PDUS = (
    hci.HCI_LE_Set_Extended_Advertising_Parameters_Command.AdvertisingProperties
).USE_LEGACY_ADVERTISING_PDUS

_CreateConnection = (
    hci.HCI_LE_Create_Connection_Command | hci.HCI_LE_Extended_Create_Connection_Command
)


class RadioController(ProcedureController):
    """A controller with one host, heard by every other controller of its radio.

    Holds `HOST_BUFFERS` packets of the host, of `HOST_BUFFER_OCTETS` each, and gives a buffer
    back when the peer has acknowledged the packet. Where a host allows a range of connection
    intervals it takes the shortest. Scan responses are not modelled: whatever an advertiser
    says is in its advertisement.

    Parameters
    ----------
    name
        For Bumble's log.
    radio
        The air. `public_address` of `Controller` may be assigned; hosts set random addresses.

    """

    def __init__(self, name: str, radio: Radio) -> None:
        super().__init__(name, radio)
        self.le_acl_data_packet_length = HOST_BUFFER_OCTETS
        self.total_num_le_acl_data_packets = HOST_BUFFERS
        radio.join(self)

    # The host's side. Bumble's methods format each packet for the log, heard or not.

    def on_packet(self, packet: bytes) -> None:
        """Take a packet of the host."""
        if packet[0] == hci.HCI_ACL_DATA_PACKET:
            self.on_hci_acl_data_packet(hci.HCI_AclDataPacket.from_bytes(packet))
        else:
            super().on_packet(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send an event or data to the host, in the loop's next turn."""
        if self.host:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))

    def on_hci_reset_command(
        self, _command: hci.HCI_Reset_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Forget everything, 7.3.2."""
        self.vanish()
        return hci.HCI_StatusReturnParameters(HCI_ErrorCode.SUCCESS)

    def vanish(self) -> None:
        """Be silent from now on, without a word to host or peers."""
        for connection in self.le_connections.values():
            if isinstance(connection, RadioConnection):
                connection.end.vanish()
        self.le_connections.clear()
        self.pending_le_connection = None
        self.le_scan_enable = False
        self.stop_advertising()
        self.advertising_sets.clear()

    # Advertising

    def stop_advertising(self) -> None:
        """Advertise no more."""
        self.le_legacy_advertiser.stop()
        for advertising_set in self.advertising_sets.values():
            advertising_set.stop()

    def advertiser(self, address: hci.Address) -> LegacyAdvertiser | AdvertisingSet | None:
        """Return what advertises with this address at the moment, if anything does."""
        advertisers: list[LegacyAdvertiser | AdvertisingSet] = [
            self.le_legacy_advertiser,
            *self.advertising_sets.values(),
        ]
        for advertiser in advertisers:
            if advertiser.enabled and advertiser.address == address:
                return advertiser
        return None

    def on_hci_le_set_extended_advertising_data_command(
        self, command: hci.HCI_LE_Set_Extended_Advertising_Data_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Refuse what does not fit a legacy PDU, 7.8.54."""
        advertising_set = self.advertising_sets.get(command.advertising_handle)
        if (
            advertising_set is not None
            and advertising_set.parameters is not None
            and advertising_set.parameters.advertising_event_properties & _LEGACY_PDUS
            and len(command.advertising_data) > LEGACY_ADVERTISING_OCTETS
        ):
            return hci.HCI_StatusReturnParameters(HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR)
        return super().on_hci_le_set_extended_advertising_data_command(command)

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Report an advertisement once, and connect if the host waits for this advertiser."""
        if self.le_scan_enable:
            report = hci.HCI_LE_Extended_Advertising_Report_Event.Report(
                event_type=hci.HCI_LE_Extended_Advertising_Report_Event.EventType.CONNECTABLE_ADVERTISING,
                address_type=pdu.advertiser_address.address_type,
                address=pdu.advertiser_address,
                primary_phy=hci.Phy.LE_1M,
                secondary_phy=0,
                advertising_sid=0,
                tx_power=hci.HCI_LE_Extended_Advertising_Report_Event.TX_POWER_INFORMATION_NOT_AVAILABLE,
                rssi=self.conditions.rssi_dBm,
                periodic_advertising_interval=0,
                direct_address_type=0,
                direct_address=hci.Address.ANY,
                data=pdu.data,
            )
            self.send_hci_packet(hci.HCI_LE_Extended_Advertising_Report_Event([report]))
        pending = self.pending_le_connection
        if pending is not None and pending.peer_address == pdu.advertiser_address:
            self._connect(pending)

    # Connections

    def open_connection(
        self, own_address: hci.Address, peer_address: hci.Address, role: hci.Role
    ) -> RadioConnection:
        """Make this controller's end of a connection; the radio begins it."""
        connection = RadioConnection(self, role, own_address, peer_address)
        self.le_connections[peer_address] = connection
        return connection

    def on_advertiser_connected(self, connection: RadioConnection) -> None:
        """Stop the advertising that led to a connection."""
        advertiser = self.advertiser(connection.self_address)
        if advertiser is None:
            return
        advertiser.stop()
        if isinstance(advertiser, AdvertisingSet):
            self.send_hci_packet(
                hci.HCI_LE_Advertising_Set_Terminated_Event(
                    status=HCI_ErrorCode.SUCCESS,
                    advertising_handle=advertiser.handle,
                    connection_handle=connection.handle,
                    num_completed_extended_advertising_events=0,
                )
            )

    def on_hci_le_create_connection_command(
        self, command: hci.HCI_LE_Create_Connection_Command
    ) -> None:
        """Wait for an advertiser, 7.8.12."""
        self._create_connection(command)

    def on_hci_le_extended_create_connection_command(
        self, command: hci.HCI_LE_Extended_Create_Connection_Command
    ) -> None:
        """Wait for an advertiser, 7.8.66."""
        self._create_connection(command)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Stop waiting, 7.8.13: the command completes, then the connection that is none."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        event = hci.HCI_LE_Connection_Complete_Event(
            status=HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        asyncio.get_running_loop().call_soon(self.send_hci_packet, event)
        return hci.HCI_StatusReturnParameters(HCI_ErrorCode.SUCCESS)

    def _create_connection(self, command: _CreateConnection) -> None:
        if self.pending_le_connection is not None:
            status = int(HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        elif command.peer_address in self.le_connections:
            status = HCI_ErrorCode.CONNECTION_ALREADY_EXISTS_ERROR
        elif not _parameters_of(command).are_valid:
            status = HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR
        else:
            status = hci.HCI_COMMAND_STATUS_PENDING
            self.pending_le_connection = command
        self._send_hci_command_status(status, command.op_code)

    def _connect(self, command: _CreateConnection) -> None:
        is_public = command.own_address_type == hci.OwnAddressType.PUBLIC
        own_address = self.public_address if is_public else self.random_address
        if self.radio.connect(self, own_address, command.peer_address, _parameters_of(command)):
            self.pending_le_connection = None


def _parameters_of(command: _CreateConnection) -> ConnectionParameters:
    if isinstance(command, hci.HCI_LE_Extended_Create_Connection_Command):
        return ConnectionParameters(
            command.connection_interval_mins[0],
            command.max_latencies[0],
            command.supervision_timeouts[0],
        )
    return ConnectionParameters(
        command.connection_interval_min, command.max_latency, command.supervision_timeout
    )
