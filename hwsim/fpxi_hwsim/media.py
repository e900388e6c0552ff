"""What carries a simulated panel's bytes: a socket pair, a TCP port, a pseudo-terminal."""

from __future__ import annotations

import os
import socket
from typing import Protocol

from fpxi_hwsim.errors import ServeError

RECEIVE_BYTES = 1 << 16
SEND_BUFFER_BYTES = 1 << 18
"""small enough that a slow host sees fresh frames: what does not fit waits in the device"""


class Medium(Protocol):
    """The device's end of a medium; used by the thread that runs the device alone."""

    url: str
    """how a host opens the other end"""
    sessions: int
    """counts the hosts that came and left: bytes kept for an earlier session are stale"""

    @property
    def connected(self) -> bool:
        """Whether a host may be listening."""
        ...

    def fileno(self) -> int:
        """Descriptor that becomes readable when `receive` has something to do."""
        ...

    def receive(self) -> bytes:
        """Return what has come; b"" when it was a host that came or left."""
        ...

    def send(self, data: memoryview) -> int:
        """Send what fits now; return how many bytes that was."""
        ...

    def close(self) -> None:
        """Release the medium."""
        ...


class SocketMedium:
    """One connected socket."""

    def __init__(self, connection: socket.socket | None, url: str) -> None:
        self.url = url
        self.sessions = 0
        self._connection = connection
        if connection is not None:
            connection.setblocking(False)

    @property
    def connected(self) -> bool:
        """Whether a host is there."""
        return self._connection is not None

    def fileno(self) -> int:
        """Return the socket's descriptor, -1 after the host has left."""
        return self._connection.fileno() if self._connection is not None else -1

    def receive(self) -> bytes:
        """Return what has come; b"" when the host has left."""
        if self._connection is None:
            return b""
        try:
            data = self._connection.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return b""
        except ConnectionError:
            data = b""
        if not data:
            self._leave()
        return data

    def send(self, data: memoryview) -> int:
        """Send what fits now."""
        if self._connection is None:
            return 0
        try:
            return self._connection.send(data)
        except BlockingIOError:
            return 0
        except ConnectionError:
            self._leave()
            return 0

    def close(self) -> None:
        """Close the socket."""
        if self._connection is not None:
            self._connection.close()

    def _leave(self) -> None:
        SocketMedium.close(self)
        self._connection = None
        self.sessions += 1


class TcpMedium(SocketMedium):
    """A listening TCP port; one host at a time, others wait until it leaves."""

    def __init__(self, host: str, port: int) -> None:
        try:
            self._listener = socket.create_server((host, port), backlog=1)
        except OSError as error:
            raise ServeError(f"TCP port {host}:{port}", str(error)) from error
        self._listener.setblocking(False)
        bound_host, bound_port = self._listener.getsockname()[:2]
        super().__init__(None, f"socket://{bound_host}:{bound_port}")

    def fileno(self) -> int:
        """Return the host's socket, or the listening one while no host is there."""
        return super().fileno() if self.connected else self._listener.fileno()

    def receive(self) -> bytes:
        """Return what has come, or let a host in."""
        if self.connected:
            return super().receive()
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return b""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        connection.setblocking(False)
        self._connection = connection
        self.sessions += 1
        return b""

    def close(self) -> None:
        """Close the host's socket and stop listening."""
        super().close()
        self._listener.close()


class PseudoTerminalMedium:
    """A pseudo-terminal in raw mode: a serial port with flow control.

    The terminal's own end stays open here as well, so that its raw mode outlives every host and
    a host that comes and goes is not taken for a broken line. Hence `connected` is always true:
    with nobody reading, the terminal's buffer fills and the device waits, as behind a UART.
    """

    def __init__(self) -> None:
        if not hasattr(os, "openpty"):
            raise ServeError("a serial line", "this system has no pseudo-terminals; use TCP")
        import tty  # noqa: PLC0415 (not on Windows)

        self._master, self._terminal = os.openpty()
        tty.setraw(self._terminal)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._terminal)
        self.url = f"serial:{self.path}"
        self.sessions = 0
        self.connected = True

    def fileno(self) -> int:
        """Return the controlling end's descriptor."""
        return self._master

    def receive(self) -> bytes:
        """Return what has come."""
        try:
            return os.read(self._master, RECEIVE_BYTES)
        except BlockingIOError:
            return b""

    def send(self, data: memoryview) -> int:
        """Send what fits now."""
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Close both ends: a host still there sees its port vanish."""
        os.close(self._terminal)
        os.close(self._master)
