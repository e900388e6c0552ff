"""What the fused correction is timed beside: numpy, numexpr, OpenCV and pyFAI."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

import fpxi_imaging as im
import numpy as np
from fpxi_imaging.correction._repair_table import HEADER, repair_table

Call = Callable[[], Any]
AVERAGED = 8
THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
"""As pyFAI's extension reads it when it is loaded."""


class Frame:
    """One frame to correct, its calibration, and the buffers for the result."""

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(size)
        shape = (size, size)
        self.samples = rng.integers(100, 60_000, shape).astype(np.uint16)
        self.row_received = np.ones(size, np.bool_)
        self.offset = rng.uniform(90, 110, shape).astype(np.float32)
        self.gain = rng.uniform(0.9, 1.1, shape).astype(np.float32)
        self.flat = 1 / self.gain
        self.calibration = self._calibration(rng.random(shape) < 0.01)
        self.out = np.empty(shape, np.float32)
        self.mean = np.zeros(shape, np.float32)
        self.flags = np.empty(shape, np.uint8)

    def _calibration(self, defects: Any) -> im.ResolvedCalibration:
        return im.ResolvedCalibration(
            offset=self.offset,
            gain=self.gain,
            defects=defects,
            not_imaging=np.zeros_like(defects),
            normalisation=30_000.0,
            saturation_level=59_000,
            conditions=im.Conditions("bench", "0", 1, 1, 0, 25_000),
        )


def with_numpy(frame: Frame) -> Call:
    samples, offset, gain, out = frame.samples, frame.offset, frame.gain, frame.out

    def correct() -> None:
        np.subtract(samples, offset, out=out, dtype=np.float32)
        np.multiply(out, gain, out=out)

    return correct


def with_numexpr(frame: Frame) -> Call:
    arrays = {"s": frame.samples, "o": frame.offset, "g": frame.gain}
    return _evaluate("(s - o) * g", arrays, frame.out)


def _evaluate(expression: str, arrays: dict[str, Any], out: Any) -> Call:
    numexpr = peer("numexpr")
    numexpr.set_num_threads(THREADS)
    kinds = [(name, numexpr.necompiler.getType(array)) for name, array in arrays.items()]
    compiled = numexpr.NumExpr(expression, kinds)
    inputs = [arrays[name] for name in compiled.input_names]
    return lambda: compiled(*inputs, out=out, casting="same_kind", ex_uses_vml=False)


def with_opencv(frame: Frame) -> Call:
    cv2 = peer("cv2")
    cv2.setNumThreads(THREADS)
    samples, offset, gain, out = frame.samples, frame.offset, frame.gain, frame.out

    def correct() -> None:
        cv2.subtract(samples, offset, out, None, cv2.CV_32F)
        cv2.multiply(out, gain, out)

    return correct


def with_pyfai(frame: Frame) -> Call:
    preproc = peer("pyFAI.ext.preproc").preproc
    samples, offset, flat, out = frame.samples, frame.offset, frame.flat, frame.out
    return lambda: preproc(samples, dark=offset, flat=flat, out=out)


def average_with_numpy(frame: Frame) -> Call:
    return _then_average(frame, with_numpy(frame))


def average_with_numexpr(frame: Frame) -> Call:
    arrays = {"s": frame.samples, "o": frame.offset, "g": frame.gain, "m": frame.mean}
    arrays["w"] = np.array(1 / AVERAGED, np.float32)
    return _evaluate("m + ((s - o) * g - m) * w", arrays, frame.mean)


def average_with_opencv(frame: Frame) -> Call:
    cv2 = peer("cv2")
    correct, out, mean = with_opencv(frame), frame.out, frame.mean

    def correct_and_average() -> None:
        correct()
        cv2.accumulateWeighted(out, mean, 1 / AVERAGED)

    return correct_and_average


def average_with_pyfai(frame: Frame) -> Call:
    return _then_average(frame, with_pyfai(frame))


def _then_average(frame: Frame, correct: Call) -> Call:
    out, mean = frame.out, frame.mean
    weight = np.float32(1 / AVERAGED)

    def correct_and_average() -> None:
        correct()
        np.subtract(out, mean, out=out)
        np.multiply(out, weight, out=out)
        np.add(mean, out, out=mean)

    return correct_and_average


def with_flags_and_defects(frame: Frame, correct: Call) -> Call:
    """Add to a peer's average what numpy needs for saturation flags and defects."""
    table = repair_table(frame.calibration.defects, frame.calibration.not_imaging).astype(np.intp)
    cols, near, _ = table[:HEADER]
    pixels = table[HEADER : HEADER + near]  # with all four neighbours
    neighbours = pixels[:, None] + (-cols, -1, 1, cols)
    samples, values, flags = frame.samples, frame.mean.reshape(-1), frame.flags
    saturated, flat_flags = flags.view(np.bool_), flags.reshape(-1)
    defect = np.uint8(im.PixelFlag.DEFECT)

    def correct_and_finish() -> None:
        correct()
        np.greater_equal(samples, 59_000, out=saturated)
        np.left_shift(flags, 1, out=flags)
        values[pixels] = values[neighbours].mean(axis=1)
        flat_flags[pixels] = flat_flags[neighbours].max(axis=1) | defect

    return correct_and_finish


def peer(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SystemExit(
            f"{module} is not installed; install the dependency group with "
            "`uv sync --group bench` and run again"
        ) from error


PEERS = {
    "numpy": (with_numpy, average_with_numpy),
    "numexpr": (with_numexpr, average_with_numexpr),
    "OpenCV": (with_opencv, average_with_opencv),
    "pyFAI preproc": (with_pyfai, average_with_pyfai),
}
"""Offset and gain into `Frame.out`; the same and a recursive average into `Frame.mean`."""
