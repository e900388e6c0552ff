"""The fused correction of one frame: what the kernels need, and the kernels.

A compiled function called from Python pays about 60 ns for every array argument, at 64 x 64 a tenth
of the whole correction, so the constants of a calibration travel as one uint8 array, the plan.
Plan and kernels share this file because numba's cache looks at the time of the kernel's file alone.
Numba calls kernels by position, hence the long positional lists (PLR0917).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from fpxi_imaging._jit import helper, index, kernel, read, write
from fpxi_imaging._repair import WIDTH, repair_table
from fpxi_imaging.flags import PixelFlag
from fpxi_imaging.resolved import ResolvedCalibration

_DEFECT = np.uint8(PixelFlag.DEFECT)
_SATURATED = np.uint8(PixelFlag.SATURATED)
_MISSING = np.uint8(PixelFlag.MISSING)
_NOT_IMAGING = np.uint8(PixelFlag.NOT_IMAGING)
_NO_FLAG = np.uint8(0)
_NAN = np.float32(np.nan)
_CACHE_LINE = 64
_OFFSET_AT = _CACHE_LINE // 4
# Small enough that the counts are still in the first-level cache when they are read for the flags,
# large enough that starting the loops costs nothing.
_BAND_PIXELS = 2048


def pack_plan(calibration: ResolvedCalibration) -> npt.NDArray[np.uint8]:
    """Lay out header, offset, gain, marks and repair table, each from a cache line of its own.

    The header is int64: rows, cols, saturation level, items in the repair table. Gain is NaN where
    the pixel itself has no value to give. Marks are the flags that no frame can change.
    """
    defects, ring = calibration.defects, calibration.not_imaging
    table = repair_table(defects, ring)
    marks = np.where(ring, PixelFlag.NOT_IMAGING, 0).astype(np.uint8)
    marks[defects & ~ring] = PixelFlag.UNREPAIRABLE
    gain = np.where(defects | ring, _NAN, calibration.gain)
    header = np.array([*calibration.shape, calibration.saturation_level, table.size], np.int64)
    return _concatenate([header, calibration.offset, gain, marks, table])


def _concatenate(parts: list[npt.NDArray[Any]]) -> npt.NDArray[np.uint8]:
    sizes = [-(-part.nbytes // _CACHE_LINE) * _CACHE_LINE for part in parts]
    storage = np.zeros(sum(sizes) + _CACHE_LINE, np.uint8)
    start = -storage.ctypes.data % _CACHE_LINE
    plan = storage[start : start + sum(sizes)]
    begin = 0
    for part, size in zip(parts, sizes, strict=True):
        plan[begin : begin + part.nbytes] = np.frombuffer(part.tobytes(), np.uint8)
        begin += size
    return plan


@helper
def _header(plan: Any) -> Any:
    """Return rows, cols, saturation level and length of the repair table."""
    head = plan.view(np.int64)
    return head[0], head[1], np.uint16(head[2]), head[3]


@helper
def _starts(size: Any) -> Any:
    """Return where gain (in words), marks (in bytes) and repair table (in words) start."""
    wide = -(-4 * size // _CACHE_LINE) * _CACHE_LINE
    narrow = -(-size // _CACHE_LINE) * _CACHE_LINE
    gain = _CACHE_LINE + wide
    return gain // 4, gain + wide, (gain + wide + narrow) // 4


@helper
def _fits(plan: Any, samples: Any, row_received: Any, out: Any, flags: Any) -> Any:
    rows, cols, _, _ = _header(plan)
    shape = (rows, cols)
    return (
        samples.shape == shape
        and out.shape == shape
        and flags.shape == shape
        and row_received.shape[0] == rows
    )


@helper
def _all_received(row_received: Any) -> Any:
    complete = True
    for row in range(row_received.size):
        complete &= row_received[row]
    return complete


@helper
def _correct_run(samples: Any, offset: Any, gain: Any, out: Any) -> Any:
    for i in range(samples.size):
        out[i] = (np.float32(samples[i]) - offset[i]) * gain[i]


# A loop of its own: 16-bit counts, 32-bit values and 8-bit flags in one loop run at half the speed.
@helper
def _flag_run(samples: Any, marks: Any, level: Any, flags: Any) -> Any:
    for i in range(samples.size):
        # Both kinds of mark are larger than the flag: the mark wins without a branch.
        flags[i] = max(marks[i], _SATURATED if samples[i] >= level else _NO_FLAG)


@helper
def _miss_run(marks: Any, out: Any, flags: Any) -> Any:
    out[:] = _NAN
    for i in range(marks.size):
        flags[i] = _NOT_IMAGING if marks[i] == _NOT_IMAGING else _MISSING


@helper
def _repair(table: Any, entry: Any, limit: Any, out: Any, flags: Any) -> Any:
    """Repair the defects listed from `entry` on, up to pixel `limit`; return the next entry.

    Indices are unsigned because numba wraps negative ones, which costs a third of the time here.
    """
    while entry < table.size and table[np.uint64(entry)] < limit:
        pixel = table[np.uint64(entry)]
        total = np.float32(0)
        count = 0
        saturated = _NO_FLAG
        for slot in range(1, WIDTH):
            neighbour = table[np.uint64(entry + slot)]
            flag = flags[neighbour]
            usable = flag < _MISSING
            total += out[neighbour] if usable else np.float32(0)
            count += usable
            saturated |= flag & _SATURATED
        if count > 0 and flags[pixel] != _MISSING:
            out[pixel] = total / np.float32(count)
            flags[pixel] = _DEFECT | saturated
        entry += WIDTH
    return entry


@kernel(
    read(types.uint16, 2),
    read(types.boolean, 1),
    read(types.uint8, 1),
    write(types.float32, 2),
    write(types.uint8, 2),
)
def correct_single(samples: Any, row_received: Any, plan: Any, out: Any, flags: Any) -> Any:
    """Correct one frame; return False, having written nothing, if shapes differ."""
    if not _fits(plan, samples, row_received, out, flags):
        return False
    rows, cols, level, table_size = _header(plan)
    size = rows * cols
    gain_at, marks_at, table_at = _starts(size)
    words = plan.view(np.float32)
    offset = words[_OFFSET_AT : _OFFSET_AT + size]
    gain = words[gain_at : gain_at + size]
    marks = plan[marks_at : marks_at + size]
    table = plan.view(np.uint32)[table_at : table_at + table_size]
    counts, values, marked = samples.reshape(-1), out.reshape(-1), flags.reshape(-1)
    band = max(1, _BAND_PIXELS // cols)
    entry = 0
    for first in range(0, rows, band):
        last = min(rows, first + band)
        # Whole bands where possible: starting the loops row by row costs more than narrow rows do.
        step = last - first if _all_received(row_received[first:last]) else 1
        for row in range(first, last, step):
            a, b = row * cols, (row + step) * cols
            if row_received[row]:
                _correct_run(counts[a:b], offset[a:b], gain[a:b], values[a:b])
                _flag_run(counts[a:b], marks[a:b], level, marked[a:b])
            else:
                _miss_run(marks[a:b], values[a:b], marked[a:b])
        # A defect of the band's last row waits for the row below it.
        entry = _repair(table, entry, (last - 1) * cols, values, marked)
    _repair(table, entry, size, values, marked)
    return True


@helper
def _average_run(samples: Any, weight: Any, mean: Any) -> Any:
    for i in range(samples.size):
        mean[i] += (np.float64(samples[i]) - mean[i]) * weight


@helper
def _hold_run(samples: Any, level: Any, hold_frames: Any, hold: Any) -> Any:
    for i in range(samples.size):
        rest = max(hold[i], np.uint16(1)) - np.uint16(1)
        hold[i] = hold_frames if samples[i] >= level else np.uint16(rest)


@helper
def _start_run(samples: Any, level: Any, hold_frames: Any, mean: Any, hold: Any) -> Any:
    """Begin an average, whatever the state held."""
    for i in range(samples.size):
        mean[i] = np.float64(samples[i])
    for i in range(samples.size):
        hold[i] = hold_frames if samples[i] >= level else np.uint16(0)


@helper
def _uniform(row_received: Any, row_frames: Any) -> Any:
    """Tell whether all rows were received and have as many frames in their mean."""
    uniform = True
    for row in range(row_received.size):
        uniform &= row_received[row] and row_frames[row] == row_frames[0]
    return uniform


@helper
def _correct_mean_run(mean: Any, offset: Any, gain: Any, out: Any) -> Any:
    for i in range(mean.size):
        out[i] = np.float32(mean[i] - np.float64(offset[i])) * gain[i]


@kernel(
    read(types.uint16, 2),
    read(types.boolean, 1),
    read(types.uint8, 1),
    index,
    index,
    types.boolean,
    write(types.float64, 2),
    write(types.uint16, 2),
    write(types.int64, 1),
    write(types.float32, 2),
    write(types.uint8, 2),
)
def correct_average(  # noqa: PLR0917
    samples: Any,
    row_received: Any,
    plan: Any,
    frames: Any,
    hold_frames: Any,
    restart: Any,
    mean: Any,
    hold: Any,
    row_frames: Any,
    out: Any,
    flags: Any,
) -> Any:
    """Take one frame into the running mean of raw counts and correct that mean.

    `row_frames` counts, up to `frames`, the frames in each row's mean; `hold` how many more frames
    a pixel stays marked as saturated; `restart` begins a new mean. Return False, having written
    nothing, if shapes differ.
    """
    if not _fits(plan, samples, row_received, out, flags):
        return False
    rows, cols, level, table_size = _header(plan)
    size = rows * cols
    gain_at, marks_at, table_at = _starts(size)
    words = plan.view(np.float32)
    offset = words[_OFFSET_AT : _OFFSET_AT + size]
    gain = words[gain_at : gain_at + size]
    marks = plan[marks_at : marks_at + size]
    table = plan.view(np.uint32)[table_at : table_at + table_size]
    values, marked = out.reshape(-1), flags.reshape(-1)
    counts, means, holds = samples.reshape(-1), mean.reshape(-1), hold.reshape(-1)
    held = np.uint16(hold_frames)
    if restart:
        row_frames[:] = 0
    band = max(1, _BAND_PIXELS // cols)
    entry = 0
    for first in range(0, rows, band):
        last = min(rows, first + band)
        step = last - first if _uniform(row_received[first:last], row_frames[first:last]) else 1
        for row in range(first, last, step):
            a, b = row * cols, (row + step) * cols
            if row_received[row]:
                taken = min(row_frames[row] + 1, frames)
                row_frames[row : row + step] = taken
                if taken == 1:
                    _start_run(counts[a:b], level, held, means[a:b], holds[a:b])
                else:
                    _average_run(counts[a:b], 1.0 / taken, means[a:b])
                    _hold_run(counts[a:b], level, held, holds[a:b])
            if row_frames[row] > 0:
                _correct_mean_run(means[a:b], offset[a:b], gain[a:b], values[a:b])
                _flag_run(holds[a:b], marks[a:b], np.uint16(1), marked[a:b])
            else:
                _miss_run(marks[a:b], values[a:b], marked[a:b])
        entry = _repair(table, entry, (last - 1) * cols, values, marked)
    _repair(table, entry, size, values, marked)
    return True
