"""Acquisition: runs of a connected device, and their frames."""

from __future__ import annotations

from collections.abc import Iterator

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
from fpxi_readout.frame import NONE_ABSENT, Absence, Frame
from fpxi_readout.identity import DeviceIdentity
from fpxi_readout.inbox import Inbox
from fpxi_readout.life import Verdict, read_life, what_became_of
from fpxi_readout.protocol.counters import FrameCounters
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import Ack, Delivery, SoftwareTrigger, Start, Stop
from fpxi_readout.run import Run
from fpxi_readout.settings import DeviceSettings

MOST_FRAMES = 2**32 - 1
POLL_S = 0.1


class Acquisition(DeviceSettings):
    """Starts, stops and resumes runs, and delivers their frames."""

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

    @property
    def acquiring(self) -> bool:
        """Whether `poll` or `frames` still has frames of the run to give, or an error to raise."""
        running = self._run is not None and not self._run.drained
        return running or bool(self._ready) or self._failure is not None

    @property
    def absent_at_end(self) -> Absence:
        """Frames of the run that were lost or skipped after the last one that was taken."""
        return NONE_ABSENT if self._run is None else self._run.absent_at_end

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
        self._abandon_run(self._send_stop())
        self.set("delivery", Delivery.RELIABLE if reliable else Delivery.LIVE)
        life = read_life(self, self._connection.clock)
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
                life=life,
            )
        finally:
            self._inbox.attach(self._run)
        return first_frame

    def stop(self) -> None:
        """Stop acquiring. Frames already read out still come, through `poll` or `frames`."""
        end = self._send_stop()
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

    def take_ready(self) -> list[Frame]:
        """Return the frames that are ready, without touching the link: for after an error."""
        frames, self._ready = self._ready, []
        return frames + (self._run.take() if self._run is not None else [])

    def leave_run(self) -> Run | None:
        """Let go of an unfinished run, for `resume` on another connection of the same device."""
        run, self._run = self._run, None
        self._inbox.attach(None)
        self._failure = None
        if run is not None:
            self._earlier_resends += run.resend_requests
        return None if run is None or run.drained else run

    def resume(self, run: Run) -> bool:
        """Go on with a run that an earlier connection of this device left; tell whether it does.

        Nothing is begun: a device that went on meanwhile, or waited, is asked for what is missing.
        False when it has restarted: the run is over, and the next `poll` or `take_ready` returns
        what had arrived of it. Frames of another life are never mixed into it. When the link
        breaks again meanwhile, the run can be resumed on the next.

        Raises
        ------
        StreamTakenError
            Another host has stopped the run, or begun one of its own; else as for a restart.

        """
        run.count_in(self._counters)
        verdict, progress = what_became_of(run, self, self._connection.clock, self._inbox)
        if progress is None or verdict is not Verdict.SAME_RUN:
            self._inbox.attach(None)
            run.end_here()
            self._ready = run.take()
            if verdict is Verdict.TAKEN:
                raise StreamTakenError
            return False
        run.go_on(self._connection, progress.next_frame)
        self._run = run
        self._inbox.attach(run)
        if progress.faulted:
            run.fault = self.get("fault")
        elif run.stop_asked or not progress.acquiring:
            self.stop()  # tells the last frame's number
        return True

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

    # --- Within ---------------------------------------------------------------------------------

    def _send_stop(self) -> int:
        """Stop the device; return the number of the frame that would have been next."""
        if self._run is not None:
            self._run.stop_asked = True
        return self._requests.request(Stop(), Ack).value

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
        if run is None:
            self._inbox.attach(None)  # nothing is about to be resumed
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
        if run.settled:
            return
        run.settled = run.finished
        if (run.finished or run.gap_has_closed()) and run.assembler.absent:
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
