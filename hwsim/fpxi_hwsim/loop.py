"""The thread that runs a simulated device on a medium.

One `DeviceLoop` owns the device's line, its medium and the thread; others may change the scene,
set faults or reset the device, which wakes the thread.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading

from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.media import Medium


class DeviceLoop:
    """Carries bytes between a device and a medium until `close`."""

    def __init__(self, device: SimulatedDevice, medium: Medium) -> None:
        self._device = device
        self._medium = medium
        self._closing = False
        self.failure: Exception | None = None
        """what ended the thread before `close`"""
        self._pending = memoryview(b"")
        self._more = False
        """whether the line gave bytes and so has room for what waits in the device"""
        self._session = medium.sessions
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        device.wake = self._wake
        name = f"fpxi-sim-{device.specification.serial}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread and release the medium; a second call does nothing."""
        if self._closing:
            return
        self._closing = True
        self._wake()
        self._thread.join()
        self._waker.close()
        self._woken.close()

    def _run(self) -> None:
        try:
            while not self._closing:
                self._exchange()
                self._wait()
        except Exception as error:
            self.failure = error
            raise
        finally:
            # A host then sees its link break, also if the device failed.
            self._medium.close()

    def _exchange(self) -> None:
        """Move bytes to the host as far as it takes them."""
        fresh = self._device.step(take=self._flowing)
        self._more = bool(fresh)
        if fresh:
            self._pending = memoryview(fresh)
        if self._pending:
            self._pending = self._pending[self._medium.send(self._pending) :]
        self._drop_stale()

    def _wait(self) -> None:
        """Sleep until bytes come, the host takes bytes, the device is due, or `_wake`."""
        readers: list[int] = [self._woken.fileno()]
        if self._device.takes_bytes and self._medium.fileno() >= 0:
            readers.append(self._medium.fileno())
        waiting = self._pending and self._medium.connected
        writers = [self._medium.fileno()] if waiting else []
        readable, _, _ = select.select(readers, writers, [], self._timeout_s())
        if self._woken.fileno() in readable:
            self._woken.recv(4096)
        if self._medium.fileno() in readable:
            self._device.feed(self._medium.receive())
            self._drop_stale()

    @property
    def _flowing(self) -> bool:
        """Whether the host takes all that the device sends."""
        return self._medium.connected and not self._pending

    def _timeout_s(self) -> float | None:
        """Real time runs always; virtual time only while the host takes all that is sent."""
        clock = self._device.clock
        if self._more and self._flowing:
            return 0.0
        if not (self._flowing or clock.runs_alone):
            return None
        return clock.wait_s(self._device.deadline_us(take=self._flowing))

    def _drop_stale(self) -> None:
        """Forget what was meant for a host that has left."""
        if self._session == self._medium.sessions:
            return
        self._session = self._medium.sessions
        self._pending = memoryview(b"")
        self._device.hang_up()

    def _wake(self) -> None:
        # When the pair is full, so many wake-ups are under way that one more adds nothing.
        with contextlib.suppress(BlockingIOError):
            self._waker.send(b"\0")
