"""Recording how the signal dies away after the X-rays are switched off."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fpxi.calibration.plan import LAG_FRAMES_OFF, LAG_FRAMES_ON
from fpxi.calibration.run_errors import StepOffNotSeenError
from fpxi.capture import default_timeout_s
from fpxi.session import Session

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame

PATIENCE_S = 60.0
"""How long, by the panel's clock, the user may take to switch the X-rays off."""


def record_step_off(
    session: Session,
    path: Path,
    *,
    levels: tuple[float, float],
    switch_off: Callable[[], None],
    overwrite: bool,
    progress: Callable[[int], None],
) -> None:
    """Record lit frames, have the X-rays switched off, and record frames until long after.

    `levels` are the medians of a dark and of a lit frame, counts. `switch_off` is called while the
    acquisition goes on, and must not wait for the user; frames that he takes are recorded beside
    those planned. Raises `StepOffNotSeenError` and whatever recording raises.
    """
    with (
        session.frames(timeout_s=default_timeout_s(session.parameters)) as frames,
        session.record(path, overwrite=overwrite),
    ):
        session.start(0, reliable=True)
        try:
            for done in range(1, LAG_FRAMES_ON + 1):
                next(frames)
                progress(done)
            switch_off()
            _await_fall(frames, levels)
            for done in range(LAG_FRAMES_ON + 1, LAG_FRAMES_ON + LAG_FRAMES_OFF + 1):
                next(frames)
                progress(done)
        finally:
            session.stop()


def _await_fall(frames: Iterable[Frame], levels: tuple[float, float]) -> None:
    """Return after the first frame whose median lies below the middle of the two levels."""
    dark, lit = levels
    began_us: int | None = None
    for frame in frames:
        if np.median(frame.samples[frame.row_received]) < (dark + lit) / 2:
            return
        began_us = frame.timestamp_us if began_us is None else began_us
        if frame.timestamp_us - began_us > PATIENCE_S * 1e6:
            break
    raise StepOffNotSeenError(PATIENCE_S, lit - dark)
