"""The fused correction: band by band, every step while the band is in cache.

A step on the values of one frame stands between its neighbours in the order that `Processing`
states; one that needs neighbouring rows stands behind the repair.
"""

# Numba calls kernels and helpers by position.
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from fpxi_imaging._jit import helper, index, kernel, read, write
from fpxi_imaging.correction._average_steps import (
    add_to_sum,
    copy_run,
    move_sum,
    renew_sum,
    show_mean,
    start_mean,
    start_sum,
    weigh_in,
)
from fpxi_imaging.correction._flag_steps import (
    flag_counts,
    flag_held,
    flag_missing,
    go_on_holding,
    start_hold,
)
from fpxi_imaging.correction._layout import (
    BAND_PIXELS,
    HEADER,
    MEAN,
    MEDIAN,
    MOVING_SUM,
    NEVER,
    NO_AVERAGE,
    RENEWAL,
)
from fpxi_imaging.correction._median_steps import CHUNK_PIXELS, show_median
from fpxi_imaging.correction._repair import repair
from fpxi_imaging.correction._value_steps import (
    offset_and_gain,
    piecewise,
    polynomial,
    remove_lag,
    start_lag,
)
from fpxi_imaging.correction._zinger_steps import flag_zingers, reject_zingers, without_rejected

_HEADER_BYTES = HEADER.itemsize


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
def _alike(row_received: Any, row_frames: Any, row_times: Any) -> Any:
    """Tell whether all rows were received now, and as often and as lately before."""
    alike = True
    for row in range(row_received.size):
        alike &= row_received[row]
        alike &= row_frames[row] == row_frames[0]
        alike &= row_times[row] == row_times[0]
    return alike


@helper
def _linearise(head: Any, plan: Any, state: Any, block: Any, begin: Any, values: Any) -> None:
    pixels = head.rows * head.columns
    width = max(BAND_PIXELS, head.columns)
    at = head.scratch_at + block * width
    scratch = state.view(np.float32)[at : at + values.size]
    maps = plan.view(np.float32)[head.linearity_at :]
    if head.polynomial_terms > 0:
        polynomial(maps, head.polynomial_terms, pixels, begin, scratch, values)
    else:
        piecewise(maps, head.piecewise_segments, pixels, begin, scratch, values)


@helper
def _unlag(
    head: Any, plan: Any, state: Any, row_time: Any, time_us: Any, begin: Any, values: Any
) -> None:
    pixels = head.rows * head.columns
    currents = state.view(np.float32)[head.lag_state_at :]
    if row_time == NEVER or time_us < row_time:
        start_lag(currents, head.lag_components, pixels, begin, values)
        return
    at = head.lag_multiplier_at + begin
    multiplier = plan.view(np.float32)[at : at + values.size]
    model = plan.view(np.float64)[head.lag_at :]
    remove_lag(
        model,
        head.lag_components,
        multiplier,
        np.float64(time_us - row_time),
        currents,
        pixels,
        begin,
        values,
    )


@helper
def _reject(head: Any, plan: Any, state: Any, begin: Any, values: Any) -> None:
    end = begin + values.size
    noise = plan.view(np.float32)[head.noise_at : head.noise_at + 3]
    reference = state.view(np.float32)[
        head.zinger_reference_at + begin : head.zinger_reference_at + end
    ]
    memory = state[head.zinger_memory_at + begin : head.zinger_memory_at + end]
    reject_zingers(noise[0], noise[1], noise[2], reference, memory, values)


@helper
def _flag(
    head: Any, state: Any, first: Any, counts: Any, marks: Any, begin: Any, flags: Any
) -> None:
    if head.averaging == NO_AVERAGE:
        flag_counts(counts, marks, np.uint16(head.saturation_level), flags)
    else:
        _hold(head, state, first, counts, marks, begin, flags)


