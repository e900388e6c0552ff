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
from fpxi_imaging._repair import COUNT, FIRST, PIXEL, WIDTH, repair_table
from fpxi_imaging.calibration import Calibration
from fpxi_imaging.flags import PixelFlag

_DEFECT = np.uint8(PixelFlag.DEFECT)
_SATURATED = np.uint8(PixelFlag.SATURATED)
_MISSING = np.uint8(PixelFlag.MISSING)
_NOT_IMAGING = np.uint8(PixelFlag.NOT_IMAGING)
_NO_FLAG = np.uint8(0)
_NAN = np.float32(np.nan)
_CACHE_LINE = 64
# Large enough to hide the cost of starting a loop, small enough to stay in the second-level cache.
_BAND_PIXELS = 16384


def pack_plan(calibration: Calibration) -> npt.NDArray[np.uint8]:
    """Lay out header, offset, gain, marks and repair table, each from a cache line of its own.

    The header is int64: rows, cols, saturation level, defects listed. Gain is NaN where the pixel
    itself has no value to give. Marks are the flags that no frame can change.
    """
    defects, ring = calibration.defects, calibration.not_imaging
    table = repair_table(defects, ring)
    marks = np.where(ring, PixelFlag.NOT_IMAGING, 0).astype(np.uint8)
    marks[defects & ~ring] = PixelFlag.UNREPAIRABLE
    gain = np.where(defects | ring, _NAN, calibration.gain)
    header = np.array([*calibration.shape, calibration.saturation_level, len(table)], np.int64)
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
    return plan[:32].view(np.int64)


@helper
def _unpack_plan(plan: Any) -> Any:
    """Return offset, gain and marks, flat, and the repair table."""
    rows, cols, _, listed = _header(plan)
    size = rows * cols
    wide = -(-4 * size // _CACHE_LINE) * _CACHE_LINE
    gain_at = _CACHE_LINE + wide
    marks_at = gain_at + wide
    table_at = marks_at + -(-size // _CACHE_LINE) * _CACHE_LINE
    offset = plan[_CACHE_LINE : _CACHE_LINE + 4 * size].view(np.float32)
    gain = plan[gain_at : gain_at + 4 * size].view(np.float32)
    marks = plan[marks_at : marks_at + size]
    table = plan[table_at : table_at + 4 * WIDTH * listed].view(np.int32)
    return offset, gain, marks, table.reshape(listed, WIDTH)


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
        saturated = _SATURATED if samples[i] >= level else _NO_FLAG
        flags[i] = saturated if marks[i] == _NO_FLAG else marks[i]


@helper
def _miss_run(marks: Any, out: Any, flags: Any) -> Any:
    out[:] = _NAN
    for i in range(marks.size):
        flags[i] = _NOT_IMAGING if marks[i] == _NOT_IMAGING else _MISSING


@helper
def _repair(table: Any, done: Any, limit: Any, out: Any, flags: Any) -> Any:
    """Repair the listed defects from number `done` to pixel `limit`; return how many are done."""
    while done < table.shape[0] and table[done, PIXEL] < limit:
        pixel = table[done, PIXEL]
        total = np.float32(0)
        count = 0
        saturated = _NO_FLAG
        for slot in range(FIRST, FIRST + table[done, COUNT]):
            neighbour = table[done, slot]
            if flags[neighbour] != _MISSING:
                total += out[neighbour]
                count += 1
                saturated |= flags[neighbour]
        if count > 0 and flags[pixel] != _MISSING:
            out[pixel] = total / np.float32(count)
            flags[pixel] = _DEFECT | saturated
        done += 1
    return done


@kernel(
    read(types.uint16, 2),
    read(types.boolean, 1),
    read(types.uint8, 1),
    write(types.float32, 2),
    write(types.uint8, 2),
)
def correct(samples: Any, row_received: Any, plan: Any, out: Any, flags: Any) -> Any:
    """Correct one frame; return False, having written nothing, if shapes differ."""
    if not _fits(plan, samples, row_received, out, flags):
        return False
    offset, gain, marks, table = _unpack_plan(plan)
    level = np.uint16(_header(plan)[2])
    counts, values, marked = samples.reshape(-1), out.reshape(-1), flags.reshape(-1)
    rows, cols = samples.shape
    band = max(1, _BAND_PIXELS // cols)
    done = 0
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
        done = _repair(table, done, (last - 1) * cols, values, marked)
    _repair(table, done, rows * cols, values, marked)
    return True


@helper
def _average_run(samples: Any, mean: Any, weight: Any) -> Any:
    for i in range(samples.size):
        mean[i] += (np.float64(samples[i]) - mean[i]) * weight


@helper
def _hold_run(samples: Any, level: Any, hold_frames: Any, hold: Any) -> Any:
    for i in range(samples.size):
        rest = hold[i] - np.uint16(1) if hold[i] > 0 else np.uint16(0)
        hold[i] = hold_frames if samples[i] >= level else rest


@helper
def _accumulate(  # noqa: PLR0917
    samples: Any, level: Any, weight: Any, hold_frames: Any, mean: Any, hold: Any
) -> Any:
    if weight == 1.0:  # first frame of an average: what the state held is of no account
        mean[:] = samples
        hold[:] = 0
    else:
        _average_run(samples, mean, weight)
    _hold_run(samples, level, hold_frames, hold)


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
    mean: Any,
    hold: Any,
    row_frames: Any,
    out: Any,
    flags: Any,
) -> Any:
    """Take one frame into the running mean of raw counts and correct that mean.

    `row_frames` counts, up to `frames`, the frames in each row's mean; `hold` how many more frames
    a pixel stays marked as saturated. Return False, having written nothing, if shapes differ.
    """
    if not _fits(plan, samples, row_received, out, flags):
        return False
    offset, gain, marks, table = _unpack_plan(plan)
    level, held = np.uint16(_header(plan)[2]), np.uint16(hold_frames)
    values, marked = out.reshape(-1), flags.reshape(-1)
    rows, cols = samples.shape
    done = 0
    for row in range(rows):
        a, b = row * cols, (row + 1) * cols
        if row_received[row]:
            row_frames[row] = min(row_frames[row] + 1, frames)
            _accumulate(samples[row], level, 1.0 / row_frames[row], held, mean[row], hold[row])
        if row_frames[row] > 0:
            _correct_mean_run(mean[row], offset[a:b], gain[a:b], values[a:b])
            _flag_run(hold[row], marks[a:b], np.uint16(1), marked[a:b])
        else:
            _miss_run(marks[a:b], values[a:b], marked[a:b])
        done = _repair(table, done, row * cols, values, marked)
    _repair(table, done, rows * cols, values, marked)
    return True
