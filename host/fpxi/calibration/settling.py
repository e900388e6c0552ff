"""Waiting until the lag of X-rays that were on no longer falls within darks."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from fpxi.calibration.run_errors import DarksStillFallingError
from fpxi.calibration.watching import capture_watched
from fpxi.session import Session

WATCHED_S = 5.0
"""How long the dark level is watched at a time,"""
LONGEST_S = 90.0
"""and how long it is waited for in all."""
BURST_FRAMES = 10
LEAST_BURSTS = 4
STEADY_SIGMA = 0.05
"""Of the median pixel's noise: a level that falls by less while it is watched is steady,"""
CERTAIN = 2.0
"""and so is one that falls by fewer standard errors."""


def await_steady_dark(session: Session, say: Callable[[str], None]) -> None:
    """Return when the level, X-rays off, falls no more. `say` is told that it is waited for.

    Raises `DarksStillFallingError` if it falls all the while, and what `Session.capture` does.
    """
    began = time.monotonic()
    waited = False
    while (fall := _fall(session)) > 0:
        gone_s = time.monotonic() - began
        if gone_s > LONGEST_S:
            raise DarksStillFallingError(fall, WATCHED_S, gone_s)
        if not waited:
            say(
                f"The dark level falls by {fall:.1f} counts in {WATCHED_S:.0f} s: lag of X-rays "
                f"that were on. Leave them off; darks are taken when it is steady, in "
                f"{LONGEST_S:.0f} s at the latest."
            )
        waited = True
    if waited:
        say(f"The dark level is steady after {time.monotonic() - began:.0f} s.")


def _fall(session: Session) -> float:
    """Watch the level; return by how many counts it falls, 0 where it is steady."""
    began = time.monotonic()
    times: list[float] = []
    levels: list[float] = []
    while len(levels) < LEAST_BURSTS or time.monotonic() - began < WATCHED_S:
        watched = capture_watched(session, BURST_FRAMES)
        times.append(time.monotonic() - began)
        levels.append(watched.level)
    place = np.array(times) - np.mean(times)
    spread = float(np.sum(place**2))
    slope = float(np.sum(place * levels)) / spread
    left = np.array(levels) - np.mean(levels) - slope * place
    error = float(np.sqrt(np.sum(left**2) / (len(levels) - 2) / spread))
    run_s = float(np.ptp(times))
    least = max(STEADY_SIGMA * watched.noise, CERTAIN * error * run_s)
    fall = -slope * run_s
    return fall if fall > least else 0.0
