"""What is done to a frame when all its blocks are corrected: motion, seams, logarithm."""

# Numba calls kernels by position.
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from fpxi_imaging._jit import index, kernel, read, write
from fpxi_imaging.correction._average_steps import copy_run
from fpxi_imaging.correction._flag_steps import flag_held, flag_missing, forget_hold
from fpxi_imaging.correction._layout import HEADER, LONG_HOLD
from fpxi_imaging.correction._motion_steps import add_differences, follow, start_differences
from fpxi_imaging.correction._repair import repair
from fpxi_imaging.correction._zinger_steps import flag_zingers, forget_zinger_hold
from fpxi_imaging.flags import PixelFlag

_HEADER_BYTES = HEADER.itemsize
_NO_LOGARITHM = np.uint8(PixelFlag.NO_LOGARITHM)
_NAN = np.float32(np.nan)
_ZERO = np.float32(0)
_TILE = 32
"""Side of the squares that are turned one after the other: reading down columns of a whole image
would fetch a cache line for each pixel."""


@kernel(
    read(types.boolean, 1),
    write(types.uint8, 1),
    index,
    types.boolean,
    write(types.float32, 2),
    write(types.uint8, 2),
    rare=True,
)
def follow_block(
    row_received: Any, memory: Any, block: Any, odd: Any, out: Any, flags: Any
) -> None:
    """Average the frame that the kernels of a frame left, anew where it moved; repair the block.

    The frame and the old mean are only read, so neighbouring blocks may do so at the same time;
    the new mean goes beside the old one, and `odd` says which of the two is the old one.
    """
    head = memory[:_HEADER_BYTES].view(HEADER)[0]
    block_at = head.blocks_at + 4 * block
    share = memory.view(np.int64)[block_at : block_at + 4]
    table = memory.view(np.uint32)[head.repair_at + share[2] : head.repair_at + share[3]]
    pixels, columns = head.rows * head.columns, head.columns
    words, shorts = memory.view(np.float32), memory.view(np.uint16)
    row_frames = memory.view(np.int64)[head.row_frames_at : head.row_frames_at + head.rows]
    frame = words[head.frame_at : head.frame_at + pixels]
    mean_at, next_at = head.mean_at, head.next_mean_at
    if odd:
        mean_at, next_at = next_at, mean_at
    mean, next_mean = words[mean_at : mean_at + pixels], words[next_at : next_at + pixels]
    sums_at = head.sums_at + block * 2 * columns
    total, count = words[sums_at : sums_at + columns], words[sums_at + columns :]
    noise = memory.view(np.float32)[head.noise_at : head.noise_at + 4]
    values, marked = out.reshape(-1), flags.reshape(-1)
    near = far = 0
    for row in range(share[0], share[1]):
        a, b = row * columns, (row + 1) * columns
        marks = memory[head.marks_at + a : head.marks_at + b]
        hold = memory.view(LONG_HOLD)[head.hold_at + a : head.hold_at + b]
        zinger_hold = shorts[head.zinger_hold_at + a : head.zinger_hold_at + b]
        if row_received[row]:
            start_differences(total, count)
            for other in range(max(0, row - 1), min(head.rows, row + 2)):
                if row_received[other] and row_frames[other] > 1:
                    c, d = other * columns, (other + 1) * columns
                    add_differences(frame[c:d], mean[c:d], total, count)
            frames = shorts[head.pixel_frames_at + a : head.pixel_frames_at + b]
            if row_frames[row] == 1:
                frames[:] = 0
            most = head.averaged_frames
            follow(noise, most, total, count, mean[a:b], frames, frame[a:b], next_mean[a:b])
            forget_hold(frames, head.hold_frames, hold)
            if head.rejects_zingers:
                forget_zinger_hold(frames, head.hold_frames, zinger_hold)
        else:
            copy_run(mean[a:b], next_mean[a:b])
        if row_frames[row] > 0:
            copy_run(next_mean[a:b], values[a:b])
            flag_held(hold, marks, marked[a:b])
            if head.rejects_zingers:
                flag_zingers(zinger_hold, marked[a:b])
        else:
            flag_missing(marks, values[a:b], marked[a:b])
        near, far = repair(table, near, far, b, values, marked)


@kernel(write(types.uint8, 1), index, write(types.float32, 2), write(types.uint8, 2))
def repair_seams(memory: Any, blocks: Any, out: Any, flags: Any) -> None:
    """Repair the defects beside the seams of the blocks, when all of these are done."""
    head = memory[:_HEADER_BYTES].view(HEADER)[0]
    block_at = head.blocks_at + 4 * blocks
    seams = memory.view(np.int64)[block_at : block_at + 4]
    table = memory.view(np.uint32)[head.repair_at + seams[2] : head.repair_at + seams[3]]
    pixels = head.rows * head.columns
    repair(table, 0, 0, pixels, out.reshape(-1), flags.reshape(-1))


@kernel(write(types.uint8, 1), index, write(types.float32, 2), write(types.uint8, 2))
def attenuate_block(memory: Any, block: Any, out: Any, flags: Any) -> None:
    """Replace transmission by -ln of it; what is not above 0 is NaN, and flagged."""
    head = memory[:_HEADER_BYTES].view(HEADER)[0]
    block_at = head.blocks_at + 4 * block
    share = memory.view(np.int64)[block_at : block_at + 4]
    values, marked = out.reshape(-1), flags.reshape(-1)
    for i in range(share[0] * head.columns, share[1] * head.columns):
        value = values[i]
        if value > _ZERO:
            values[i] = -np.log(value)
        elif not np.isnan(value):
            values[i] = _NAN
            marked[i] |= _NO_LOGARITHM


@kernel(
    read(types.float32, 2),
    read(types.uint8, 2),
    index,
    index,
    index,
    write(types.float32, 2),
    write(types.uint8, 2),
)
def turn(
    values: Any, flags: Any, first: Any, row_step: Any, column_step: Any, out: Any, out_flags: Any
) -> None:
    """Copy a picture, turned: the pixel at row r and column c from `first` + r, c times steps.

    `first` is a flat index, the steps are between flat indices.
    """
    source, source_flags = values.reshape(-1), flags.reshape(-1)
    rows, columns = out.shape
    for top in range(0, rows, _TILE):
        for left in range(0, columns, _TILE):
            for row in range(top, min(top + _TILE, rows)):
                at = first + row * row_step
                for column in range(left, min(left + _TILE, columns)):
                    out[row, column] = source[at + column * column_step]
                    out_flags[row, column] = source_flags[at + column * column_step]
