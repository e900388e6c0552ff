"""What is done to the rows that a frame brought, and to those that it did not: a set of steps each.

`head` is the header of the `memory`. The rows are alike: before them `before` frames came to the
average. They begin at pixel `begin`; `counts`, `values` and `flags` are runs of their pixels.
`holds` is the memory in words as wide as a hold is.
"""

# Numba calls helpers by position.
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np

from fpxi_imaging._jit import helper, inlined
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
    go_on_holding,
    start_hold,
)
from fpxi_imaging.correction._layout import (
    BAND_PIXELS,
    MEAN,
    MEDIAN,
    MOVING_SUM,
    NEVER,
    NO_AVERAGE,
    RENEWAL,
)
from fpxi_imaging.correction._median_steps import CHUNK_PIXELS, show_median
from fpxi_imaging.correction._value_steps import (
    offset_and_gain,
    piecewise,
    polynomial,
    remove_lag,
    start_lag,
)
from fpxi_imaging.correction._zinger_steps import (
    flag_zingers,
    go_on_holding_zingers,
    reject_zingers,
    start_zinger_hold,
    without_rejected,
)


@inlined
def take_single(
    head: Any, memory: Any, begin: Any, marks: Any, counts: Any, values: Any, flags: Any
) -> None:
    """Offset, gain, flags."""
    _offset_and_gain(head, memory, begin, counts, values)
    flag_counts(counts, marks, np.uint16(head.saturation_level), flags)


@inlined
def take_in_mean(
    head: Any,
    memory: Any,
    holds: Any,
    before: Any,
    begin: Any,
    marks: Any,
    counts: Any,
    values: Any,
    flags: Any,
) -> None:
    """Offset, gain, flags, mean in single precision."""
    _offset_and_gain(head, memory, begin, counts, values)
    _hold(head, holds, before, begin, counts, marks, flags)
    mean = memory.view(np.float32)[head.mean_at + begin : head.mean_at + begin + values.size]
    _weigh_in(head, before, values, mean)


@helper
def recall_mean(
    head: Any, memory: Any, holds: Any, begin: Any, marks: Any, values: Any, flags: Any
) -> None:
    """Show the mean without the newest frame."""
    mean = memory.view(np.float32)[head.mean_at + begin : head.mean_at + begin + values.size]
    copy_run(mean, values)
    _flag_held(head, holds, begin, marks, flags)


@inlined
def take_in_sum(
    head: Any,
    memory: Any,
    holds: Any,
    before: Any,
    begin: Any,
    marks: Any,
    counts: Any,
    values: Any,
    flags: Any,
) -> None:
    """Offset, gain, flags, moving sum in single precision."""
    _offset_and_gain(head, memory, begin, counts, values)
    _hold(head, holds, before, begin, counts, marks, flags)
    total = memory.view(np.float32)[head.mean_at + begin : head.mean_at + begin + values.size]
    _add_up(head, memory, before, begin, values, total)


@helper
def recall_sum(
    head: Any,
    memory: Any,
    holds: Any,
    before: Any,
    begin: Any,
    marks: Any,
    values: Any,
    flags: Any,
) -> None:
    """Show the moving sum's share without the newest frame."""
    total = memory.view(np.float32)[head.mean_at + begin : head.mean_at + begin + values.size]
    show_mean(total, np.float32(1.0 / min(before, head.averaged_frames)), values)
    _flag_held(head, holds, begin, marks, flags)


@helper
def take_all_steps(
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
) -> None:
    """Whatever steps the header asks for, up to those that need neighbouring rows."""
    _offset_and_gain(head, memory, begin, counts, values)
    if head.polynomial_terms > 0 or head.piecewise_segments > 0:
        _linearise(head, memory, block, begin, values)
    if head.lag_components > 0:
        _unlag(head, memory, begin, values)
    if head.rejects_zingers:
        _reject(head, memory, begin, values)
        _flag_but_zingers(head, memory, holds, block, before, begin, counts, marks, flags)
    else:
        _flag(head, holds, before, begin, counts, marks, flags)
    if head.averaging != NO_AVERAGE and not head.follows_motion:
        _average(head, memory, block, before, begin, values)


