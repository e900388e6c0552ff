"""What is known about a run of pixels, of one frame or of all that weigh in an average."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging._jit import helper, inlined
from fpxi_imaging.flags import PixelFlag

_SATURATED = np.uint8(PixelFlag.SATURATED)
_CUT_OFF = np.uint8(PixelFlag.CUT_OFF)
_MISSING = np.uint8(PixelFlag.MISSING)
_NOT_IMAGING = np.uint8(PixelFlag.NOT_IMAGING)
_NAN = np.float32(np.nan)

# The hold of a pixel: its flags as they are, above them for how many frames, this one among them.
# It is a `SHORT_HOLD` or a `LONG_HOLD`. The compiler computes in such integers only what is cast
# back at every step.
_FLAG_BITS = 6
_FLAGS = (1 << _FLAG_BITS) - 1
_FRAME = 1 << _FLAG_BITS
MOST_FRAMES_HELD_SHORT = 0xFFFF >> _FLAG_BITS
MOST_FRAMES_HELD_LONG = 0xFFFFFFFF >> _FLAG_BITS
_NOTHING = np.uint16(0)
_FIRST = np.uint16(1)

_RANK = np.uint8(0xE0)
"""Flipping these bits makes marks the largest of all flags, so that the larger of mark and flags is
the mark: one instruction, where a choice between the two would be three."""

_RANKED_NONE = _RANK
_RANKED_SATURATED = _SATURATED ^ _RANK
_RANKED_CUT_OFF = _CUT_OFF ^ _RANK
_RANKED_NOT_IMAGING = _NOT_IMAGING ^ _RANK


def ranked_marks(marks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return flags that stand alone, `NOT_IMAGING` and `UNREPAIRABLE`, as the loops read them."""
    return np.where(marks == 0, 0, marks ^ _RANK).astype(np.uint8)


# Loops of their own: 16-bit counts, 32-bit values and 8-bit flags in one loop run at half the
# speed.
@inlined
def flag_counts(counts: Any, marks: Any, level: Any, flags: Any) -> None:
    """Flag the counts of one frame; a mark stands alone."""
    for i in range(counts.size):
        seen = _RANKED_CUT_OFF if counts[i] == _NOTHING else _RANKED_NONE
        seen = _RANKED_SATURATED if counts[i] >= level else seen
        flags[i] = np.uint8(max(seen, marks[i]) ^ _RANK)


@helper
def start_hold(counts: Any, level: Any, frames: Any, hold: Any) -> None:
    """Begin to remember which pixels saturate or are cut off, for `frames` frames."""
    for i in range(hold.size):
        hold[i] = 0
    go_on_holding(counts, level, frames, hold)


@inlined
def go_on_holding(counts: Any, level: Any, frames: Any, hold: Any) -> None:
    """Count one frame down, unless the flag is renewed; two kinds of flag go together."""
    word = hold.dtype.type
    frame, last_frame, both = word(_FRAME), word(2 * _FRAME), word(_FLAGS)
    saturated = word(frames << _FLAG_BITS | _SATURATED)
    cut_off = word(frames << _FLAG_BITS | _CUT_OFF)
    for i in range(counts.size):
        rest = word(hold[i] - frame) if hold[i] >= last_frame else word(0)
        after = cut_off if counts[i] == _NOTHING else rest
        after = saturated if counts[i] >= level else after
        hold[i] = word(after | word(rest & both))


@helper
def forget_hold(pixel_frames: Any, frames: Any, hold: Any) -> None:
    """Let go what was held before an average of `pixel_frames` began anew with this frame."""
    renewed = hold.dtype.type(frames << _FLAG_BITS)
    for i in range(hold.size):
        older = pixel_frames[i] == _FIRST and hold[i] < renewed
        hold[i] = 0 if older else hold[i]


@inlined
def flag_held(hold: Any, marks: Any, flags: Any) -> None:
    """Flag what is held; a mark stands alone."""
    for i in range(hold.size):
        held = np.uint8(np.uint8(hold[i] & _FLAGS) ^ _RANK)
        flags[i] = np.uint8(max(held, marks[i]) ^ _RANK)


@helper
def flag_missing(marks: Any, values: Any, flags: Any) -> None:
    """Write NaN and `MISSING`, but for what is no image at all."""
    values[:] = _NAN
    for i in range(marks.size):
        flags[i] = _NOT_IMAGING if marks[i] == _RANKED_NOT_IMAGING else _MISSING
