"""Recording how the signal dies away after the X-rays are switched off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fpxi.calibration.plan import LAG_DARK_FRAMES, RunStep
from fpxi.calibration.run_errors import SwitchNotSeenError
from fpxi.capture import default_timeout_s
from fpxi.session import Session

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame

PATIENCE_S = 60.0
"""How long, by the panel's clock, the user may take to switch the X-rays."""
HALF = 0.5
"""Of the flats' signal: the beam is on above it."""


class Switch(Protocol):
    """Switches the X-rays, or has them switched, without waiting for the user."""

    def __call__(self, *, on: bool) -> None:
        """Switch on or off."""


def record_step_off(
    session: Session,
    path: Path,
    step: RunStep,
    *,
    levels: tuple[float, float],
    switch: Switch,
    overwrite: bool,
    progress: Callable[[int], None],
) -> None:
    """Record dark frames, lit ones, and frames until long after the X-rays are off again.

    `levels` are the medians of a dark and of a first flat, counts. The acquisition goes on while
    the X-rays are switched; frames that the user takes for it are recorded beside those planned.
    Raises `SwitchNotSeenError` and whatever recording raises.
    """
    lit_until = LAG_DARK_FRAMES + step.lit_frames
    with (
        session.frames(timeout_s=default_timeout_s(session.parameters)) as frames,
        session.record(path, overwrite=overwrite),
    ):
        session.start(0, reliable=True)
        try:
            for done in range(1, step.frames + 1):
                next(frames)
                progress(done)
                if done in {LAG_DARK_FRAMES, lit_until}:
                    on = done == LAG_DARK_FRAMES
                    switch(on=on)
                    _await(frames, levels, on=on)
        finally:
            session.stop()


def _await(frames: Iterator[Frame], levels: tuple[float, float], *, on: bool) -> None:
    """Return after the first frame whose median lies on the other side of half the signal."""
    dark, lit = levels
    began_us: int | None = None
    above = 0.0
    for frame in frames:
        above = float(np.median(frame.samples[frame.row_received])) - dark
        if (above > HALF * (lit - dark)) == on:
            return
        began_us = frame.timestamp_us if began_us is None else began_us
        if frame.timestamp_us - began_us > PATIENCE_S * 1e6:
            break
    raise SwitchNotSeenError(PATIENCE_S, above, HALF * (lit - dark), on=on)