@helper
def recall(
    head: Any,
    memory: Any,
    holds: Any,
    block: Any,
    before: Any,
    begin: Any,
    marks: Any,
    values: Any,
    flags: Any,
) -> None:
    """Show what any average has without the newest frame."""
    if head.averaging == MEAN and not head.double:
        recall_mean(head, memory, holds, begin, marks, values, flags)
    elif head.averaging == MOVING_SUM and not head.double:
        recall_sum(head, memory, holds, before, begin, marks, values, flags)
    else:
        _recall_median_or_double(head, memory, block, before, begin, values)
        _flag_held(head, holds, begin, marks, flags)
    if head.rejects_zingers:
        at = head.zinger_hold_at + begin
        flag_zingers(memory.view(np.uint16)[at : at + flags.size], flags)


@helper
def _recall_median_or_double(
    head: Any, memory: Any, block: Any, before: Any, begin: Any, values: Any
) -> None:
    if head.averaging == MEDIAN:
        _show_median(head, memory, block, before, begin, values)
    else:
        at = head.mean_at + begin
        taken = min(before, head.averaged_frames) if head.averaging == MOVING_SUM else 1
        show_mean(memory.view(np.float64)[at : at + values.size], 1.0 / taken, values)


@inlined
def _offset_and_gain(head: Any, memory: Any, begin: Any, counts: Any, values: Any) -> None:
    words = memory.view(np.float32)
    offset = words[head.offset_at + begin : head.offset_at + begin + counts.size]
    gain = words[head.gain_at + begin : head.gain_at + begin + counts.size]
    offset_and_gain(counts, offset, gain, values)


@helper
def _linearise(head: Any, memory: Any, block: Any, begin: Any, values: Any) -> None:
    pixels = head.rows * head.columns
    at = head.scratch_at + block * max(BAND_PIXELS, head.columns)
    words = memory.view(np.float32)
    scratch = words[at : at + values.size]
    maps = words[head.linearity_at :]
    if head.polynomial_terms > 0:
        polynomial(maps, head.polynomial_terms, pixels, begin, scratch, values)
    else:
        piecewise(maps, head.piecewise_segments, pixels, begin, scratch, values)


