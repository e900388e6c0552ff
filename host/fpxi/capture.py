"""Collecting a given number of frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fpxi_readout.protocol.generated import TriggerMode

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame
    from fpxi_readout.statistics import LinkStatistics

    from fpxi.recording.recorder import Recording
    from fpxi.session import Session

RECORDING_S = 60.0
"""Longest wait for the disk after the last frame."""


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """What came of a capture. All counters are of this capture alone."""

    frames_received: int
    frames_lost: int
    """Frames that the device sent, or should have sent, and of which nothing arrived."""
    frames_skipped: int
    """Frames that the device itself gave up because the link was too slow (live delivery)."""
    rows_lost: int
    crc_errors: int
    packets_lost: int
    bytes_received: int
    chunks_recovered: int
    """Pieces of frames that were lost at first and came when asked for again."""
    duration_s: float
    """From the start to the last frame, by this computer's clock."""
    frame_rate_hz: float
    """From the device's time stamps of the first and last frame; 0 for a single frame."""
    first_frame: int
    last_frame: int
    path: Path | None

    @property
    def complete(self) -> bool:
        """True if no frame and no row was lost."""
        return self.frames_lost == 0 and self.rows_lost == 0


def run_capture(
    session: Session,
    count: int,
    recording: Recording | None,
    *,
    reliable: bool,
    timeout_s: float | None,
    progress: Callable[[int], None] | None,
) -> CaptureResult:
    """Start, take `count` frames, stop, and wait for the recording."""
    before = session.statistics().link
    began = time.monotonic()
    wait_s = timeout_s if timeout_s is not None else _default_timeout_s(session)
    first, last = _take(session, count, reliable, wait_s, progress)
    duration_s = time.monotonic() - began
    after = session.statistics().link
    if recording is not None:
        recording.stop()
        recording.wait(RECORDING_S)
    return _result(
        count,
        before=before,
        after=after,
        first=first,
        last=last,
        duration_s=duration_s,
        recording=recording,
    )


def _default_timeout_s(session: Session) -> float:
    """Ten seconds more than the slowest regular frame takes."""
    parameters = session.parameters
    slowest_us = parameters.get("exposure_us", 0) + parameters.get("frame_period_us", 0)
    return 10.0 + 2e-6 * slowest_us


def _take(
    session: Session,
    count: int,
    reliable: bool,
    timeout_s: float,
    progress: Callable[[int], None] | None,
) -> tuple[Frame, Frame]:
    """Return the first and the last frame.

    Reliable delivery asks for exactly `count` frames; live delivery may skip some, so it goes on
    until so many have come.
    """
    triggered = session.parameters.get("trigger_mode") == TriggerMode.SOFTWARE
    first: Frame | None = None
    with session.frames(count, timeout_s=timeout_s) as frames:
        session.start(count if reliable else 0, reliable=reliable)
        try:
            if triggered:
                session.software_trigger()
            for received, frame in enumerate(frames, 1):
                first = first or frame
                if progress is not None:
                    progress(received)
                if triggered and received < count:
                    session.software_trigger()
        finally:
            _stop(session)
    assert first is not None
    return first, frame


def _stop(session: Session) -> None:
    session.stop()


def _result(
    count: int,
    *,
    before: LinkStatistics,
    after: LinkStatistics,
    first: Frame,
    last: Frame,
    duration_s: float,
    recording: Recording | None,
) -> CaptureResult:
    span_us = last.timestamp_us - first.timestamp_us
    return CaptureResult(
        frames_received=count,
        frames_lost=after.frames_lost - before.frames_lost,
        frames_skipped=after.frames_skipped - before.frames_skipped,
        rows_lost=after.rows_lost - before.rows_lost,
        crc_errors=after.crc_errors - before.crc_errors,
        packets_lost=after.packets_lost - before.packets_lost,
        bytes_received=after.bytes_received - before.bytes_received,
        chunks_recovered=after.chunks_recovered - before.chunks_recovered,
        duration_s=duration_s,
        frame_rate_hz=(count - 1) * 1e6 / span_us if span_us > 0 else 0.0,
        first_frame=first.number,
        last_frame=last.number,
        path=None if recording is None else recording.path,
    )
