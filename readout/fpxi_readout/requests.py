"""Commands to a device whose dictionary is known: refusals in words, and what it lacks by name."""

from __future__ import annotations

from typing import TypeVar

from fpxi_readout.connection import FIRST_TIMEOUT_S, Connection, RefusedError, command_name
from fpxi_readout.device_errors import CommandRefusedError
from fpxi_readout.explanation import explain_nack
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import (
    PROTOCOL_VERSION,
    Ack,
    Command,
    FaultRecord,
    NackCode,
    TestResult,
    Value,
)
from fpxi_readout.protocol.version import UnsupportedByDeviceError

A = TypeVar("A", Ack, Value, FaultRecord, TestResult)


class Requests:
    """Sends commands through a connection."""

    def __init__(self, connection: Connection, dictionary: Dictionary) -> None:
        self._connection = connection
        self._dictionary = dictionary

    def request(
        self, command: Command, answer: type[A], first_wait_s: float = FIRST_TIMEOUT_S
    ) -> A:
        """Send a command until its answer comes, for the first time after `first_wait_s` again.

        Raises
        ------
        UnsupportedByDeviceError
            The device's firmware does not know the command.
        CommandRefusedError, CommandTimeoutError, LinkLostError
            It was refused, not answered, or the link broke.

        """
        name = command_name(command)
        self.require(command)
        try:
            return self._connection.request(command, answer, first_wait_s=first_wait_s)
        except RefusedError as refusal:
            nack = refusal.nack
            if nack.code == NackCode.UNKNOWN_COMMAND:
                raise self._unsupported(name) from None
            words = explain_nack(nack, self._dictionary)
            raise CommandRefusedError(name, nack.code, nack.detail, words) from None

    def require(self, command: Command) -> None:
        """Raise UnsupportedByDeviceError if the device's dictionary lacks the command."""
        if command.TYPE not in self._dictionary.commands.values():
            raise self._unsupported(command_name(command))

    def _unsupported(self, command: str) -> UnsupportedByDeviceError:
        return UnsupportedByDeviceError(
            f"command {command}", PROTOCOL_VERSION, self._dictionary.protocol_version
        )