@helper
def _unlag(head: Any, memory: Any, begin: Any, values: Any) -> None:
    pixels, components = head.rows * head.columns, head.lag_components
    words = memory.view(np.float32)
    currents = words[head.lag_state_at :]
    row_time = memory.view(np.int64)[head.row_times_at + begin // head.columns]
    if row_time == NEVER or head.time_us < row_time:
        start_lag(currents, components, pixels, begin, values)
        return
    at = head.lag_multiplier_at + begin
    multiplier = words[at : at + values.size]
    model = memory.view(np.float64)[head.lag_at :]
    elapsed_us = np.float64(head.time_us - row_time)
    remove_lag(model, components, multiplier, elapsed_us, currents, pixels, begin, values)


@helper
def _reject(head: Any, memory: Any, begin: Any, values: Any) -> None:
    words = memory.view(np.float32)
    noise = words[head.noise_at : head.noise_at + 3]
    reference_at = head.zinger_reference_at + begin
    reference = words[reference_at : reference_at + values.size]
    at = head.zinger_memory_at + begin
    rejected = memory[at : at + values.size]
    reject_zingers(noise[0], noise[1], noise[2], reference, rejected, values)


@helper
def _flag(
    head: Any, holds: Any, before: Any, begin: Any, counts: Any, marks: Any, flags: Any
) -> None:
    if head.averaging == NO_AVERAGE:
        flag_counts(counts, marks, np.uint16(head.saturation_level), flags)
    else:
        _hold(head, holds, before, begin, counts, marks, flags)


@helper
def _flag_but_zingers(
    head: Any,
    memory: Any,
    holds: Any,
    block: Any,
    before: Any,
    begin: Any,
    counts: Any,
    marks: Any,
    flags: Any,
) -> None:
    at = head.zinger_memory_at + begin
    rejected = memory[at : at + counts.size]
    at = head.kept_counts_at + block * max(BAND_PIXELS, head.columns)
    kept = memory.view(np.uint16)[at : at + counts.size]
    without_rejected(counts, rejected, kept)
    _flag(head, holds, before, begin, kept, marks, flags)
    at = head.zinger_hold_at + begin
    hold = memory.view(np.uint16)[at : at + counts.size]
    if before == 0:
        start_zinger_hold(rejected, head.hold_frames, hold)
    else:
        go_on_holding_zingers(rejected, head.hold_frames, hold)
    flag_zingers(hold, flags)


@inlined
def _hold(
    head: Any, holds: Any, before: Any, begin: Any, counts: Any, marks: Any, flags: Any
) -> None:
    hold = holds[head.hold_at + begin : head.hold_at + begin + counts.size]
    level, frames = np.uint16(head.saturation_level), head.hold_frames
    if before == 0:
        start_hold(counts, level, frames, hold)
    else:
        go_on_holding(counts, level, frames, hold)
    flag_held(hold, marks, flags)


@helper
def _flag_held(head: Any, holds: Any, begin: Any, marks: Any, flags: Any) -> None:
    hold = holds[head.hold_at + begin : head.hold_at + begin + flags.size]
    flag_held(hold, marks, flags)


@helper
def _average(head: Any, memory: Any, block: Any, before: Any, begin: Any, values: Any) -> None:
    """Replace the values of a frame by the average."""
    if head.averaging == MEDIAN:
        at = head.ring_at + before % head.averaged_frames * head.rows * head.columns + begin
        copy_run(values, memory.view(np.float32)[at : at + values.size])
        _show_median(head, memory, block, before + 1, begin, values)
        return
    a, b = head.mean_at + begin, head.mean_at + begin + values.size
    if head.double:
        _mean_or_sum(head, memory, before, begin, values, memory.view(np.float64)[a:b])
    else:
        _mean_or_sum(head, memory, before, begin, values, memory.view(np.float32)[a:b])


@helper
def _mean_or_sum(head: Any, memory: Any, before: Any, begin: Any, values: Any, mean: Any) -> None:
    if head.averaging == MEAN:
        _weigh_in(head, before, values, mean)
    else:
        _add_up(head, memory, before, begin, values, mean)


@helper
def _show_median(head: Any, memory: Any, block: Any, frames: Any, begin: Any, values: Any) -> None:
    words = memory.view(np.float32)
    most = head.averaged_frames
    scratch = words[head.sorting_at + block * most * CHUNK_PIXELS :]
    rings = words[head.ring_at :]
    pixels = head.rows * head.columns
    show_median(rings, min(frames, most), pixels, begin, scratch, values)


@helper
def _weigh_in(head: Any, before: Any, values: Any, mean: Any) -> None:
    """Take values into the mean, in its precision."""
    if before == 0:
        start_mean(values, mean)
    else:
        share = mean.dtype.type(1.0 / min(before + 1, head.averaged_frames))
        weigh_in(values, share, mean)


@helper
def _add_up(head: Any, memory: Any, before: Any, begin: Any, values: Any, total: Any) -> None:
    """Take values into the moving sum, in its precision."""
    frames, pixels = head.averaged_frames, head.rows * head.columns
    share = total.dtype.type(1.0 / min(before + 1, frames))
    ring = memory.view(np.float32)[head.ring_at : head.ring_at + frames * pixels]
    at = before % frames * pixels + begin
    oldest = ring[at : at + values.size]
    if before == 0:
        start_sum(values, oldest, total)
    elif before < frames:
        add_to_sum(values, share, oldest, total)
    else:
        move_sum(values, share, oldest, total)
        _renew(head, before, begin // head.columns, ring, total)


@helper
def _renew(head: Any, before: Any, row: Any, ring: Any, total: Any) -> None:
    """Renew the sums of the rows whose turn it is, a few in each frame."""
    columns, frames = head.columns, head.averaged_frames
    pixels, period = head.rows * columns, RENEWAL * frames
    for line in range(total.size // columns):
        if (before + row + line) % period == 0:
            a, begin = line * columns, (row + line) * columns
            renew_sum(ring, frames, pixels, begin, total[a : a + columns])
