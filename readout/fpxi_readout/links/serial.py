"""Serial ports, and whatever else pyserial opens by URL."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import serial

from fpxi_readout.links.base import (
    PORT_REMEDY,
    LinkClosedError,
    LinkLostError,
    LinkOpenError,
    LinkUrlError,
)

DEFAULT_BAUD = 3_000_000
WRITE_LIMIT_S = 1.0
READ_LIMIT = 1 << 18
# Where the port offers nothing to wait on (COM ports, loop://), a blocking read of one byte
# waits; it is repeated at this interval until the caller's time is over.
SLICE_S = 0.02
PSEUDO_TERMINAL_MAJORS = range(136, 144)
"""device numbers of the ends that programs open (Linux, Documentation/admin-guide/devices.txt)"""

SOCKET = "socket://"
SOCKET_REMEDY = "see that a device is served there and that no other program uses it"
URL_REMEDY = "write serial:/dev/ttyACM0, serial:COM3?baud=921600 or socket://host:port"


class SerialLink:
    """A link through pyserial."""

    def __init__(self, url: str, port: serial.Serial) -> None:
        self._url = url
        self._port = port
        self._closed = False
        self._selector = _selector(port)
        port.timeout = SLICE_S if self._selector is None else 0

    @classmethod
    def open(cls, url: str) -> SerialLink:
        """Open `serial:PORT[?baud=N]` or `socket://HOST:PORT`.

        Raises
        ------
        LinkOpenError
            The port could not be opened, or an option in the URL is wrong.

        """
        return cls(url, open_port(url))

    @property
    def description(self) -> str:
        """The URL."""
        return self._url

    def read(self, timeout_s: float) -> bytes:
        """Return as soon as any bytes are there; b"" when none came within `timeout_s`."""
        self._require_open()
        try:
            if self._selector is None:
                return self._read_in_slices(timeout_s)
            if not self._selector.select(max(timeout_s, 0.0)):
                return b""
            return bytes(self._port.read(READ_LIMIT))
        except (serial.SerialException, OSError) as error:
            raise LinkLostError(self._url, str(error)) from error

    def write(self, data: bytes) -> None:
        """Hand over all of `data`; a port that takes nothing for a second is lost."""
        self._require_open()
        try:
            self._port.write(data)
        except (serial.SerialException, OSError) as error:
            raise LinkLostError(self._url, str(error)) from error

    def close(self) -> None:
        """Release the port."""
        if self._closed:
            return
        self._closed = True
        if self._selector is not None:
            self._selector.close()
        over_tcp = getattr(self._port, "_socket", None)
        if isinstance(over_tcp, socket.socket):
            # pyserial sleeps for 0.3 s, and leaves a socket open whose other end is closed.
            with contextlib.suppress(OSError):
                over_tcp.shutdown(socket.SHUT_RDWR)
            over_tcp.close()
            self._port.is_open = False
        else:
            self._port.close()

    def _require_open(self) -> None:
        if self._closed:
            raise LinkClosedError(self._url)

    def _read_in_slices(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        while not self._port.in_waiting:
            if time.monotonic() >= deadline:
                return b""
            first = bytes(self._port.read(1))
            if first:
                return first + bytes(self._port.read(self._port.in_waiting))
        return bytes(self._port.read(self._port.in_waiting))


def open_port(
    url: str,
    *,
    baud: int | None = None,
    parity: str = serial.PARITY_NONE,
    timeout_s: float | None = None,
) -> serial.Serial:
    """Open the port of a `serial:` or `socket://` URL; `baud` replaces the URL's.

    Raises
    ------
    LinkOpenError
        The port could not be opened, or an option in the URL is wrong.

    """
    name, url_baud = _parse(url)
    over_tcp = name.startswith(SOCKET)
    try:
        port = serial.serial_for_url(
            name,
            baudrate=url_baud if baud is None else baud,
            parity=serial.PARITY_NONE if _is_pseudo_terminal(name) else parity,
            timeout=timeout_s,
            write_timeout=WRITE_LIMIT_S,
            exclusive=True if os.name == "posix" else None,
        )
        if over_tcp:
            _send_at_once(port)
    except (serial.SerialException, OSError, ValueError) as error:
        remedy = SOCKET_REMEDY if over_tcp else PORT_REMEDY
        raise LinkOpenError(url, str(error), remedy) from error
    return port


def _is_pseudo_terminal(name: str) -> bool:
    """Whether the port is a pseudo-terminal of Linux, which knows no parity and refuses it."""
    try:
        device = Path(name).stat().st_rdev
    except OSError:
        return False
    return sys.platform == "linux" and os.major(device) in PSEUDO_TERMINAL_MAJORS


def _parse(url: str) -> tuple[str, int]:
    """Split a URL into what pyserial opens and the baud rate."""
    name, _, query = url.removeprefix("serial:").partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    baud = options.pop("baud", str(DEFAULT_BAUD))
    if not baud.isdecimal() or int(baud) == 0:
        raise LinkUrlError(url, f"baud={baud!r} is not a positive whole number", URL_REMEDY)
    if options and "://" not in name:
        raise LinkUrlError(url, f"there is no option {next(iter(options))!r}", URL_REMEDY)
    if not name:
        raise LinkUrlError(url, "no port is named", URL_REMEDY)
    if name.startswith(SOCKET):
        _require_host_and_port(url, name)
    return (f"{name}?{urlencode(options)}" if options else name), int(baud)


def _require_host_and_port(url: str, name: str) -> None:
    host, separator, port = name.removeprefix(SOCKET).rpartition(":")
    known = separator and host and port.isdecimal() and 0 < int(port) < 65_536
    if not known:
        raise LinkUrlError(url, "it names no host and port from 1 to 65535", URL_REMEDY)


def _selector(port: serial.Serial) -> selectors.BaseSelector | None:
    """Return something to wait on, or None where the port has no usable descriptor."""
    try:
        descriptor = port.fileno()
        selector = selectors.DefaultSelector()
        selector.register(descriptor, selectors.EVENT_READ)
    except (AttributeError, OSError, ValueError):
        return None
    return selector


def _send_at_once(port: serial.Serial) -> None:
    """Keep TCP from holding back a small packet until the last one is acknowledged."""
    with socket.fromfd(port.fileno(), socket.AF_INET, socket.SOCK_STREAM) as shared:
        shared.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
