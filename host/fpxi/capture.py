"""Collecting a given number of frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fpxi_readout.errors import FpxiError
from fpxi_readout.protocol.generated import TriggerMode

from fpxi.connection import ConnectionState
from fpxi.image_key import ImageKey
from fpxi.recording.creation import require_new
from fpxi.replay import require_recordable
from fpxi.replay_url import is_replay

TRIGGERED_BY_SOFTWARE = (TriggerMode.SOFTWARE, TriggerMode.RESET_EXPOSE_READ)

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame
    from fpxi_readout.statistics import LinkStatistics

    from fpxi.recording.recorder import Recording
    from fpxi.session import Session
    from fpxi.subscription import FrameSubscription


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """What came of a capture. All counters are of this capture alone."""

    frames_received: int
    frames_lost: int
    """Frames that the device sent and of which nothing arrived."""
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
        """True if no frame and no row was lost on the link."""
        return self.frames_lost == 0 and self.rows_lost == 0


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """What to capture, and how."""

    count: int
    path: Path | None
    image_key: ImageKey
    overwrite: bool
    reliable: bool
    timeout_s: float
    """Longest wait for one frame."""
    progress: Callable[[int], None] | None


def default_timeout_s(parameters: Mapping[str, int]) -> float:
    """Return ten seconds more than a regular frame takes, twice over."""
    slowest_us = parameters.get("exposure_us", 0) + parameters.get("frame_period_us", 0)
    exposures = 1 << parameters.get("average_log2", 0)
    return 10.0 + 2e-6 * slowest_us * exposures


def run_capture(session: Session, plan: CapturePlan) -> CaptureResult:
    """Start, take the frames, stop, and wait for the recording."""
    if plan.path is not None:
        if is_replay(session.url):
            require_recordable(session.url, plan.path, plan.image_key)
        require_new(plan.path, overwrite=plan.overwrite)
    before = session.statistics().link
    began = time.monotonic()
    subscription, recording = session.begin_run(plan)
    with subscription as frames, recording or nullcontext():
        try:
            ends = _take(session, frames, plan, recording)
        except BaseException:
            _stop_after_failure(session)
            raise
        duration_s = time.monotonic() - began
        after = session.statistics().link
        session.stop()
    return _result(plan, (before, after), ends, duration_s)


def _stop_after_failure(session: Session) -> None:
    """Stop a device that still answers; what already went wrong is what the caller is told."""
    if session.connection.state is ConnectionState.CONNECTED:
        with suppress(FpxiError):
            session.stop()


def _take(
    session: Session,
    frames: FrameSubscription,
    plan: CapturePlan,
    recording: Recording | None,
) -> tuple[Frame, Frame]:
    """Take every frame, triggering each burst if that is what begins one."""
    triggered = session.parameters.get("trigger_mode") in TRIGGERED_BY_SOFTWARE
    burst = session.parameters.get("burst_frames", 1)
    taken: list[Frame] = []
    for received in range(plan.count):
        if triggered and received % burst == 0:
            session.software_trigger()
        frame = next(frames)
        taken = [*taken[:1], frame]
        _report(plan, recording, received + 1)
    return taken[0], taken[-1]


def _report(plan: CapturePlan, recording: Recording | None, received: int) -> None:
    if recording is not None and recording.error is not None:
        raise recording.error
    if plan.progress is not None:
        plan.progress(received)


def _result(
    plan: CapturePlan,
    link: tuple[LinkStatistics, LinkStatistics],
    ends: tuple[Frame, Frame],
    duration_s: float,
) -> CaptureResult:
    before, after = link
    first, last = ends
    span_us = last.timestamp_us - first.timestamp_us
    return CaptureResult(
        frames_received=plan.count,
        frames_lost=after.frames_lost - before.frames_lost,
        frames_skipped=after.frames_skipped - before.frames_skipped,
        rows_lost=after.rows_lost - before.rows_lost,
        crc_errors=after.crc_errors - before.crc_errors,
        packets_lost=after.packets_lost - before.packets_lost,
        bytes_received=after.bytes_received - before.bytes_received,
        chunks_recovered=after.chunks_recovered - before.chunks_recovered,
        duration_s=duration_s,
        frame_rate_hz=(plan.count - 1) * 1e6 / span_us if span_us > 0 else 0.0,
        first_frame=first.number,
        last_frame=last.number,
        path=plan.path,
    )
