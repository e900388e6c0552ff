"""The thread that owns the device: connects, talks, reads frames, and connects again."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from fpxi_readout.device_errors import DeviceFaultError
from fpxi_readout.errors import FpxiError
from fpxi_readout.frame import Frame

from fpxi.connection import ConnectionState, ConnectionStatus
from fpxi.connectors import Connector
from fpxi.device_state import DeviceState
from fpxi.errors import (
    DeviceChangedError,
    NotConnectedError,
    SessionClosedError,
    ThreadFailedError,
)
from fpxi.failures import link_is_gone, may_pass
from fpxi.hub import FrameHub
from fpxi.link_pace import LinkPace
from fpxi.paced_source import PacedSource
from fpxi.source import FrameSource
from fpxi.tracked_source import TrackedSource
from fpxi.wishes import Wishes

T = TypeVar("T")

POLL_S = 0.02
HOLD_S = 0.002
HEARTBEAT_S = 0.5
FIRST_BACK_OFF_S = 0.25
LONGEST_BACK_OFF_S = 5.0
STOP_S = 5.0
"""Time for a device that answers to be stopped when the session is closed."""


@dataclass(frozen=True, slots=True)
class _Request:
    action: Callable[[FrameSource], Any]
    future: Future[Any]


class LinkThread:
    """Runs `fpxi-link`. Its methods may be called from any thread; the device only from its own.

    Frames go to the hub, everything else that others may see to `DeviceState`.
    """

    def __init__(
        self,
        url: str,
        connector: Connector,
        hub: FrameHub,
        device: DeviceState,
        *,
        reconnect: bool,
        follow_link: bool | None = None,
    ) -> None:
        self._url = url
        self._connector = connector
        self._hub = hub
        self._device = device
        self._reconnect = reconnect
        self._follow_link = follow_link
        self._pace = LinkPace()
        self._wishes = Wishes()
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._broken_off: list[tuple[Future[Any], FpxiError]] = []
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._status = ConnectionStatus(ConnectionState.CONNECTING, None, time.time(), 0)
        self._thread = threading.Thread(target=self._run, name="fpxi-link", daemon=True)

    @property
    def status(self) -> ConnectionStatus:
        """Where the connection stands."""
        return self._status

    def start(self) -> None:
        """Begin connecting."""
        self._thread.start()

    def submit(self, action: Callable[[FrameSource], T]) -> Future[T]:
        """Have `action` called with the source in the link thread, after those submitted before.

        The future carries the result or the error; `NotConnectedError` while no device answers.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._status.state in (ConnectionState.CLOSED, ConnectionState.FAILED):
                future.set_exception(self._status.error or SessionClosedError(self._url))
            else:
                self._requests.put(_Request(action, future))
        return future

    def stop_when_back(self) -> None:
        """Have a device that is away stopped when it is met again, be it this very moment."""
        self._wishes.stopped()
        self._wishes.stop_first = True  # last: whoever takes it for done begins nothing any more

    def wait_for_change(self, seen: ConnectionStatus, timeout_s: float) -> ConnectionStatus:
        """Wait until the status is no longer the one seen, at most so long; return it."""
        with self._changed:
            self._changed.wait_for(lambda: self._status is not seen, timeout_s)
            return self._status

    def close(self, timeout_s: float) -> None:
        """End the thread and wait for it."""
        self._closing.set()
        self._requests.put(None)
        if self._thread.ident is None:
            self._end(ConnectionState.CLOSED, SessionClosedError(self._url))
            return
        if self._status.state is ConnectionState.CONNECTED:
            self._thread.join(min(STOP_S, timeout_s))
        if self._thread.is_alive():
            self._connector.interrupt()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise ThreadFailedError("fpxi-link", TimeoutError(f"still busy after {timeout_s} s"))

    def _run(self) -> None:
        final = ConnectionState.CLOSED
        error: FpxiError = SessionClosedError(self._url)
        try:
            while not self._closing.is_set():
                source = self._connect()
                if source is not None:
                    self._serve(source)
        except FpxiError as failure:
            final, error = ConnectionState.FAILED, failure
        except Exception as failure:  # noqa: BLE001 - made known as the session's error
            final, error = ConnectionState.FAILED, ThreadFailedError("fpxi-link", failure)
        try:
            self._connector.close()
        except Exception as failure:  # noqa: BLE001 - as above
            final, error = ConnectionState.FAILED, ThreadFailedError("fpxi-link", failure)
        self._end(final, error)

    def _end(self, state: ConnectionState, error: FpxiError) -> None:
        self._set_status(state, error if state is ConnectionState.FAILED else None)
        self._hub.end(error)
        while not self._requests.empty():
            self._refuse(self._requests.get(), error)

    def _set_status(
        self, state: ConnectionState, error: FpxiError | None = None, attempt: int = 0
    ) -> None:
        with self._changed:
            same = state is self._status.state
            since = self._status.since if same else time.time()
            self._status = ConnectionStatus(state, error, since, attempt)
            self._changed.notify_all()

    def _connect(self) -> TrackedSource | None:
        """Try until a device answers, or None when the session is being closed."""
        back_off_s = FIRST_BACK_OFF_S
        while not self._closing.is_set():
            try:
                return self._connect_once()
            except FpxiError as error:
                if self._closing.is_set():
                    return None
                if not (self._reconnect and may_pass(error)):
                    raise
                status = self._status
                self._set_status(status.state, error, status.attempt + 1)
            self._refuse_requests_for(back_off_s)
            back_off_s = min(2 * back_off_s, LONGEST_BACK_OFF_S)
        return None

    def _connect_once(self) -> TrackedSource:
        source = self._tracked(self._connector.connect())
        absent_before = self._frames_absent()
        try:
            self._require_same_device(source)
            goes_on = source.take_up()
            self._hand_on(source, source.take_rescued())
            told = self._words(goes_on, self._frames_absent() - absent_before)
            self._device.connected(source, unchanged=goes_on)
        except FpxiError as error:
            self._let_go(source, error)
            raise
        if self._status.state is ConnectionState.RECONNECTING:
            after = f"connected again after {self._device.last_outage_s:.1f} s"
            self._hub.found(after + told, anew=self._wishes.begun_anew)
        self._wishes.begun_anew = False
        self._set_status(ConnectionState.CONNECTED)
        return source

    def _tracked(self, source: FrameSource) -> TrackedSource:
        return TrackedSource(self._paced(source), self._wishes, self._device)

    def _paced(self, source: FrameSource) -> FrameSource:
        """Measure the link, and follow it if that is wanted, where real time passes on it."""
        if self._connector.unhurried:
            return source
        follow = self._follow_link
        self._pace.follow = self._connector.radio is not None if follow is None else follow
        return PacedSource(source, self._pace, self._device)

    def _let_go(self, source: TrackedSource, error: FpxiError) -> None:
        """Keep all that a source still has which failed: frames, events, counters, its run."""
        self._hand_on(source, source.take_ready())
        source.leave_run()
        self._device.disconnected(source)
        self._connector.drop(source, link_lost=link_is_gone(error))

    def _frames_absent(self) -> int:
        return self._device.link.frames_lost + self._device.link.frames_skipped

    def _words(self, goes_on: bool, frames_absent: int) -> str:
        """Say what became of the acquisition."""
        left = self._wishes.frames_left
        text = ""
        if self._wishes.begun_anew:
            text = ": the acquisition was begun anew" + (f" for {left} frames" if left else "")
        elif goes_on:
            text = ": the acquisition goes on"
        return text + (f"; {frames_absent} frames were lost or skipped" if frames_absent else "")

    def _require_same_device(self, source: FrameSource) -> None:
        known, now = self._device.identity, source.identity
        if known is not None and known.serial_number != now.serial_number:
            raise DeviceChangedError(self._url, known.serial_number, now.serial_number)

    def _refuse_requests_for(self, duration_s: float) -> None:
        deadline = time.monotonic() + duration_s
        while not self._closing.is_set() and (left_s := deadline - time.monotonic()) > 0:
            request = self._next_request(left_s)
            if request is not None:
                reason = str(self._status.error)
                self._refuse(request, NotConnectedError(self._url, reason))

    def _refuse(self, request: _Request | None, error: FpxiError) -> None:
        if request is not None and request.future.set_running_or_notify_cancel():
            request.future.set_exception(error)

    def _next_request(self, timeout_s: float) -> _Request | None:
        try:
            return self._requests.get(block=timeout_s > 0, timeout=timeout_s)
        except queue.Empty:
            return None

    def _serve(self, source: TrackedSource) -> None:
        """Work with a connected source until closing; a lost device is noted for reconnection."""
        try:
            self._pump(source)
            if self._wishes.running or self._wishes.stop_first:
                source.stop()  # a panel that nobody reads any more would go on for ever
        except FpxiError as error:
            self._device.lost()
            self._let_go(source, error)
            if self._closing.is_set() and link_is_gone(error):
                return
            if not (self._reconnect and may_pass(error)):
                raise
            self._hub.lost(error)
            self._set_status(ConnectionState.RECONNECTING, error)
        else:
            self._device.disconnected(source)
            source.close()
        finally:
            self._answer_broken_off()

    def _pump(self, source: TrackedSource) -> None:
        heartbeat_at = time.monotonic() + HEARTBEAT_S
        while not self._closing.is_set():
            if self._wishes.stop_first:
                source.stop()
            held_back = self._waits_for_readers()
            self._perform(source, HOLD_S if held_back else 0.0)
            if held_back:
                source.keep_alive()
            else:
                self._hand_on(source, self._poll(source))
            if time.monotonic() >= heartbeat_at:
                self._device.refresh_one(source)
                heartbeat_at = time.monotonic() + HEARTBEAT_S

    def _waits_for_readers(self) -> bool:
        """Return whether to leave frames with the device, which loses none by that."""
        patient = self._connector.unhurried or self._wishes.reliable
        return patient and self._hub.crowded

    def _perform(self, source: TrackedSource, wait_s: float) -> None:
        """Carry out what was submitted; wait so long for the first."""
        request = self._next_request(wait_s)
        while request is not None:
            if request.future.set_running_or_notify_cancel():
                self._carry_out(request, source)
            request = self._next_request(0)

    def _carry_out(self, request: _Request, source: TrackedSource) -> None:
        try:
            result = request.action(source)
        except FpxiError as error:
            if may_pass(error):  # its submitter is told when the status tells it too
                self._broken_off.append((request.future, error))
                raise
            request.future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - the submitter's own error goes to him
            request.future.set_exception(error)
        else:
            request.future.set_result(result)

    def _answer_broken_off(self) -> None:
        for future, error in self._broken_off:
            future.set_exception(error)
        self._broken_off.clear()

    def _poll(self, source: TrackedSource) -> list[Frame]:
        try:
            return source.poll(POLL_S)
        except DeviceFaultError as error:  # the run is over; the device still answers
            self._hub.lost(error)
            return []

    def _hand_on(self, source: TrackedSource, frames: list[Frame]) -> None:
        """Give frames and events to all who want them."""
        events = source.take_events()
        self._device.received(source, frames, events)
        self._hub.publish(frames)
        for event in events:
            self._hub.mark(event.text, event.timestamp_us)
