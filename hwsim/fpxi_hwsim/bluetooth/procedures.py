"""HCI commands that act on a connection in the air.

Chapters named are of the Core Specification, Vol 4, Part E.
"""

from __future__ import annotations

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.hci import HCI_ErrorCode, LeFeatureMask

from fpxi_hwsim.bluetooth.air_time import pdu_us
from fpxi_hwsim.bluetooth.conditions import (
    LONGEST_DATA_LENGTH,
    SHORTEST_DATA_LENGTH,
    RadioConditions,
)
from fpxi_hwsim.bluetooth.connection import PHY_BITS, PHY_NUMBERS, RadioConnection, supported_phys
from fpxi_hwsim.bluetooth.parameters import ConnectionParameters
from fpxi_hwsim.bluetooth.radio import Radio

_NO_TX_PREFERENCE = 1
_NO_RX_PREFERENCE = 2


class ProcedureController(Controller):
    """The part of a controller that deals with connections once they are there."""

    def __init__(self, name: str, radio: Radio) -> None:
        super().__init__(name, link=radio)
        self.radio = radio

    @property
    def conditions(self) -> RadioConditions:
        """Conditions of the radio."""
        return self.radio.conditions

    @property
    def le_features(self) -> LeFeatureMask:  # type: ignore[override]
        """Features of the adapter; coded PHYs are none of them."""
        features = Controller.le_features & ~LeFeatureMask.LE_CODED_PHY
        return features if self.conditions.phy == "2M" else features & ~LeFeatureMask.LE_2M_PHY

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """Terminate a connection, 7.1.6; it is over when the peer has acknowledged."""
        connection = self._find(command.connection_handle)
        if connection is None:
            self._refuse(command, HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR)
            return
        self._accept(command)
        connection.end.terminate(
            command.reason, HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR
        )

    # Encryption

    def on_le_long_term_key_reply(
        self, connection: Connection, request: ll.EncReq, long_term_key: bytes | None
    ) -> None:
        """Start encryption, or end a connection whose ends have different keys."""
        if (
            isinstance(connection, RadioConnection)
            and long_term_key is not None
            and long_term_key != request.ltk
        ):
            reason = HCI_ErrorCode.CONNECTION_TERMINATED_DUE_TO_MIC_FAILURE_ERROR
            connection.end.terminate(reason, reason)
            return
        super().on_le_long_term_key_reply(connection, request, long_term_key)

    def on_le_encryption_change(self, connection: Connection, status: int) -> None:
        """Encrypt from now on, if that is what was agreed."""
        if not isinstance(connection, RadioConnection) or not connection.end.alive:
            return
        if status == HCI_ErrorCode.SUCCESS:
            connection.end.encrypts = True
        super().on_le_encryption_change(connection, status)

    # Signal strength

    def on_hci_read_rssi_command(
        self, command: hci.HCI_Read_RSSI_Command
    ) -> hci.HCI_Read_RSSI_ReturnParameters:
        """Report the signal strength, 7.5.4."""
        return hci.HCI_Read_RSSI_ReturnParameters(
            status=self._status(command.handle),
            handle=command.handle,
            rssi=self.conditions.rssi_dBm,
        )

    # Connection parameters

    def on_hci_le_connection_update_command(
        self, command: hci.HCI_LE_Connection_Update_Command
    ) -> None:
        """Change the parameters, or as peripheral ask the central to, 7.8.18."""
        connection = self._find(command.connection_handle)
        parameters = ConnectionParameters(
            command.connection_interval_min, command.max_latency, command.supervision_timeout
        )
        if connection is None:
            self._refuse(command, HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR)
        elif not parameters.are_valid:
            self._refuse(command, HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR)
        else:
            self._accept(command)
            connection.ask_for_update(parameters)

    def on_hci_le_remote_connection_parameter_request_reply_command(
        self, command: hci.HCI_LE_Remote_Connection_Parameter_Request_Reply_Command
    ) -> hci.HCI_StatusAndConnectionHandleReturnParameters:
        """Give the peripheral what it asked for, 7.8.31."""
        connection = self._find(command.connection_handle)
        if connection is not None:
            connection.ask_for_update(
                ConnectionParameters(command.interval_min, command.max_latency, command.timeout)
            )
        return self._result(command.connection_handle)

    def on_hci_le_remote_connection_parameter_request_negative_reply_command(
        self, command: hci.HCI_LE_Remote_Connection_Parameter_Request_Negative_Reply_Command
    ) -> hci.HCI_StatusAndConnectionHandleReturnParameters:
        """Refuse what the peripheral asked for, 7.8.32."""
        connection = self._find(command.connection_handle)
        if connection is not None:
            connection.refuse_update(command.reason)
        return self._result(command.connection_handle)

    # Data length

    def on_hci_le_set_data_length_command(
        self, command: hci.HCI_LE_Set_Data_Length_Command
    ) -> hci.HCI_StatusAndConnectionHandleReturnParameters:
        """Ask for longer data PDUs, 7.8.33."""
        connection = self._find(command.connection_handle)
        if not SHORTEST_DATA_LENGTH <= command.tx_octets <= LONGEST_DATA_LENGTH:
            return hci.HCI_StatusAndConnectionHandleReturnParameters(
                HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR, command.connection_handle
            )
        if connection is not None:
            connection.ask_for_data_length(command.tx_octets)
        return self._result(command.connection_handle)

    def on_hci_le_read_maximum_data_length_command(
        self, _command: hci.HCI_LE_Read_Maximum_Data_Length_Command
    ) -> hci.HCI_LE_Read_Maximum_Data_Length_ReturnParameters:
        """Report the longest data PDUs of the adapter, 7.8.46."""
        octets = self.conditions.data_length
        longest_us = pdu_us(octets, "1M", encrypted=True)
        return hci.HCI_LE_Read_Maximum_Data_Length_ReturnParameters(
            status=HCI_ErrorCode.SUCCESS,
            supported_max_tx_octets=octets,
            supported_max_tx_time=longest_us,
            supported_max_rx_octets=octets,
            supported_max_rx_time=longest_us,
        )

    # PHY

    def on_hci_le_read_phy_command(
        self, command: hci.HCI_LE_Read_PHY_Command
    ) -> hci.HCI_LE_Read_PHY_ReturnParameters:
        """Report the PHY in force, 7.8.47."""
        connection = self._find(command.connection_handle)
        phy = hci.Phy(PHY_NUMBERS[connection.air.phy if connection else "1M"])
        return hci.HCI_LE_Read_PHY_ReturnParameters(
            status=self._status(command.connection_handle),
            connection_handle=command.connection_handle,
            tx_phy=phy,
            rx_phy=phy,
        )

    def on_hci_le_set_phy_command(self, command: hci.HCI_LE_Set_PHY_Command) -> None:
        """Ask for other PHYs, 7.8.49; those the adapter has not are refused."""
        connection = self._find(command.connection_handle)
        supported = supported_phys(self.conditions)
        tx = supported if command.all_phys & _NO_TX_PREFERENCE else int(command.tx_phys)
        rx = supported if command.all_phys & _NO_RX_PREFERENCE else int(command.rx_phys)
        if connection is None:
            self._refuse(command, HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR)
        elif not tx or not rx or (tx | rx) & ~supported:
            self._refuse(command, HCI_ErrorCode.UNSUPPORTED_FEATURE_OR_PARAMETER_VALUE_ERROR)
        else:
            self._accept(command)
            connection.ask_for_phys(tx & rx or PHY_BITS["1M"])

    # Common parts

    def _find(self, handle: int) -> RadioConnection | None:
        connection = self.find_le_connection_by_handle(handle)
        return connection if isinstance(connection, RadioConnection) else None

    def _status(self, handle: int) -> HCI_ErrorCode:
        if self._find(handle) is None:
            return HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        return HCI_ErrorCode.SUCCESS

    def _result(self, handle: int) -> hci.HCI_StatusAndConnectionHandleReturnParameters:
        return hci.HCI_StatusAndConnectionHandleReturnParameters(self._status(handle), handle)

    def _accept(self, command: hci.HCI_Command) -> None:
        self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)

    def _refuse(self, command: hci.HCI_Command, reason: HCI_ErrorCode) -> None:
        self._send_hci_command_status(reason, command.op_code)
