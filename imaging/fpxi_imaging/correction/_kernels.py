"""The fused correction: band by band, every step while the band is in cache.

A step on the values of one frame stands between its neighbours in the order that `Processing`
states; one that needs neighbouring rows stands behind the repair. There is a kernel for each of the
usual sets of steps, because it is compiled in a fraction of the time of the one for all steps.
"""

# Numba calls kernels and helpers by position.
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from fpxi_imaging._jit import helper, index, kernel, read, write
from fpxi_imaging.correction._flag_steps import flag_missing
from fpxi_imaging.correction._frame_steps import (
    recall,
    recall_mean,
    recall_sum,
    take_all_steps,
    take_in_mean,
    take_in_sum,
    take_single,
)
from fpxi_imaging.correction._layout import BAND_PIXELS, HEADER, MEAN, MOVING_SUM, NO_AVERAGE
from fpxi_imaging.correction._repair import repair

_HEADER_BYTES = HEADER.itemsize
_ARGUMENTS = (
    read(types.uint16, 2),
    read(types.boolean, 1),
    write(types.uint8, 1),
    index,
    write(types.float32, 2),
    write(types.uint8, 2),
)


@helper
def _fits(head: Any, samples: Any, row_received: Any, out: Any, flags: Any) -> Any:
    shape = (head.rows, head.columns)
    return (
        samples.shape == shape
        and out.shape == shape
        and flags.shape == shape
        and row_received.shape[0] == head.rows
    )


@helper
def _alike(row_received: Any, row_frames: Any, row_times: Any, all_steps: Any) -> Any:
    """Tell whether all rows were received now, and as often before; with all steps, as lately."""
    alike = True
    for row in range(row_received.size):
        alike &= row_received[row]
        alike &= row_frames[row] == row_frames[0]
    if all_steps is not None:
        for row in range(row_received.size):
            alike &= row_times[row] == row_times[0]
    return alike


@helper
def _take(
    head: Any,
    memory: Any,
    before: Any,
    begin: Any,
    marks: Any,
    counts: Any,
    values: Any,
    flags: Any,
    mean: Any,
    total: Any,
) -> None:
    if mean is not None:
        take_in_mean(head, memory, before, begin, marks, counts, values, flags)
    elif total is not None:
        take_in_sum(head, memory, before, begin, marks, counts, values, flags)
    else:
        take_single(head, memory, begin, marks, counts, values, flags)


@helper
def _correct_rows(
    samples: Any,
    row_received: Any,
    memory: Any,
    block: Any,
    out: Any,
    flags: Any,
    mean: Any,
    total: Any,
    all_steps: Any,
) -> Any:
    """Correct a block of rows, with the steps that one of the last three arguments stands for.

    The others are None, and numba leaves out what depends on them; all are for a single frame.

    Where the average follows motion, the frame itself is left in the memory, for `follow_block`.
    Return False, having written nothing, if shapes differ.
    """
    head = memory[:_HEADER_BYTES].view(HEADER)[0]
    if not _fits(head, samples, row_received, out, flags):
        return False
    block_at = head.blocks_at + 4 * block
    longs = memory.view(np.int64)
    share = longs[block_at : block_at + 4]
    first_row, last_row = share[0], share[1]
    row_frames = longs[head.row_frames_at : head.row_frames_at + head.rows]
    row_times = longs[head.row_times_at : head.row_times_at + head.rows]
    table = memory.view(np.uint32)[head.repair_at + share[2] : head.repair_at + share[3]]
    counts, values, marked = samples.reshape(-1), out.reshape(-1), flags.reshape(-1)
    if head.follows_motion:
        values = memory.view(np.float32)[head.frame_at : head.frame_at + head.rows * head.columns]
    columns = head.columns
    band = max(1, BAND_PIXELS // columns)
    near = far = 0
    for first in range(first_row, last_row, band):
        last = min(last_row, first + band)
        # Whole bands where possible: starting the loops row by row costs more than narrow rows do.
        here = slice(first, last)
        alike = _alike(row_received[here], row_frames[here], row_times[here], all_steps)
        step = last - first if alike else 1
        for row in range(first, last, step):
            a, b = row * columns, (row + step) * columns
            before = row_frames[row]
            marks = memory[head.marks_at + a : head.marks_at + b]
            if row_received[row]:
                brought, run, run_flags = counts[a:b], values[a:b], marked[a:b]
                if all_steps is not None:
                    take_all_steps(head, memory, block, before, a, marks, brought, run, run_flags)
                else:
                    _take(head, memory, before, a, marks, brought, run, run_flags, mean, total)
                row_frames[row : row + step] = before + 1
                row_times[row : row + step] = head.time_us
            elif before == 0 or head.averaging == NO_AVERAGE or head.follows_motion:
                flag_missing(marks, values[a:b], marked[a:b])
            elif all_steps is not None:
                recall(head, memory, block, before, a, marks, values[a:b], marked[a:b])
            elif mean is not None:
                recall_mean(head, memory, a, marks, values[a:b], marked[a:b])
            else:
                recall_sum(head, memory, before, a, marks, values[a:b], marked[a:b])
        if not head.follows_motion:
            near, far = repair(table, near, far, last * columns, values, marked)
    return True


@kernel(*_ARGUMENTS)
def correct_single(
    samples: Any, row_received: Any, memory: Any, block: Any, out: Any, flags: Any
) -> Any:
    """Correct each frame by itself: offset, gain, flags, repair."""
    return _correct_rows(samples, row_received, memory, block, out, flags, None, None, None)


@kernel(*_ARGUMENTS)
def correct_mean(
    samples: Any, row_received: Any, memory: Any, block: Any, out: Any, flags: Any
) -> Any:
    """Correct and average recursively or in blocks, in single precision."""
    return _correct_rows(samples, row_received, memory, block, out, flags, True, None, None)


@kernel(*_ARGUMENTS)
def correct_running(
    samples: Any, row_received: Any, memory: Any, block: Any, out: Any, flags: Any
) -> Any:
    """Correct and average the last frames, in single precision."""
    return _correct_rows(samples, row_received, memory, block, out, flags, None, True, None)


@kernel(*_ARGUMENTS, rare=True)
def correct_with_all_steps(
    samples: Any, row_received: Any, memory: Any, block: Any, out: Any, flags: Any
) -> Any:
    """Correct with whatever steps the header asks for."""
    return _correct_rows(samples, row_received, memory, block, out, flags, None, None, True)


def kernel_for(header: Any) -> Any:
    """Return the least kernel that has all the steps that a header asks for."""
    if any(header[name] for name in _UNUSUAL):
        return correct_with_all_steps
    least = {NO_AVERAGE: correct_single, MEAN: correct_mean, MOVING_SUM: correct_running}
    return least.get(int(header["averaging"]), correct_with_all_steps)


_UNUSUAL = (
    "polynomial_terms",
    "piecewise_segments",
    "lag_components",
    "rejects_zingers",
    "follows_motion",
    "double",
)
