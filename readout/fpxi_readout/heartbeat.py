"""Commands sent often enough that the device does not take its host for gone."""

from __future__ import annotations

import math

from fpxi_readout.connection import Connection
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import Get

PARAMETER = "heartbeat_timeout_ms"
# Two in a row may be lost.
BEATS_IN_TIMEOUT = 3


class Heartbeat:
    """Sends a GET whenever no command has been sent for a third of the device's time-out.

    Its answer is not waited for. Without a time-out, or with a device that has no such parameter,
    nothing is sent.
    """

    def __init__(self, connection: Connection, dictionary: Dictionary) -> None:
        info = dictionary.parameters.get(PARAMETER)
        self._connection = connection
        self._parameter = None if info is None else info.id
        self._interval_s = math.inf

    @property
    def supported(self) -> bool:
        """Whether the device has a time-out."""
        return self._parameter is not None

    def set_timeout(self, timeout_ms: int) -> None:
        """Take the device's time-out; 0: it waits for ever."""
        self._interval_s = timeout_ms * 1e-3 / BEATS_IN_TIMEOUT if timeout_ms else math.inf

    def seconds_left(self) -> float:
        """Return how long `run` has nothing to do."""
        since_s = self._connection.clock() - self._connection.last_command_s
        return max(self._interval_s - since_s, 0.0)

    def run(self) -> None:
        """Send the command if it is due."""
        if self._parameter is not None and self.seconds_left() <= 0.0:
            self._connection.send(Get(parameter=self._parameter))
