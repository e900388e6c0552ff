"""The settings of a connected device, by name."""

from __future__ import annotations

from fpxi_readout import heartbeat, parameter_values
from fpxi_readout.connection import Connection
from fpxi_readout.heartbeat import Heartbeat
from fpxi_readout.protocol.dictionary import Dictionary, ParameterInfo
from fpxi_readout.protocol.generated import Ack, Get, Parameters, Save, Set, Value
from fpxi_readout.protocol.geometry import PanelGeometry
from fpxi_readout.requests import Requests


class DeviceSettings:
    """Reads, sets and saves the parameters that the device's dictionary names."""

    def __init__(self, connection: Connection, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.parameters = Parameters(self)
        """the parameters of this protocol version as typed attributes"""
        self._connection = connection
        self._requests = Requests(connection, dictionary)
        self._heartbeat = Heartbeat(connection, dictionary)

    @property
    def geometry(self) -> PanelGeometry:
        """The pixel array."""
        return self.dictionary.panel

    def get(self, name: str) -> int:
        """Read a parameter, in the unit that ends its name.

        Raises
        ------
        UnknownParameterError
            There is no such parameter.
        UnsupportedByDeviceError
            The device's older firmware lacks it.

        """
        return self._read(parameter_values.find(self.dictionary, name))

    def set(self, name: str, value: int | str) -> int:
        """Set a parameter; return the value in force. A text is a named value or a number.

        Raises
        ------
        UnknownParameterError, UnsupportedByDeviceError
            As for `get`.
        ReadOnlyParameterError, ParameterValueError, ParameterRangeError
            The value cannot be set; nothing was sent.

        """
        info = parameter_values.find(self.dictionary, name)
        number = parameter_values.check(self.dictionary, info, value)
        command = Set(parameter=info.id, value=parameter_values.to_wire(number))
        in_force = parameter_values.from_wire(info, self._requests.request(command, Value).value)
        if name == heartbeat.PARAMETER:
            self._heartbeat.set_timeout(in_force)
        return in_force

    def read_parameters(self) -> dict[str, int]:
        """Read every parameter that the device has."""
        infos = self.dictionary.parameters
        values = self._connection.request_values([info.id for info in infos.values()])
        return {
            name: parameter_values.from_wire(info, values[info.id])
            if info.id in values
            else self._read(info)
            for name, info in infos.items()
        }

    def save(self) -> None:
        """Write the saved parameters to the device's non-volatile memory, while it is stopped."""
        self._requests.request(Save(), Ack)

    def _read(self, info: ParameterInfo) -> int:
        value = self._requests.request(Get(parameter=info.id), Value).value
        return parameter_values.from_wire(info, value)

    def _learn_heartbeat(self) -> None:
        """Ask the device how long it waits for a command."""
        if self._heartbeat.supported:
            self._heartbeat.set_timeout(self.get(heartbeat.PARAMETER))
