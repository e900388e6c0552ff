"""What is known about a run of pixels, of one frame or of all that weigh in an average."""

from __future__ import annotations

from typing import Any

import numpy as np

from fpxi_imaging._jit import helper
from fpxi_imaging.flags import PixelFlag

_SATURATED = np.uint8(PixelFlag.SATURATED)
_CUT_OFF = np.uint8(PixelFlag.CUT_OFF)
_MISSING = np.uint8(PixelFlag.MISSING)
_NOT_IMAGING = np.uint8(PixelFlag.NOT_IMAGING)
_NO_FLAG = np.uint8(0)
_NAN = np.float32(np.nan)

# The hold of a pixel: in its two lowest bits which flags it has, above them for how many frames,
# this one among them. The compiler computes in 16 bits only what is cast back at every step.
_HELD_SATURATED = np.uint16(1)
_HELD_CUT_OFF = np.uint16(2)
_HELD_FLAGS = np.uint16(3)
_FRAME = np.uint16(4)
_LAST_FRAME = np.uint16(8)
_NOTHING = np.uint16(0)
_FIRST = np.uint16(1)
MOST_HELD_FRAMES = 0xFFFF >> 2


# Loops of their own: 16-bit counts, 32-bit values and 8-bit flags in one loop run at half the
# speed.
@helper
def flag_counts(counts: Any, marks: Any, level: Any, flags: Any) -> None:
    """Flag the counts of one frame; a mark stands alone."""
    for i in range(counts.size):
        high = _SATURATED if counts[i] >= level else _NO_FLAG
        low = _CUT_OFF if counts[i] == _NOTHING else _NO_FLAG
        flags[i] = marks[i] if marks[i] != _NO_FLAG else high | low


@helper
def start_hold(counts: Any, level: Any, frames: Any, hold: Any) -> None:
    """Begin to remember which pixels saturate or are cut off, for `frames` frames."""
    for i in range(hold.size):
        hold[i] = _NOTHING
    go_on_holding(counts, level, frames, hold)


@helper
def go_on_holding(counts: Any, level: Any, frames: Any, hold: Any) -> None:
    """Count one frame down, unless the flag is renewed; two kinds of flag go together."""
    renewed = np.uint16(frames << 2)
    for i in range(counts.size):
        rest = np.uint16(hold[i] - _FRAME) if hold[i] >= _LAST_FRAME else _NOTHING
        high = np.uint16((rest & _HELD_FLAGS) | renewed | _HELD_SATURATED)
        after = high if counts[i] >= level else rest
        low = np.uint16((after & _HELD_FLAGS) | renewed | _HELD_CUT_OFF)
        hold[i] = low if counts[i] == _NOTHING else after


@helper
def forget_hold(pixel_frames: Any, frames: Any, hold: Any) -> None:
    """Let go what was held before an average of `pixel_frames` began anew with this frame."""
    renewed = np.uint16(frames << 2)
    for i in range(hold.size):
        older = pixel_frames[i] == _FIRST and hold[i] < renewed
        hold[i] = _NOTHING if older else hold[i]


@helper
def flag_held(hold: Any, marks: Any, flags: Any) -> None:
    """Flag what is held; a mark stands alone."""
    for i in range(hold.size):
        high = _SATURATED if hold[i] & _HELD_SATURATED else _NO_FLAG
        low = _CUT_OFF if hold[i] & _HELD_CUT_OFF else _NO_FLAG
        flags[i] = marks[i] if marks[i] != _NO_FLAG else high | low


@helper
def flag_missing(marks: Any, values: Any, flags: Any) -> None:
    """Write NaN and `MISSING`, but for what is no image at all."""
    values[:] = _NAN
    for i in range(marks.size):
        flags[i] = _NOT_IMAGING if marks[i] == _NOT_IMAGING else _MISSING
