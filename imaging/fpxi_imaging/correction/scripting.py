"""Correcting frames at hand, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import require_stack
from fpxi_imaging.correction.corrector import Corrector
from fpxi_imaging.correction.processing import DEFAULT_PROCESSING, Processing
from fpxi_imaging.errors import FrameTimeError
from fpxi_imaging.resolved import ResolvedCalibration


@dataclass(frozen=True, eq=False)
class CorrectedStack:
    """The outputs of a stack, the first axis of each one the number of the output."""

    values: npt.NDArray[np.float32]
    """(outputs, rows, cols), as the scale has it."""
    flags: npt.NDArray[np.uint8]
    """(outputs, rows, cols), `PixelFlag` bits."""
    frames: npt.NDArray[np.int64]
    """(outputs,) frames in each; of blocks the last may have fewer than the others."""


def correct_frame(
    samples: npt.NDArray[np.uint16],
    calibration: ResolvedCalibration,
    row_received: npt.NDArray[np.bool_] | None = None,
    *,
    processing: Processing = DEFAULT_PROCESSING,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return corrected values and flags of one raw frame, as `Corrector.correct` gives them.

    Without `row_received` every row is taken as received. Builds a `Corrector` for each call: for
    more than a few frames make one and keep it. Raises what it raises.
    """
    corrector = Corrector(calibration, processing)
    if row_received is None:
        row_received = np.ones(calibration.shape[0], np.bool_)
    out = np.empty(corrector.shape, np.float32)
    flags = np.empty(corrector.shape, np.uint8)
    corrector.correct(samples, row_received, out=out, flags=flags, time_us=0)
    return out, flags


def correct_stack(
    stack: npt.NDArray[np.uint16],
    calibration: ResolvedCalibration,
    processing: Processing = DEFAULT_PROCESSING,
    *,
    row_received: npt.NDArray[np.bool_] | None = None,
    times_us: Sequence[int] | None = None,
    threads: int = 1,
) -> CorrectedStack:
    """Correct raw frames (frames, rows, cols), C-contiguous uint16, in their order.

    There is one output for each frame, in block averaging one for each block: the last block may
    lack frames, and `CorrectedStack.frames` says so. `row_received` is (frames, rows), every row
    without it; `times_us` are the device's times of the frames' begins, needed for lag alone.

    Raises `ShapeMismatchError`, `ArrayLayoutError`, and what `Corrector` raises.
    """
    frames = require_stack(calibration.shape, stack, row_received, times_us)
    if processing.lag and times_us is None:
        raise FrameTimeError
    corrector = Corrector(calibration, processing, threads=threads)
    per_output = corrector.frames_per_output
    outputs = -(-frames // per_output)
    values = np.empty((outputs, *corrector.shape), np.float32)
    flags = np.empty((outputs, *corrector.shape), np.uint8)
    counts = np.zeros(outputs, np.int64)
    everything = np.ones(calibration.shape[0], np.bool_)
    for index in range(frames):
        output = index // per_output
        corrector.correct(
            stack[index],
            everything if row_received is None else row_received[index],
            out=values[output],
            flags=flags[output],
            time_us=None if times_us is None else int(times_us[index]),
        )
        counts[output] = corrector.averaged_frames
    return CorrectedStack(values, flags, counts)
