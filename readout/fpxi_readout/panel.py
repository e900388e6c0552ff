"""The client of one panel: settings, acquisition, frames, events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from fpxi_readout.connection import Connection
from fpxi_readout.device_errors import (
    CommandTimeoutError,
    DeviceError,
    DeviceFaultError,
    DeviceResetError,
    FrameTimeoutError,
    NotStartedError,
    ParameterRangeError,
    StreamTakenError,
)
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.explanation import DeviceEvent, explain_event
from fpxi_readout.frame import Frame
from fpxi_readout.identity import DeviceIdentity, fetch_dictionary, identify, identify_started
from fpxi_readout.inbox import Inbox
from fpxi_readout.links.base import Link
from fpxi_readout.protocol.counters import FrameCounters
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import (
    Ack,
    BoardTest,
    Bootloader,
    Delivery,
    FaultRecord,
    LastFault,
    Reset,
    SelfTest,
    SoftwareTrigger,
    Start,
    Stop,
    TestResult,
)
from fpxi_readout.protocol.version import require_same_major
from fpxi_readout.run import Run
from fpxi_readout.settings import DeviceSettings
from fpxi_readout.statistics import LinkStatistics, collect

MOST_FRAMES = 2**32 - 1
BOOT_WAIT_S = 1.0
POLL_S = 0.1


class Panel(DeviceSettings):
    """A connected panel. It has no thread of its own: one thread owns it and calls `poll`.

    Every method that talks to the device may raise LinkLostError, CommandTimeoutError,
    CommandRefusedError or, from a device that breaks the protocol, ProtocolError.
    """

    def __init__(
        self, connection: Connection, inbox: Inbox, identity: DeviceIdentity, dictionary: Dictionary
    ) -> None:
        super().__init__(connection, dictionary)
        self.identity = identity
        self._inbox = inbox
        self._counters = FrameCounters()
        self._run: Run | None = None
        self._ready: list[Frame] = []
        self._failure: DeviceError | None = None
        self._earlier_resends = 0

    @classmethod
    def connect(
        cls,
        link: Link,
        *,
        cache: DictionaryCache | None = None,
        timeout_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Identify the device at the other end and read its dictionary.

        Nothing on the device is changed: one that an earlier program left acquiring goes on
        until `start` or `stop`. When this fails the link stays open and the caller's.

        Raises
        ------
        CommandTimeoutError
            Nothing answered within `timeout_s`.
        NotAPanelError
            What answered is no fpxi device.
        ProtocolVersionError
            The device speaks another major version; `maintenance` can still identify and reset it.
        DictionaryError
            The device's description of itself cannot be used.

        """
        connection = Connection(link, clock)
        inbox = Inbox()
        connection.on_packet = inbox.packet
        connection.end_stale_packet()
        identity = identify(connection, timeout_s)
        require_same_major(identity.protocol_version)
        dictionary = fetch_dictionary(connection, identity, cache or DictionaryCache())
        panel = cls(connection, inbox, identity, dictionary)
        panel._learn_heartbeat()
        return panel

    # --- Acquisition ----------------------------------------------------------------------------

    @property
    def acquiring(self) -> bool:
        """Whether `poll` or `frames` still has frames of the run to give, or an error to raise."""
        running = self._run is not None and not self._run.drained
        return running or bool(self._ready) or self._failure is not None

    def start(self, frames: int = 0, *, reliable: bool = False) -> int:
        """Begin a run of so many frames (0: until `stop`); return the first frame's number.

        Whatever the device is still acquiring is stopped first. Frames of an earlier run that
        have not been taken are given up and counted as abandoned.

        Raises
        ------
        ParameterRangeError
            The number of frames does not fit the protocol.

        """
        if not 0 <= frames <= MOST_FRAMES:
            raise ParameterRangeError("frames", frames, 0, MOST_FRAMES, "")
        self._abandon_run(self._requests.request(Stop(), Ack).value)
        self.set("delivery", Delivery.RELIABLE if reliable else Delivery.LIVE)
        self._inbox.hold()
        try:
            first_frame = self._requests.request(Start(frames=frames), Ack).value
            self._run = Run.of_device(
                self._connection,
                self.dictionary,
                self._counters,
                first_frame=first_frame,
                frames=frames,
                reliable=reliable,
            )
        finally:
            self._inbox.attach(self._run)
        return first_frame

    def stop(self) -> None:
        """Stop acquiring. Frames already read out still come, through `poll` or `frames`."""
        end = self._requests.request(Stop(), Ack).value
        # The number means nothing after a restart, which the next `poll` reports.
        if self._run is not None and self._inbox.booted is None:
            self._run.stop_at(end)
            self._settle(self._run)

    def software_trigger(self) -> int:
        """Begin a burst of exposures; return the number that its first frame will carry."""
        return self._requests.request(SoftwareTrigger(), Ack).value

    def poll(self, timeout_s: float) -> list[Frame]:
        """Read the link once and do what is due; return the frames that are ready, in order.

        Returns as soon as anything arrives, perhaps without a whole frame.

        Raises
        ------
        DeviceResetError, DeviceFaultError, StreamTakenError
            The run is over; everything that arrived before has been returned.

        """
        run = self._run
        frames, self._ready = self._ready, []
        try:
            self._pump(0.0 if frames else timeout_s)
        finally:
            frames += run.take() if run is not None else []
            self._ready = frames
        if not frames and self._failure is not None and (run is None or run.drained):
            failure, self._failure = self._failure, None
            raise failure
        self._ready = []
        return frames

    def keep_alive(self) -> None:
        """Send the heartbeat if it is due; for an owner who does not `poll` for a while."""
        self._heartbeat.run()

    def frames(self, count: int | None = None, *, timeout_s: float) -> Iterator[Frame]:
        """Go through the frames of the run, at most `count`, until the last is accounted for.

        Frames that were lost are missing from the numbers; `statistics` counts them.

        Raises
        ------
        NotStartedError
            No run is on.
        FrameTimeoutError
            No frame came within `timeout_s` of the last.
        DeviceResetError, DeviceFaultError, StreamTakenError
            As for `poll`.

        """
        if self._run is None:
            raise NotStartedError
        return self._frames(count, timeout_s)

    # --- Restart and diagnosis ------------------------------------------------------------------

    def reset(self) -> None:
        """Restart the firmware and identify the device anew. A run that is on ends."""
        self._abandon_run(0)
        self._inbox.forget()
        self._requests.request(Reset(), Ack)
        self._await_boot(BOOT_WAIT_S)

    def enter_bootloader(self) -> None:
        """Restart into the boot loader, bias off. From then on the link speaks its protocol.

        Raises CommandRefusedError (not_supported) where the board has none.
        """
        self._requests.request(Bootloader(), Ack)
        self._abandon_run(0)

    def self_test(self, test: BoardTest) -> TestResult:
        """Have the device test a part of itself, while it is stopped; a second, at most.

        The assertion and watchdog tests restart it: use `provoke`.
        """
        return self._requests.request(SelfTest(test=test), TestResult, first_wait_s=1.5)

    def provoke(self, test: BoardTest, timeout_s: float) -> bool:
        """Have the device restart through its assertion or watchdog test; identify it anew.

        Returns whether it said that it has started; on a bad line that may get lost.

        A run that is on ends. The command is sent once: a repetition would restart it again.

        Raises
        ------
        UnsupportedByDeviceError
            The device's older firmware has no self-tests.
        CommandTimeoutError
            The device is silent for longer than `timeout_s`.

        """
        command = SelfTest(test=test)
        self._requests.require(command)
        self._abandon_run(self._requests.request(Stop(), Ack).value)
        self._inbox.forget()
        self._connection.send(command)
        self._await_boot(timeout_s)
        return self._inbox.has_booted()

    def last_fault(self) -> FaultRecord:
        """Return what was latched before the last reset, and where in the firmware."""
        return self._requests.request(LastFault(), FaultRecord)

    # --- Observation ----------------------------------------------------------------------------

    def take_events(self) -> list[DeviceEvent]:
        """Return the events that came since the last call."""
        return [explain_event(event, self.dictionary) for event in self._inbox.take_events()]

    @property
    def statistics(self) -> LinkStatistics:
        """What became of everything that the device sent since `connect`."""
        resend_requests = self._run.resend_requests if self._run is not None else 0
        return collect(
            self._counters,
            self._connection,
            self._inbox,
            resend_requests=self._earlier_resends + resend_requests,
        )

    def close(self) -> None:
        """Close the link. A device that is left acquiring goes on until the next `start`."""
        self._connection.link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- Within ---------------------------------------------------------------------------------

    def _await_boot(self, limit_s: float) -> None:
        self.identity = identify_started(self._connection, self._inbox.has_booted, limit_s)
        self._learn_heartbeat()

    def _abandon_run(self, end: int) -> None:
        """End the run that is on; count what it leaves undelivered of the frames below `end`."""
        run, self._run = self._run, None
        self._inbox.attach(None)
        self._failure = None
        if run is not None:
            self._earlier_resends += run.resend_requests
            run.abandon(self._ready, end)
        self._ready = []

    def _pump(self, timeout_s: float) -> None:
        run = self._run
        self._heartbeat.run()
        timeout_s = min(timeout_s, self._heartbeat.seconds_left())
        if run is None or run.finished:
            self._connection.pump(timeout_s)
        else:
            self._connection.pump(min(timeout_s, run.seconds_to_timer()))
            run.run_timers()
            self._watch(run)
        if run is not None:
            self._settle(run)

    def _settle(self, run: Run) -> None:
        """Ask, when all is over, how many of the absent frames the device skipped itself."""
        if run.finished and run.assembler.absent and not run.settled:
            run.settled = True
            run.assembler.explain_skipped(self.get("frames_skipped"))

    def _watch(self, run: Run) -> None:
        """End the run when the device restarted, or after the frames that preceded a fault.

        When another host took the stream over, what has arrived is all that comes.
        """
        booted = self._inbox.booted
        fault = self._inbox.fault.detail if self._inbox.fault is not None else run.fault
        if booted is not None or run.restarted:
            cause = self.dictionary.name_of("reset_cause", booted.detail) if booted else "unnoticed"
            self._failure = DeviceResetError(f"reset cause: {cause}")
            run.end_here()
        elif self._inbox.left is not None:
            self._failure = StreamTakenError()
            run.end_here()
        elif fault and self._failure is None:
            self.stop()  # tells how many frames were read out before the fault: they still come
            self._failure = DeviceFaultError(self.dictionary.name_of("fault", fault))

    def _frames(self, count: int | None, timeout_s: float) -> Iterator[Frame]:
        given = 0
        while count is None or given < count:
            frame = self._next_frame(timeout_s)
            if frame is None:
                return
            given += 1
            yield frame

    def _next_frame(self, timeout_s: float) -> Frame | None:
        """Wait for a frame; None when the run is over."""
        deadline = self._connection.clock() + timeout_s
        while not self._ready:
            if not self.acquiring:
                return None
            remaining_s = deadline - self._connection.clock()
            if remaining_s <= 0:
                raise self._frame_timeout(timeout_s)
            self._ready = self.poll(min(remaining_s, POLL_S))
        return self._ready.pop(0)

    def _frame_timeout(self, timeout_s: float) -> FrameTimeoutError:
        try:
            state = self.dictionary.name_of("state", self.get("state"))
        except CommandTimeoutError:
            state = "silent"
        counters = self._connection.decoder.counters
        return FrameTimeoutError(
            timeout_s,
            state,
            url=self._connection.link.description,
            bytes_received=counters.bytes_received,
            packets_damaged=counters.crc_errors + counters.resyncs,
        )
