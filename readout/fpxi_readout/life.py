"""Whether a device that is met again is still in the life in which a run of it began."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fpxi_readout.protocol.generated import State

if TYPE_CHECKING:
    from fpxi_readout.acquisition import Acquisition
    from fpxi_readout.inbox import Inbox
    from fpxi_readout.run import Run

ACQUIRING = frozenset((State.ARMED, State.EXPOSING, State.READING))

# Quartz clocks: 100 ppm for the device's, 100 ppm for the host's.
CLOCK_ERROR = 2e-4
UPTIME_WRAPS_MS = 2**32


class Verdict(enum.Enum):
    """What became of a run while nobody listened to its device."""

    SAME_RUN = enum.auto()
    """it is on, or it has ended as it was to end"""
    RESTARTED = enum.auto()
    """the device has restarted, or is another one: the run is over"""
    TAKEN = enum.auto()
    """another host has stopped it, or started a run of its own"""


@dataclass(frozen=True, slots=True)
class Life:
    """What tells one life of a device, from start-up to restart, from the next."""

    serial_number: str
    schema_hash: bytes
    uptime_ms: int | None
    """None: its firmware does not tell"""
    asked_s: float
    """the host's clock before `uptime_ms` was asked for"""
    answered_s: float
    """and when it had come"""

    def is_over(self, now: Life) -> bool:
        """Whether the device has restarted since, or is another one.

        A device that went on has run at least as long as the host has waited; one that restarted
        has not. The clocks of device and host must run alike.
        """
        if (self.serial_number, self.schema_hash) != (now.serial_number, now.schema_hash):
            return True
        if self.uptime_ms is None or now.uptime_ms is None:
            return False
        waited_ms = 1e3 * (now.asked_s - self.answered_s)
        least_ms = self.uptime_ms + waited_ms * (1.0 - CLOCK_ERROR) - 1.0
        return now.uptime_ms < max(least_ms, 0.0) % UPTIME_WRAPS_MS


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a device has come, by its own account."""

    acquiring: bool
    faulted: bool
    next_frame: int
    acquired_before: int
    """frames of its run, asked for before `next_frame`"""
    acquired_after: int
    """and after it"""

    def is_of_run(self, first_frame: int) -> bool:
        """Whether its run may be the one that began with a frame number."""
        least = self.next_frame - self.acquired_after
        return least <= first_frame <= self.next_frame - self.acquired_before


def judge(
    progress: Progress,
    *,
    life_is_over: bool,
    first_frame: int,
    end_seen: int,
    end: int | None,
    stop_asked: bool,
) -> Verdict:
    """Tell what became of a run.

    Parameters
    ----------
    progress:
        What the device says now.
    life_is_over:
        Whether it is known to have restarted.
    first_frame, end_seen:
        First frame of the run, and one more than the last that is known to exist.
    end:
        One more than the last frame's number, None where that is not known.
    stop_asked:
        Whether a STOP was sent whose answer has not come.

    """
    if life_is_over or progress.next_frame < end_seen:
        return Verdict.RESTARTED
    if not progress.is_of_run(first_frame):
        return Verdict.TAKEN
    over = end is not None and progress.next_frame >= end
    explained = progress.acquiring or progress.faulted or stop_asked or over
    return Verdict.SAME_RUN if explained else Verdict.TAKEN


def read_life(device: Acquisition, clock: Callable[[], float]) -> Life:
    """Ask a device how long it has been running."""
    asked_s = clock()
    known = "uptime_ms" in device.dictionary.parameters
    uptime_ms = device.get("uptime_ms") if known else None
    who = device.identity
    return Life(who.serial_number, who.schema_hash, uptime_ms, asked_s, clock())


def read_progress(device: Acquisition) -> Progress | None:
    """Ask a device how far it has come; None where its firmware cannot tell."""
    if not {"next_frame", "frames_acquired", "state"} <= device.dictionary.parameters.keys():
        return None
    state, before = device.get("state"), device.get("frames_acquired")
    next_frame, after = device.get("next_frame"), device.get("frames_acquired")
    return Progress(
        acquiring=state in ACQUIRING,
        faulted=state == State.FAULT,
        next_frame=next_frame,
        acquired_before=before,
        acquired_after=after,
    )


def what_became_of(
    run: Run, device: Acquisition, clock: Callable[[], float], inbox: Inbox
) -> tuple[Verdict, Progress | None]:
    """Ask a device what became of a run, and how far it has come."""
    life, progress = read_life(device, clock), read_progress(device)
    if progress is None:
        return Verdict.RESTARTED, None
    verdict = judge(
        progress,
        life_is_over=inbox.has_booted() or (run.life is not None and run.life.is_over(life)),
        first_frame=run.first_frame,
        end_seen=run.assembler.end_seen,
        end=run.end,
        stop_asked=run.stop_asked,
    )
    taken = verdict is Verdict.SAME_RUN and inbox.left is not None
    return (Verdict.TAKEN if taken else verdict), progress
