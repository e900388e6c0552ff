"""The line between the board and its Bluetooth module, with the module's flow control."""

from __future__ import annotations

import socket
from collections.abc import Callable

BUFFER_BYTES = 4096
"""what the module keeps in either direction, about: live frames stay fresh, the rest waits in the
board"""


class BluetoothMedium:
    """The device's end of the line; the module has `module_end`, a connected socket.

    Hosts may come and go without the device noticing: while no host that may hear it is there,
    the module keeps its flow control inactive, and the bytes wait in the board.

    Parameters
    ----------
    url
        How a host opens the panel.

    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.sessions = 0
        self.wake: Callable[[], None] = _nobody
        """called after the flow control has changed"""
        self._clear_to_send = False
        self._line, self.module_end = socket.socketpair()
        for end in (self._line, self.module_end):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)

    @property
    def connected(self) -> bool:
        """Whether the module takes bytes (its CTS output is active)."""
        return self._clear_to_send

    def set_clear_to_send(self, clear: bool) -> None:
        """Change the module's flow control; from any thread."""
        self._clear_to_send = clear
        self.wake()

    def fileno(self) -> int:
        """Return the descriptor of the device's end, -1 after the module is gone."""
        return self._line.fileno()

    def receive(self) -> bytes:
        """Return what has come from the host."""
        try:
            data = self._line.recv(BUFFER_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._end()
        return data

    def send(self, data: memoryview) -> int:
        """Send what the module takes now."""
        if not self._clear_to_send:
            return 0
        try:
            return self._line.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._end()
            return 0

    def close(self) -> None:
        """Close the device's end: the module then knows that its board is off."""
        self._end()

    def dispose(self) -> None:
        """Close both ends, once neither device nor module uses them."""
        self._end()
        self.module_end.close()

    def _end(self) -> None:
        self._clear_to_send = False
        self._line.close()


def _nobody() -> None:
    """Wake nobody: nothing sleeps on this line."""
