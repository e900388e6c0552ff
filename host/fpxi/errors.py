"""The named errors of sessions, recordings and calibration files."""

from __future__ import annotations

from pathlib import Path

from fpxi_readout.errors import FpxiError
from fpxi_readout.links.base import LinkLostError


class HostError(FpxiError):
    """Base of every deliberate error of the host room."""


class SessionError(HostError):
    """A session cannot do what was asked of it."""


class SessionClosedError(SessionError):
    """The session was closed while, or before, something was asked of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"the session with {url} is closed; open a new one with fpxi.open")


class NotConnectedError(SessionError):
    """No device answers yet, or it was lost and is being looked for."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"{url} is not connected ({reason}); wait for the session's connection and try again"
        )


class ConnectTimeoutError(SessionError):
    """The device did not answer in the time given."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self.url = url
        self.timeout_s = timeout_s
        super().__init__(
            f"{url} did not connect within {timeout_s:g} s; "
            "check power and cable, and that no other program holds the port"
        )


class LinkGivenUpError(SessionError, LinkLostError):
    """A lost device was waited for as long as was allowed; `__cause__` is its loss."""

    def __init__(self, url: str, waited_s: float) -> None:
        self.waited_s = waited_s
        super().__init__(
            url,
            f"gave up after {waited_s:g} s without the link",
            "when the panel is back, begin again, or have it waited for longer (give_up_s)",
        )


class DeviceChangedError(SessionError):
    """Another panel answered where the session's own was lost."""

    def __init__(self, url: str, expected: str, actual: str) -> None:
        self.url = url
        self.expected = expected
        self.actual = actual
        super().__init__(
            f"{url} answered as {actual}, but this session belongs to {expected}; "
            "open a new session for the other panel"
        )


class ThreadFailedError(SessionError):
    """A thread of the session met an error that nobody foresaw; `__cause__` is that error."""

    def __init__(self, thread: str, cause: BaseException) -> None:
        self.thread = thread
        super().__init__(
            f"the {thread} thread ended with {type(cause).__name__}: {cause}; "
            "close the session, and please report this with the traceback"
        )
        self.__cause__ = cause


class FrameOverflowError(SessionError):
    """Frames arrived faster than they were taken from a bounded queue."""

    def __init__(self, capacity: int, dropped_from: int) -> None:
        self.capacity = capacity
        self.dropped_from = dropped_from
        super().__init__(
            f"the queue of {capacity} frames was full when frame {dropped_from} arrived: "
            "take frames faster, ask for a larger queue, or start with reliable=True"
        )


class SubscriptionTimeoutError(SessionError):
    """No frame arrived in the time given."""

    def __init__(self, timeout_s: float, received: int) -> None:
        self.timeout_s = timeout_s
        self.received = received
        super().__init__(
            f"no frame within {timeout_s:g} s after {received} frames; see that the device is "
            "connected, start the acquisition, send the triggers it waits for, or allow more time"
        )


class CaptureCountError(SessionError):
    """A capture needs a whole number of frames, at least one."""

    def __init__(self, count: object) -> None:
        self.count = count
        super().__init__(f"cannot capture {count!r} frames; ask for a whole number, one or more")


class UnsupportedUrlError(SessionError):
    """No kind of device is opened by such a URL; `reason` says what it is instead, if known."""

    def __init__(self, url: str, reason: str = "") -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"cannot open {url!r}: {reason and reason + '; '}use sim:<preset>, serial:<port>, "
            "socket://<host>:<port>, ble:<name or address> or file:<recording.h5>"
        )


class RecordingError(HostError):
    """A recording cannot be made, or not be gone on with."""