@helper
def _flag_but_zingers(
    head: Any, state: Any, block: Any, first: Any, counts: Any, marks: Any, begin: Any, flags: Any
) -> None:
    memory_at = head.zinger_memory_at + begin
    memory = state[memory_at : memory_at + counts.size]
    kept_at = head.kept_counts_at + block * max(BAND_PIXELS, head.columns)
    kept = state.view(np.uint16)[kept_at : kept_at + counts.size]
    without_rejected(counts, memory, kept)
    _flag(head, state, first, kept, marks, begin, flags)
    flag_zingers(memory, flags)


@helper
def _show_median(head: Any, state: Any, block: Any, frames: Any, begin: Any, values: Any) -> None:
    words = state.view(np.float32)
    most = head.averaged_frames
    scratch = words[head.sorting_at + block * most * CHUNK_PIXELS :]
    rings = words[head.ring_at :]
    pixels = head.rows * head.columns
    show_median(rings, min(frames, most), pixels, begin, scratch, values)


@helper
def _hold(
    head: Any, state: Any, first: Any, counts: Any, marks: Any, begin: Any, flags: Any
) -> None:
    hold = state.view(np.uint16)[head.hold_at + begin : head.hold_at + begin + counts.size]
    level, frames = np.uint16(head.saturation_level), np.uint16(head.hold_frames)
    if first:
        start_hold(counts, level, frames, hold)
    else:
        go_on_holding(counts, level, frames, hold)
    flag_held(hold, marks, flags)


@helper
def _average(head: Any, state: Any, block: Any, before: Any, row: Any, values: Any) -> None:
    """Replace the values of a frame by the average, in which `before` frames are already."""
    at = head.mean_at + row * head.columns
    if head.averaging == MEDIAN:
        begin = row * head.columns
        slot = before % head.averaged_frames
        place = head.ring_at + slot * head.rows * head.columns + begin
        copy_run(values, state.view(np.float32)[place : place + values.size])
        _show_median(head, state, block, before + 1, begin, values)
    elif head.double:
        _average_in(head, state, before, row, values, state.view(np.float64)[at : at + values.size])
    else:
        _average_in(head, state, before, row, values, state.view(np.float32)[at : at + values.size])


@helper
def _average_in(head: Any, state: Any, before: Any, row: Any, values: Any, mean: Any) -> None:
    """Average in the precision of `mean`, which is the mean or the moving sum."""
    share = mean.dtype.type(1.0 / min(before + 1, head.averaged_frames))
    if head.averaging == MEAN:
        if before == 0:
            start_mean(values, mean)
        else:
            weigh_in(values, share, mean)
        return
    frames, pixels = head.averaged_frames, head.rows * head.columns
    ring = state.view(np.float32)[head.ring_at : head.ring_at + frames * pixels]
    at = before % frames * pixels + row * head.columns
    oldest = ring[at : at + values.size]
    if before == 0:
        start_sum(values, oldest, mean)
    elif before < frames:
        add_to_sum(values, share, oldest, mean)
    else:
        move_sum(values, share, oldest, mean)
        _renew(head, before, row, ring, mean)


