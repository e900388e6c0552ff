"""Collecting a given number of frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fpxi_readout.device_errors import DeviceError
from fpxi_readout.errors import FpxiError
from fpxi_readout.frame import NONE_ABSENT
from fpxi_readout.links.base import LinkError
from fpxi_readout.protocol.generated import TriggerMode

from fpxi.bursts import TriggeredFrames
from fpxi.clipping import ClippedSamples, ClippingCount, clipping_warnings
from fpxi.errors import NotConnectedError
from fpxi.image_key import ImageKey
from fpxi.insistence import insist
from fpxi.recording.creation import require_new
from fpxi.replay import require_recordable
from fpxi.replay_url import is_replay

TRIGGERED_BY_SOFTWARE = (TriggerMode.SOFTWARE, TriggerMode.RESET_EXPOSE_READ)

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame

    from fpxi.recording.recorder import Recording
    from fpxi.session import Session
    from fpxi.statistics import SessionStatistics
    from fpxi.subscription import FrameSubscription


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """What came of a capture.

    Frames and rows are those between the first frame and the last. The other counters are of the
    link, from the start until the last frame was taken: what had come meanwhile of later frames
    is among them.
    """

    frames_received: int
    frames_lost: int
    """Frames that the device sent and of which nothing arrived."""
    frames_skipped: int
    """Frames that the device itself gave up because the link was too slow (live delivery)."""
    rows_lost: int
    """Rows missing in the frames received, and all rows of the frames lost."""
    crc_errors: int
    packets_lost: int
    bytes_received: int
    chunks_recovered: int
    """Pieces of frames that were lost at first and came when asked for again."""
    duration_s: float
    """From the start to the last frame, by this computer's clock."""
    frame_rate_hz: float
    """From the device's time stamps of the first and last frame; 0 for a single frame, and where
    the device restarted in between, which starts its clock again."""
    first_frame: int
    last_frame: int
    reconnections: int
    """How often the link broke and the device was found again."""
    away_s: float
    """Time without a link."""
    saturated: ClippedSamples
    """Samples at full scale: lower bounds."""
    cut_off: ClippedSamples
    """Samples of 0, the converter's lowest code: upper bounds."""
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
    give_up_s: float
    """How long a lost device is waited for; 0: not at all."""
    progress: Callable[[int], None] | None
    notify: Callable[[str], None] | None
    """Called with words when the device is lost or found, and on what was clipped in the frames of
    a recording that ends early."""

    def ends_by_itself(self, url: str) -> bool:
        """Whether the device is asked for so many frames, because none of them can get lost.

        Live delivery may skip frames, so there it goes on until enough have come.
        """
        return self.reliable or is_replay(url)


def default_timeout_s(parameters: Mapping[str, int]) -> float:
    """Return ten seconds more than a regular frame takes, twice over."""
    slowest_us = parameters.get("exposure_us", 0) + parameters.get("frame_period_us", 0)
    exposures = 1 << parameters.get("average_log2", 0)
    return 10.0 + 2e-6 * slowest_us * exposures


class _Taken:
    """What the frames of a capture tell."""

    def __init__(self, clipping: ClippingCount) -> None:
        self.clipping = clipping
        self.absent = NONE_ABSENT
        """What is missing between the first frame and the last."""
        self.rows_lost = 0
        self.ends: list[Frame] = []
        """The first frame and the last."""

    def add(self, frame: Frame) -> None:
        """Take the next frame into account."""
        if self.ends:
            self.absent += frame.absent_before
            self.rows_lost += frame.absent_before.lost * len(frame.row_received)
        self.rows_lost += frame.rows_missing
        self.clipping.add(frame)
        self.ends = [*self.ends[:1], frame]


def run_capture(session: Session, plan: CapturePlan) -> CaptureResult:
    """Start, take the frames, stop, and wait for the recording."""
    if plan.path is not None:
        if is_replay(session.url):
            require_recordable(session.url, plan.path, plan.image_key)
        require_new(plan.path, overwrite=plan.overwrite)
    before = session.statistics()
    began = time.monotonic()
    subscription, recording = insist(session, plan.give_up_s, lambda: session.begin_run(plan))
    assert session.geometry is not None
    taken = _Taken(ClippingCount(session.geometry))
    with subscription as frames, recording or nullcontext():
        try:
            _take(session, frames, plan, recording, taken)
        except BaseException:
            _stop_after_failure(session)
            if plan.notify is not None and recording is not None:
                for warning in clipping_warnings(taken.clipping.saturated, taken.clipping.cut_off):
                    plan.notify(warning)
            raise
        duration_s = time.monotonic() - began
        after = session.statistics()
        _stop(session, plan)
    one_life = subscription.times_anew == 0
    return _result(plan, (before, after), taken, duration_s, one_life=one_life)


def _stop_after_failure(session: Session) -> None:
    """Stop the device, now or when it is back; what went wrong is what the caller is told."""
    with suppress(FpxiError):
        session.stop()


def _stop(session: Session, plan: CapturePlan) -> None:
    """Stop a device that may go on; one that acquired so many frames has stopped by itself."""
    if plan.ends_by_itself(session.url):
        with suppress(DeviceError, LinkError, NotConnectedError):
            session.stop()
    else:
        insist(session, plan.give_up_s, session.stop)


def _take(
    session: Session,
    frames: FrameSubscription,
    plan: CapturePlan,
    recording: Recording | None,
    taken: _Taken,
) -> None:
    """Take every frame, triggering each burst if that is what begins one."""
    take = frames.__next__
    if session.parameters.get("trigger_mode") in TRIGGERED_BY_SOFTWARE:
        burst_frames = session.parameters.get("burst_frames", 1)
        take = TriggeredFrames(session, frames, burst_frames, plan.give_up_s).take
    for received in range(plan.count):
        taken.add(take())
        _report(plan, recording, received + 1)


def _report(plan: CapturePlan, recording: Recording | None, received: int) -> None:
    if recording is not None and recording.error is not None:
        raise recording.error
    if plan.progress is not None:
        plan.progress(received)


def _result(
    plan: CapturePlan,
    statistics: tuple[SessionStatistics, SessionStatistics],
    taken: _Taken,
    duration_s: float,
    *,
    one_life: bool,
) -> CaptureResult:
    before, after = (each.link for each in statistics)
    earlier, later = statistics
    first, last = taken.ends[0], taken.ends[-1]
    span_us = last.timestamp_us - first.timestamp_us if one_life else 0
    return CaptureResult(
        frames_received=plan.count,
        frames_lost=taken.absent.lost,
        frames_skipped=taken.absent.skipped,
        rows_lost=taken.rows_lost,
        crc_errors=after.crc_errors - before.crc_errors,
        packets_lost=after.packets_lost - before.packets_lost,
        bytes_received=after.bytes_received - before.bytes_received,
        chunks_recovered=after.chunks_recovered - before.chunks_recovered,
        duration_s=duration_s,
        frame_rate_hz=(plan.count - 1) * 1e6 / span_us if span_us > 0 else 0.0,
        first_frame=first.number,
        last_frame=last.number,
        reconnections=later.reconnections - earlier.reconnections,
        away_s=later.away_s - earlier.away_s,
        saturated=taken.clipping.saturated,
        cut_off=taken.clipping.cut_off,
        path=plan.path,
    )
