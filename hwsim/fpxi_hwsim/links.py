"""Simulated panels in this process, opened by URL."""

from __future__ import annotations

import select
import socket
import threading
import time
from abc import ABC, abstractmethod

from fpxi_readout.links.base import LinkClosedError, LinkLostError

from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.loop import DeviceLoop
from fpxi_hwsim.media import SocketMedium
from fpxi_hwsim.specification import SimulationSpecification

READ_BYTES = 1 << 18
WRITE_TIMEOUT_S = 5.0


class SimulatedLink(ABC):
    """A `fpxi_readout.links.base.Link` to a simulated panel, whose `device` has the scene."""

    def __init__(self, url: str, device: SimulatedDevice) -> None:
        self.description = url
        self.device = device
        self._closed = False

    def read(self, timeout_s: float) -> bytes:
        """Return as soon as any bytes are there; b"" when none came in time."""
        self._refuse_if_closed()
        return self._read(timeout_s)

    def write(self, data: bytes) -> None:
        """Hand over all of `data`."""
        self._refuse_if_closed()
        self._write(data)

    @abstractmethod
    def close(self) -> None:
        """Switch the device off; a second call does nothing."""

    @abstractmethod
    def _read(self, timeout_s: float) -> bytes: ...

    @abstractmethod
    def _write(self, data: bytes) -> None: ...

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise LinkClosedError(self.description)


class RealTimeLink(SimulatedLink):
    """The device runs in its own thread, behind the bounded buffers of a socket pair."""

    def __init__(self, url: str, device: SimulatedDevice) -> None:
        super().__init__(url, device)
        self._socket, other_end = socket.socketpair()
        self._socket.settimeout(WRITE_TIMEOUT_S)
        self._loop = DeviceLoop(device, SocketMedium(other_end, url))

    def close(self) -> None:
        """Stop the device's thread."""
        self._closed = True
        self._loop.close()
        self._socket.close()

    def _read(self, timeout_s: float) -> bytes:
        readable, _, _ = select.select([self._socket], [], [], max(0.0, timeout_s))
        if not readable:
            return b""
        try:
            data = self._socket.recv(READ_BYTES)
        except ConnectionError as error:
            raise LinkLostError(self.description, str(error)) from error
        if not data:
            raise LinkLostError(self.description, self._why_stopped())
        return data

    def _why_stopped(self) -> str:
        failure = self._loop.failure
        reason = "the simulated device has stopped"
        return reason if failure is None else f"{reason}: {failure}"

    def _write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise LinkLostError(self.description, str(error)) from error


class VirtualTimeLink(SimulatedLink):
    """The device is stepped by `read`: repeatable, and as fast as the reader.

    Time jumps to the device's next deadline when it has nothing to send. When only the host can
    wake the device, `read` really waits, as on a silent line.
    """

    def __init__(self, url: str, device: SimulatedDevice) -> None:
        super().__init__(url, device)
        self._woken = threading.Event()
        device.wake = self._woken.set

    def close(self) -> None:
        """Close the link; nothing runs that has to be stopped."""
        self._closed = True

    def _read(self, timeout_s: float) -> bytes:
        end_s = time.monotonic() + timeout_s
        while True:
            self._woken.clear()
            data = self.device.step()
            if data:
                return data
            wait_s = self.device.clock.wait_s(self.device.deadline_us())
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                return b""
            if wait_s is None:
                self._woken.wait(left_s)

    def _write(self, data: bytes) -> None:
        self.device.feed(data)


def open_link(url: str) -> SimulatedLink:
    """Open a simulated panel, `sim:<preset>[?key=value&...]`.

    Raises
    ------
    SimulationUrlError
        The URL is wrong; the message lists what exists.
    ObjectError, RecordedFramesError, NativeLibraryError
        A file that it names, or the firmware, is absent or does not fit.

    """
    specification = SimulationSpecification.from_url(url)
    device = SimulatedDevice(specification)
    if specification.time == "virtual":
        return VirtualTimeLink(url, device)
    return RealTimeLink(url, device)