@helper
def _renew(head: Any, before: Any, row: Any, ring: Any, total: Any) -> None:
    """Renew the sums of the rows whose turn it is, a few in each frame."""
    columns, frames = head.columns, head.averaged_frames
    pixels, period = head.rows * columns, RENEWAL * frames
    for line in range(total.size // columns):
        if (before + row + line) % period == 0:
            a, begin = line * columns, (row + line) * columns
            renew_sum(ring, frames, pixels, begin, total[a : a + columns])


@helper
def _recall(
    head: Any,
    state: Any,
    block: Any,
    frames: Any,
    marks: Any,
    begin: Any,
    values: Any,
    flags: Any,
) -> None:
    """Show what the average has of rows that the newest frame did not bring."""
    at = head.mean_at + begin
    taken = min(frames, head.averaged_frames) if head.averaging == MOVING_SUM else 1
    if head.averaging == MEDIAN:
        _show_median(head, state, block, frames, begin, values)
    elif head.double:
        show_mean(state.view(np.float64)[at : at + values.size], 1.0 / taken, values)
    else:
        share = np.float32(1.0 / taken)
        show_mean(state.view(np.float32)[at : at + values.size], share, values)
    hold = state.view(np.uint16)[head.hold_at + begin : head.hold_at + begin + values.size]
    flag_held(hold, marks, flags)


@helper
def _take(
    head: Any,
    plan: Any,
    state: Any,
    block: Any,
    row: Any,
    time_us: Any,
    counts: Any,
    values: Any,
    flags: Any,
) -> None:
    """Take the steps on rows, from `row` on, that this frame brought and that are alike."""
    a = row * head.columns
    b = a + counts.size
    longs, words = state.view(np.int64), plan.view(np.float32)
    before = longs[head.row_frames_at + row]
    marks = plan[head.marks_at + a : head.marks_at + b]
    offset = words[head.offset_at + a : head.offset_at + b]
    gain = words[head.gain_at + a : head.gain_at + b]
    offset_and_gain(counts, offset, gain, values)
    if head.polynomial_terms > 0 or head.piecewise_segments > 0:
        _linearise(head, plan, state, block, a, values)
    if head.lag_components > 0:
        _unlag(head, plan, state, longs[head.row_times_at + row], time_us, a, values)
    if head.rejects_zingers:
        _reject(head, plan, state, a, values)
        _flag_but_zingers(head, state, block, before == 0, counts, marks, a, flags)
    else:
        _flag(head, state, before == 0, counts, marks, a, flags)
    if head.averaging != NO_AVERAGE and not head.follows_motion:
        _average(head, state, block, before, row, values)


@kernel(
    read(types.uint16, 2),
    read(types.boolean, 1),
    read(types.uint8, 1),
    write(types.uint8, 1),
    index,
    index,
    types.boolean,
    write(types.float32, 2),
    write(types.uint8, 2),
)
def correct_block(
    samples: Any,
    row_received: Any,
    plan: Any,
    state: Any,
    block: Any,
    time_us: Any,
    restart: Any,
    out: Any,
    flags: Any,
) -> Any:
    """Correct a block of rows of one frame; `restart` begins a new average.

    Where the average follows motion, the frame itself is left in the state, for `follow_block`.
    Return False, having written nothing, if shapes differ.
    """
    head = plan[:_HEADER_BYTES].view(HEADER)[0]
    if not _fits(head, samples, row_received, out, flags):
        return False
    block_at = head.blocks_at + 4 * block
    share = plan.view(np.int64)[block_at : block_at + 4]
    first_row, last_row = share[0], share[1]
    longs = state.view(np.int64)
    row_frames = longs[head.row_frames_at : head.row_frames_at + head.rows]
    row_times = longs[head.row_times_at : head.row_times_at + head.rows]
    table = plan.view(np.uint32)[head.repair_at + share[2] : head.repair_at + share[3]]
    counts, values, marked = samples.reshape(-1), out.reshape(-1), flags.reshape(-1)
    if head.follows_motion:
        values = state.view(np.float32)[head.frame_at : head.frame_at + head.rows * head.columns]
    columns = head.columns
    if restart:
        row_frames[first_row:last_row] = 0
    band = max(1, BAND_PIXELS // columns)
    near = far = 0
    for first in range(first_row, last_row, band):
        last = min(last_row, first + band)
        # Whole bands where possible: starting the loops row by row costs more than narrow rows do.
        alike = _alike(row_received[first:last], row_frames[first:last], row_times[first:last])
        step = last - first if alike else 1
        for row in range(first, last, step):
            a, b = row * columns, (row + step) * columns
            run, run_flags = values[a:b], marked[a:b]
            marks = plan[head.marks_at + a : head.marks_at + b]
            before = row_frames[row]
            if row_received[row]:
                _take(head, plan, state, block, row, time_us, counts[a:b], run, run_flags)
                row_frames[row : row + step] = before + 1
                row_times[row : row + step] = time_us
            elif before > 0 and head.averaging != NO_AVERAGE and not head.follows_motion:
                _recall(head, state, block, before, marks, a, run, run_flags)
            else:
                flag_missing(marks, run, run_flags)
        if not head.follows_motion:
            near, far = repair(table, near, far, last * columns, values, marked)
    return True
