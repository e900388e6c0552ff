"""Triggering a capture's bursts by software: each once, whatever becomes of the link."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fpxi_readout.device_errors import CommandRefusedError
from fpxi_readout.protocol.generated import NackCode, State

from fpxi.insistence import insist
from fpxi.source import FrameSource

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame

    from fpxi.session import Session
    from fpxi.subscription import FrameSubscription

UNDER_WAY = (State.EXPOSING, State.READING)


class TriggeredFrames:
    """The frames of a run that waits for software triggers, one burst after the other."""

    def __init__(
        self, session: Session, frames: FrameSubscription, burst_frames: int, give_up_s: float
    ) -> None:
        self._session = session
        self._frames = frames
        self._burst_frames = burst_frames
        self._give_up_s = give_up_s
        self._times_anew = frames.times_anew
        self._next: int | None = None
        """number of the frame that is due; None: nothing was triggered in this run"""
        self._end: float = 0
        """one more than the number of the last frame that was triggered"""

    def take(self) -> Frame:
        """Return the next frame, having triggered its burst."""
        while True:
            if self._next is None or self._next >= self._end:
                self._trigger()
            frame = self._frames.take()
            if frame is not None:
                self._next = frame.number + 1
                return frame
            self._times_anew += 1  # frames are numbered anew, and wait for a trigger
            self._next = None

    def _trigger(self) -> None:
        tried = False

        def ask() -> float:
            nonlocal tried
            again, tried = tried, True
            return self._session.submit(lambda device: self._begin_burst(device, again)).result()

        self._end = insist(self._session, self._give_up_s, ask)

    def _begin_burst(self, device: FrameSource, again: bool) -> float:
        """Trigger (link thread); return the end of the burst.

        Not where an earlier trigger that was not answered has been carried out: the numbers tell.
        Nor where the run was begun anew, and frames of the old one are still to be taken.
        """
        if self._frames.times_anew != self._times_anew:
            return math.inf
        if self._next is None:
            self._next = device.get("next_frame")
        elif again and self._is_begun(device, self._next):
            return self._next + self._burst_frames
        try:
            return device.software_trigger() + self._burst_frames
        except CommandRefusedError as error:
            if not (again and error.code == NackCode.TRIGGER_PENDING):
                raise
        return self._next + self._burst_frames

    def _is_begun(self, device: FrameSource, number: int) -> bool:
        state, next_frame = device.get("state"), device.get("next_frame")
        return state in UNDER_WAY or next_frame > number
