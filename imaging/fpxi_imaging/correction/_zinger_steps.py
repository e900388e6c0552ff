"""Rejecting what stands out for a single frame: direct hits and cosmic rays."""

# Numba calls helpers by position.
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np

from fpxi_imaging._jit import helper
from fpxi_imaging.flags import PixelFlag

MEMORY_FRAMES = 4
"""The reference is a plain mean until so many frames are in it, then the newest weighs 1 in 4."""

_REJECTED = np.uint8(0x80)
_FELL = np.uint8(0x40)
_FRAMES = np.uint8(0x3F)
_MOST = np.uint8(MEMORY_FRAMES)
_NO_FRAME = np.uint8(0)
_NO_FLAG = np.uint8(0)
_FIRST = np.uint8(1)
_ZINGER = np.uint8(PixelFlag.ZINGER)
_NEITHER = np.uint16(1)
_LET_GO = np.uint16(0)
_ONE_FRAME = np.uint16(1)
_ONE = np.float32(1)
_ZERO = np.float32(0)


@helper
def reject_zingers(
    dark_variance: Any,
    variance_per_count: Any,
    limit: Any,
    reference: Any,
    memory: Any,
    values: Any,
) -> None:
    """Replace a value that stands out from its reference by it; follow the others.

    `reference` is the mean of the last frames, `memory` how many are in it and whether the last
    value was rejected or fell. A value stands out where it lies above a reference r of n frames by
    more than `limit` sqrt((dark_variance + variance_per_count max(r, 0)) (1 + 1 / n)). The second
    in a row is no zinger: it is accepted, and the reference begins anew with it. A value that lies
    below by as much is accepted at once, but the reference begins anew with the second only: what
    comes back after one frame is no zinger.
    """
    limit_squared = limit * limit
    for i in range(values.size):
        mean, value = reference[i], values[i]
        frames = memory[i] & _FRAMES
        jump = value - mean
        variance = dark_variance + variance_per_count * max(mean, _ZERO)
        frames_float = np.float32(max(frames, _FIRST))
        far = jump * jump * frames_float > limit_squared * variance * (frames_float + _ONE)
        if frames == _NO_FRAME or not np.isfinite(mean):
            reference[i], memory[i] = value, _FIRST
        elif not far:
            taken = min(np.uint8(frames + _FIRST), _MOST)
            reference[i] = mean + jump / np.float32(taken)
            memory[i] = taken
        elif jump > 0 and memory[i] & _REJECTED == _NO_FRAME:
            values[i] = mean
            memory[i] = frames | _REJECTED
        elif jump < 0 and memory[i] & _FELL == _NO_FRAME:
            memory[i] = frames | _FELL
        else:
            reference[i], memory[i] = value, _FIRST


@helper
def without_rejected(counts: Any, memory: Any, kept: Any) -> None:
    """Write the counts, with one that is neither saturated nor cut off for each rejected one."""
    for i in range(counts.size):
        kept[i] = _NEITHER if memory[i] & _REJECTED else counts[i]


@helper
def start_zinger_hold(memory: Any, frames: Any, hold: Any) -> None:
    """Begin to remember which values were rejected, for `frames` frames."""
    for i in range(hold.size):
        hold[i] = _LET_GO
    go_on_holding_zingers(memory, frames, hold)


@helper
def go_on_holding_zingers(memory: Any, frames: Any, hold: Any) -> None:
    """Count one frame down, unless the value was rejected again."""
    renewed = np.uint16(frames)
    for i in range(memory.size):
        rest = np.uint16(hold[i] - _ONE_FRAME) if hold[i] > _LET_GO else _LET_GO
        hold[i] = renewed if memory[i] & _REJECTED else rest


@helper
def forget_zinger_hold(pixel_frames: Any, frames: Any, hold: Any) -> None:
    """Let go what was held before an average of `pixel_frames` began anew with this frame."""
    renewed = np.uint16(frames)
    for i in range(hold.size):
        older = pixel_frames[i] == _ONE_FRAME and hold[i] < renewed
        hold[i] = _LET_GO if older else hold[i]


@helper
def flag_zingers(hold: Any, flags: Any) -> None:
    """Add the flag where a rejected value is held; what is marked is NaN, and never rejected."""
    for i in range(hold.size):
        flags[i] |= _ZINGER if hold[i] > _LET_GO else _NO_FLAG