class RecordingExistsError(RecordingError):
    """The file is there already."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} exists; choose another name, or allow overwriting explicitly")


class PatternFramesError(HostError):
    """Frames of a test pattern say nothing of the panel."""

    def __init__(self, path: Path, frames: int) -> None:
        self.path = path
        self.frames = frames
        super().__init__(
            f"{path} holds frames of a test pattern ({frames}), which say nothing of the panel: "
            "they are neither corrected nor calibrated with; set test_pattern=none and record again"
        )


class RecordingOpenError(RecordingError):
    """The file cannot be created."""

    def __init__(
        self, path: Path, reason: str, remedy: str = "choose a folder that can be written to"
    ) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot write {path}: {reason}; {remedy}")


class DiskFullError(RecordingError):
    """No room for more frames; the frames already written are safe."""

    def __init__(self, path: Path, frames_written: int, reason: str) -> None:
        self.path = path
        self.frames_written = frames_written
        self.reason = reason
        super().__init__(
            f"no room for {path} ({reason}): {frames_written} frames are written and readable, "
            "later ones are not; free space and record to a new file"
        )


class RecordingWriteError(RecordingError):
    """The disk refused a write for another reason than want of room."""

    def __init__(self, path: Path, frames_written: int, reason: str) -> None:
        self.path = path
        self.frames_written = frames_written
        self.reason = reason
        super().__init__(
            f"writing {path} failed after {frames_written} frames: {reason}; "
            "check the disk, and record to a new file on another"
        )


class RecordingOverflowError(RecordingError):
    """The disk was slower than the panel for so long that the bounded queue filled up."""

    def __init__(self, path: Path, capacity: int, dropped_from: int) -> None:
        self.path = path
        self.capacity = capacity
        self.dropped_from = dropped_from
        super().__init__(
            f"{path} could not be written as fast as frames came: the queue of {capacity} frames "
            f"was full at frame {dropped_from}, and the recording ends before it; use a faster "
            "disk, a lower frame rate, or start with reliable=True"
        )


class RecordingInterruptedError(RecordingError):
    """The recording ended before the frames it was asked for."""

    def __init__(
        self, path: Path, frames_wanted: int | None, frames_taken: int, reason: str
    ) -> None:
        self.path = path
        self.frames_wanted = frames_wanted
        self.frames_taken = frames_taken
        self.reason = reason
        wanted = "" if frames_wanted is None else f" of {frames_wanted}"
        super().__init__(
            f"{path} ended after {frames_taken}{wanted} frames: {reason} "
            "(the frames so far are kept)"
        )


class RecordingAreaError(RecordingError):
    """A frame shows another part of the panel than the recording's first one."""

    def __init__(self, path: Path, frame: int, recorded: str, shown: str) -> None:
        self.path = path
        self.frame = frame
        self.recorded = recorded
        self.shown = shown
        super().__init__(
            f"{path} ends before frame {frame}: it is a recording of {recorded}, and that frame "
            f"shows {shown}; begin a new recording after changing region or binning"
        )


class RecordingBusyError(RecordingError):
    """The disk is still at work when the recording should have been closed."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self.path = path
        self.timeout_s = timeout_s
        super().__init__(
            f"{path} is still being written after {timeout_s:g} s; wait for it, and check the disk"
        )


class NotARecordingError(RecordingError):
    """A file is no recording of ours, or too damaged to read."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} is not a readable fpxi recording: {reason}; record one with `fpxi capture`"
        )


class ForeignFileError(HostError):
    """A file is none of the kinds that fpxi writes."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} is no recording, corrected recording, calibration or processing of fpxi: "
            f"{reason}; name a file that `fpxi capture`, `correct`, `calibrate` or `processing` "
            "wrote"
        )


class FrameSelectionError(HostError):
    """Frames were asked for that the file does not hold."""

    def __init__(self, path: Path, wanted: str, available: int) -> None:
        self.path = path
        self.wanted = wanted
        self.available = available
        super().__init__(f"{path} holds {available} frames; {wanted} cannot be taken from it")


class ReplayUrlError(HostError):
    """A `file:` URL has settings that do not exist."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"cannot read {url!r}: write file:<recording.h5>, and after a ? "
            "pace=recorded or pace=fast, and loop=0 or loop=1, joined by &"
        )


class ReplayError(HostError):
    """A recording is played back and cannot do what a live panel could."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        super().__init__(f"a replayed recording cannot {what}; {remedy}")


class ReplayTooShortError(ReplayError):
    """More frames were asked for than a recording has left to play."""

    def __init__(self, path: Path, wanted: int, left: int, available: int) -> None:
        self.path = path
        self.wanted = wanted
        self.left = left
        self.available = available
        played = "" if left == available else f", and only {left} of them are still to be played"
        super().__init__(
            f"give {wanted} frames",
            f"{path} holds {available}{played}: ask for fewer, or add loop=1 to its URL, which "
            "begins again after the last",
        )


class ImageKeyContradictionError(HostError):
    """Replayed frames are to be recorded as something else than they were."""

    def __init__(self, path: Path, asked: str, found: str) -> None:
        self.path = path
        self.asked = asked
        self.found = found
        super().__init__(
            f"{path} holds frames recorded as {found}; they cannot be recorded again as {asked}: "
            f"leave {asked} out, and each frame stays what it is"
        )


class CalibrationExistsError(HostError):
    """The calibration file is there already."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} exists; choose another name, or allow overwriting explicitly")


class OutputError(HostError):
    """A file cannot be written; whatever had its name before is as it was."""

    def __init__(
        self, path: Path, reason: str, remedy: str = "choose a folder that can be written to"
    ) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot write {path}: {reason}; {remedy}")


class OutputFullError(OutputError):
    """There is no room for a file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason, "nothing was left there; free space, or choose another disk")


class ExportError(HostError):
    """A recording cannot be exported as asked."""


class ExportExistsError(ExportError):
    """A file to be written is there already."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} exists; choose another name, or allow overwriting explicitly")
