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

from fpxi_imaging._jit import helper, index, inlined, kernel, read, write
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
from fpxi_imaging.correction._layout import (
    BAND_PIXELS,
    HEADER,
    LONG_HOLD,
    MEAN,
    MOVING_SUM,
    NO_AVERAGE,
    SHORT_HOLD,
    needs_all_steps,
)
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


@inlined
def _alike(
    row_received: Any, row_frames: Any, row_times: Any, remembers: Any, all_steps: Any
) -> Any:
    """Tell whether all rows were received now, and as often before; with all steps, as lately."""
    alike = True
    for row in range(row_received.size):
        alike &= row_received[row]
    if remembers is not None:
        for row in range(row_received.size):
            alike &= row_frames[row] == row_frames[0]
    if all_steps is not None:
        for row in range(row_received.size):
            alike &= row_times[row] == row_times[0]
    return alike


@inlined
def _take(
    head: Any,
    memory: Any,
    holds: Any,
    block: Any,
    before: Any,
    begin: Any,
    marks: Any,
    counts: Any,
    values: Any,
    flags: Any,
    mean: Any,
    total: Any,
    all_steps: Any,
) -> None:
    """Correct the rows that a frame brought."""
    if all_steps is not None:
        take_all_steps(head, memory, holds, block, before, begin, marks, counts, values, flags)
    elif mean is not None:
        take_in_mean(head, memory, holds, before, begin, marks, counts, values, flags)
    elif total is not None:
        take_in_sum(head, memory, holds, before, begin, marks, counts, values, flags)
    else:
        take_single(head, memory, begin, marks, counts, values, flags)


@helper
def _do_without(
    head: Any,
    memory: Any,
    holds: Any,
    block: Any,
    before: Any,
    begin: Any,
    marks: Any,
    values: Any,
    flags: Any,
    mean: Any,
    total: Any,
    all_steps: Any,
) -> None:
    """Show what there is of the rows that a frame did not bring."""
    if before == 0 or head.averaging == NO_AVERAGE or head.follows_motion:
        flag_missing(marks, values, flags)
    elif all_steps is not None:
        recall(head, memory, holds, block, before, begin, marks, values, flags)
    elif mean is not None:
        recall_mean(head, memory, holds, begin, marks, values, flags)
    elif total is not None:
        recall_sum(head, memory, holds, before, begin, marks, values, flags)


@helper
def _correct_rows(
    samples: Any,
    row_received: Any,
    memory: Any,
    block: Any,
    out: Any,
    flags: Any,
    remembers: Any,
    mean: Any,
    total: Any,
    all_steps: Any,
) -> Any:
    """Correct a block of rows, with the steps that one of the last three arguments stands for.

    The others are None, and numba leaves out what depends on them. For single frames all three are
    None, and so is `remembers`.

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
    # A hold is as wide as the averages of the kernel are long.
    holds = memory.view(LONG_HOLD) if all_steps is not None else memory.view(SHORT_HOLD)
    if head.follows_motion:
        values = memory.view(np.float32)[head.frame_at : head.frame_at + head.rows * head.columns]
    columns = head.columns
    band = max(1, BAND_PIXELS // columns)
    before = 0
    near = far = 0
    for first in range(first_row, last_row, band):
        last = min(last_row, first + band)
        # Whole bands where possible: starting the loops row by row costs more than narrow rows do.
        here = slice(first, last)
        alike = _alike(row_received[here], row_frames[here], row_times[here], remembers, all_steps)
        step = last - first if alike else 1
        for row in range(first, last, step):
            a, b = row * columns, (row + step) * columns
            if remembers is not None:
                before = row_frames[row]
            marks = memory[head.marks_at + a : head.marks_at + b]
            run, run_flags = values[a:b], marked[a:b]
            if not row_received[row]:
                _do_without(
                    head,
                    memory,
                    holds,
                    block,
                    before,
                    a,
                    marks,
                    run,
                    run_flags,
                    mean,
                    total,
                    all_steps,
                )
                continue
            brought = counts[a:b]
            _take(
                head,
                memory,
                holds,
                block,
                before,
                a,
                marks,
                brought,
                run,
                run_flags,
                mean,
                total,
                all_steps,
            )
            if remembers is not None:
                row_frames[row : row + step] = before + 1
                row_times[row : row + step] = head.time_us
        if not head.follows_motion:
            near, far = repair(table, near, far, last * columns, values, marked)
    return True


@kernel(*_ARGUMENTS)
def correct_single(
    samples: Any, row_received: Any, memory: Any, block: Any, out: Any, flags: Any
) -> Any:
    """Correct each frame by itself: offset, gain, flags, repair."""
    return _correct_rows(samples, row_received, memory, block, out, flags, None, None, None, None)


@kernel(*_ARGUMENTS)
def correct_mean(
    samples: Any, row_received: Any, memory: Any, block: Any, out: Any, flags: Any
) -> Any:
    """Correct and average recursively or in blocks, in single precision."""
    return _correct_rows(samples, row_received, memory, block, out, flags, True, True, None, None)


@kernel(*_ARGUMENTS)
def correct_running(
    samples: Any, row_received: Any, memory: Any, block: Any, out: Any, flags: Any
) -> Any:
    """Correct and average the last frames, in single precision."""
    return _correct_rows(samples, row_received, memory, block, out, flags, True, None, True, None)


@kernel(*_ARGUMENTS, rare=True)
def correct_with_all_steps(
    samples: Any, row_received: Any, memory: Any, block: Any, out: Any, flags: Any
) -> Any:
    """Correct with whatever steps the header asks for."""
    return _correct_rows(samples, row_received, memory, block, out, flags, True, None, None, True)


def kernel_for(header: Any) -> Any:
    """Return the least kernel that has all the steps that a header asks for."""
    if needs_all_steps(header):
        return correct_with_all_steps
    least = {NO_AVERAGE: correct_single, MEAN: correct_mean, MOVING_SUM: correct_running}
    return least[int(header["averaging"])]
