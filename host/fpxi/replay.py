"""A recording played back as if it were a device."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fpxi_readout.device_errors import UnknownParameterError
from fpxi_readout.frame import NONE_ABSENT, Absence, Frame
from fpxi_readout.protocol.generated import State
from fpxi_readout.statistics import LinkStatistics

from fpxi.errors import (
    ImageKeyContradictionError,
    RecordingOpenError,
    ReplayError,
    ReplayTooShortError,
)
from fpxi.image_key import ImageKey
from fpxi.recording.reader import RecordingReader
from fpxi.replay_url import ReplaySpecification
from fpxi.statistics import NOTHING

if TYPE_CHECKING:
    from fpxi_readout.explanation import DeviceEvent
    from fpxi_readout.identity import DeviceIdentity
    from fpxi_readout.protocol.dictionary import Dictionary
    from fpxi_readout.protocol.geometry import PanelGeometry
    from fpxi_readout.run import Run

_FRAMES_A_POLL = 16
_OF_FRAME: dict[str, Callable[[Frame], int]] = {
    "exposure_us": lambda frame: frame.exposure_us,
    "gain_setting": lambda frame: frame.gain_setting,
    "bias_mV": lambda frame: frame.bias_mV,
    "temperature_mC": lambda frame: frame.temperature_mC,
    "cds": lambda frame: int(frame.sampling.cds),
    "oversampling": lambda frame: frame.sampling.oversampling,
    "binning": lambda frame: frame.sampling.binning,
}


def require_recordable(url: str, path: Path, image_key: ImageKey) -> None:
    """Make sure that what a `file:` URL replays can be recorded to `path` and as `image_key`.

    Frames without a mark, recorded as images, can be recorded as darks or flats.

    Raises `RecordingOpenError` if `path` is what is being replayed, `ImageKeyContradictionError`,
    `NotARecordingError`.
    """
    replayed = ReplaySpecification.from_url(url).path
    if path.exists() and path.samefile(replayed):
        raise RecordingOpenError(path, "it is what is being replayed", "choose another name")
    if image_key is ImageKey.IMAGE:
        return
    with RecordingReader(replayed) as reader:
        others = {ImageKey(int(key)) for key in reader.image_keys} - {ImageKey.IMAGE, image_key}
    if others:
        names = ", ".join(sorted(key.name.lower() for key in others))
        raise ImageKeyContradictionError(replayed, image_key.name.lower(), names)


class ReplayPanel:
    """A `FrameSource` that delivers recorded frames with all they were recorded with.

    `start` plays on from the frame where `stop` left off, at first from the first one. Settings
    cannot be changed: they are what they were. Raises `NotARecordingError`.
    """

    def __init__(self, specification: ReplaySpecification) -> None:
        self._specification = specification
        self._reader = RecordingReader(specification.path)
        self._position = 0
        """Index of the frame that is due next."""
        self._left: int | None = 0
        """Frames still to play; None: no end."""
        self._clock_offset_us: int | None = None
        """Time of this computer less that of the recorded device, at the frame played first."""
        self._played: Frame | None = None
        self._ahead: Frame | None = None
        self._statistics = NOTHING

    @property
    def pace_is_fast(self) -> bool:
        """True if frames come as fast as they are taken."""
        return self._specification.pace == "fast"

    @property
    def identity(self) -> DeviceIdentity:
        """Who the device was."""
        return self._reader.facts.identity

    @property
    def dictionary(self) -> Dictionary:
        """What the device understood."""
        return self._reader.facts.dictionary

    @property
    def geometry(self) -> PanelGeometry:
        """The pixel array."""
        return self._reader.geometry

    @property
    def statistics(self) -> LinkStatistics:
        """Frames played and rows missing in them; nothing else can happen here."""
        return self._statistics

    @property
    def absent_at_end(self) -> Absence:
        """Nothing: a file cannot lose what it holds."""
        return NONE_ABSENT

    def get(self, name: str) -> int:
        """Return a parameter as it was: of the frame played last, else when recording began."""
        values = self.read_parameters()
        if name not in values:
            raise UnknownParameterError(name, tuple(values))
        return values[name]

    def set(self, name: str, value: int | str) -> int:  # noqa: ARG002 - as every source
        """Refuse: what was recorded cannot be changed. Raises `ReplayError`."""
        raise ReplayError(f"set {name}", "connect to the panel itself to change settings")

    def read_parameters(self) -> dict[str, int]:
        """Return every parameter as `get` does."""
        values = dict(self._reader.facts.parameters)
        if self._played is not None:
            values |= {name: of(self._played) for name, of in _OF_FRAME.items()}
        values["state"] = State.IDLE if self._left == 0 else State.ARMED
        values["frames_acquired"] = self._statistics.frames_received
        return {name: value for name, value in values.items() if name in self.dictionary.parameters}

    def start(self, frames: int = 0, *, reliable: bool = False) -> int:  # noqa: ARG002
        """Play so many frames, 0: to the end, or for ever if it loops; nothing is ever lost.

        After the last frame it begins at the first again. Returns the number of the first frame.
        Raises `ReplayError` for an empty recording, `ReplayTooShortError` for one that ends before.
        """
        if self._reader.frame_count == 0:
            raise ReplayError("play without a frame", "choose a recording that has frames")
        if self._position >= self._reader.frame_count:
            self._position = 0
        self._left = self._playable(frames)
        self._clock_offset_us = self._ahead = None
        return self._reader.frame(self._position).number

    def _playable(self, frames: int) -> int | None:
        """Return how many frames a run of so many can have; None: no end."""
        if self._specification.loop:
            return frames or None
        available = self._reader.frame_count
        left = available - self._position
        if frames > left:
            raise ReplayTooShortError(self._specification.path, frames, left, available)
        return frames or left

    def stop(self) -> None:
        """Play no further."""
        self._left = 0

    def software_trigger(self) -> int:
        """Refuse. Raises `ReplayError`."""
        raise ReplayError("be triggered", "start it instead")

    def save(self) -> None:
        """Refuse. Raises `ReplayError`."""
        raise ReplayError("save settings", "connect to the panel itself")

    def reset(self) -> None:
        """Go back to the first frame, stopped."""
        self._left, self._position, self._played = 0, 0, None

    def poll(self, timeout_s: float) -> list[Frame]:
        """Return the frames that are due; wait at most `timeout_s` for the first."""
        deadline = time.monotonic() + timeout_s
        frames: list[Frame] = []
        while self._left != 0 and len(frames) < _FRAMES_A_POLL:
            frame = self._peek()
            wait_s = self._wait_s(frame)
            if wait_s > 0 and (frames or time.monotonic() + wait_s > deadline):
                break
            time.sleep(max(0.0, wait_s))
            frames.append(self._take(frame))
        if not frames:
            time.sleep(max(0.0, deadline - time.monotonic()))
        return frames

    def take_ready(self) -> list[Frame]:
        """Return nothing: frames are made when they are polled."""
        return []

    def leave_run(self) -> None:
        """Do nothing: what is played has no connection that could break."""

    def resume(self, run: Run) -> bool:  # noqa: ARG002 - as every source
        """Refuse. Raises `ReplayError`."""
        raise ReplayError("resume a panel's acquisition", "start it instead")

    def keep_alive(self) -> None:
        """Do nothing: a file waits for ever."""

    def take_events(self) -> list[DeviceEvent]:
        """Return nothing: the recording's events are history, `read_recording` shows them."""
        return []

    def close(self) -> None:
        """Close the file."""
        self._reader.close()

    def _peek(self) -> Frame:
        if self._ahead is None:
            self._ahead = self._reader.frame(self._position)
        return self._ahead

    def _wait_s(self, frame: Frame) -> float:
        """Return how long until a frame is due; a clock that went back starts the pace afresh."""
        if self.pace_is_fast:
            return 0.0
        now_us = time.monotonic_ns() // 1000
        restarted = self._played is not None and frame.timestamp_us < self._played.timestamp_us
        if self._clock_offset_us is None or restarted:
            self._clock_offset_us = now_us - frame.timestamp_us
        return (frame.timestamp_us + self._clock_offset_us - now_us) * 1e-6

    def _take(self, frame: Frame) -> Frame:
        """Take the frame that `_peek` showed; mark it as the last of a run if it is."""
        self._ahead = None
        self._played = frame
        self._position += 1
        if self._left is not None:
            self._left -= 1
        if self._position >= self._reader.frame_count and self._left != 0:
            self._position = 0
        self._statistics = replace(
            self._statistics,
            frames_received=self._statistics.frames_received + 1,
            frames_incomplete=self._statistics.frames_incomplete + (frame.rows_missing > 0),
            rows_lost=self._statistics.rows_lost + frame.rows_missing,
        )
        return frame
