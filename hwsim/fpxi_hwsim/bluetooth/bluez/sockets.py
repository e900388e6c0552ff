"""The socket that AcquireNotify and AcquireWrite hand to a client."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

_log = logging.getLogger(__name__)

LONGEST_PACKET = 512  # what BlueZ reads at once (`sock_read` in its src/gatt-client.c)


class PacketSocket:
    """Our end of a pair of sequenced-packet sockets; a packet is a value.

    Parameters
    ----------
    on_packet
        Called with each packet that the client sends.
    on_closed
        Called once when the client has closed its end.

    """

    def __init__(self, on_packet: Callable[[bytes], None], on_closed: Callable[[], None]) -> None:
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)
        self._theirs.setblocking(False)
        self._on_packet = on_packet
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._ours, self._readable)

    @property
    def client_fd(self) -> int:
        """The descriptor to send to the client."""
        return self._theirs.fileno()

    def handed_over(self) -> None:
        """Close our copy of the client's descriptor, now that it has its own."""
        self._theirs.close()

    def send(self, value: bytes) -> None:
        """Give the client a value; one that it leaves no room for is lost, as with BlueZ."""
        try:
            self._ours.send(value)
        except BlockingIOError:
            _log.error("a notification was lost: the client does not read its socket")
        except (BrokenPipeError, ConnectionResetError):
            self._hang_up()

    def close(self) -> None:
        """End it from our side; `on_closed` is not called."""
        self._loop.remove_reader(self._ours)
        self._ours.close()
        self._theirs.close()

    def _readable(self) -> None:
        try:
            packet = self._ours.recv(LONGEST_PACKET)
        except ConnectionResetError:
            packet = b""
        if packet:
            self._on_packet(packet)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close()
        self._on_closed()
