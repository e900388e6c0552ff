"""Time the fused correction beside a memory copy, numpy, numexpr, OpenCV and pyFAI.

    python tests/benchmarks/bench_correction.py [--json] [--rounds 30] [--sizes 64 512 2048 4096]

Every contestant runs in every round, one after the other, and is compared with the memory copy of
the same round, so that a busy machine slows both. One thread each. The copy moves as many bytes as
the correction reads and writes. fpxi corrects offset, gain, 1 % defects, process ring and lost
rows, and writes flags. The others, into buffers given to them, do offset and gain alone, and once
more with "+ flags, defects", which numpy adds. The peers are in the dependency group `bench`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import timeit
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # read by pyFAI's extension when it is loaded

import fpxi_imaging as im
import numpy as np
from fpxi_imaging._kernels import correct_block
from fpxi_imaging._repair_table import HEADER, repair_table

# Read: counts 2, offset 4, gain 4. Written: values 4, flags 1.
CORRECTION_BYTES = 15
# Besides: mean 4 and hold 2, both read and written.
AVERAGING_BYTES = CORRECTION_BYTES + 12
# Short timings, many rounds: fewer of them are cut by the scheduler of a busy machine.
PIXELS_PER_TIMING = 1_000_000

Call = Callable[[], Any]


@dataclass(frozen=True)
class Result:
    size: int
    name: str
    least_us: float
    median_us: float
    least_copies: float
    """Least time over the least time of a memory copy of the same bytes."""
    median_copies: float
    """Median over the rounds of the time over that of the same round's memory copy."""


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


def copy_of(size: int, bytes_moved: int) -> Call:
    """Return a copy that reads and writes together `bytes_moved` per pixel."""
    source = np.ones(size * size * bytes_moved // 2, np.uint8)
    target = np.zeros_like(source)
    return lambda: np.copyto(target, source)


def ours(frame: Frame, averaging: im.Averaging = im.NO_AVERAGING) -> Call:
    corrector = im.Corrector(frame.calibration, im.Processing(averaging=averaging))
    samples, received, out, flags = frame.samples, frame.row_received, frame.out, frame.flags
    return lambda: corrector.correct(samples, received, out=out, flags=flags)


def bare_kernel(frame: Frame) -> Call:
    corrector = im.Corrector(frame.calibration)
    plan, state = corrector._plan, corrector._state.array
    samples, received, out, flags = frame.samples, frame.row_received, frame.out, frame.flags
    return lambda: correct_block(samples, received, plan, state, 0, 0, False, out, flags)


def with_numpy(frame: Frame) -> Call:
    samples, offset, gain, out = frame.samples, frame.offset, frame.gain, frame.out

    def correct() -> None:
        np.subtract(samples, offset, out=out, dtype=np.float32)
        np.multiply(out, gain, out=out)

    return correct


def with_numexpr(frame: Frame) -> Call:
    numexpr = peer("numexpr")
    numexpr.set_num_threads(1)
    arrays = {"s": frame.samples, "o": frame.offset, "g": frame.gain}
    numexpr.evaluate("(s - o) * g", arrays, out=frame.out, casting="same_kind")
    return lambda: numexpr.re_evaluate(arrays)


def with_opencv(frame: Frame) -> Call:
    cv2 = peer("cv2")
    cv2.setNumThreads(1)
    samples, offset, gain, out = frame.samples, frame.offset, frame.gain, frame.out

    def correct() -> None:
        cv2.subtract(samples, offset, out, None, cv2.CV_32F)
        cv2.multiply(out, gain, out)

    return correct


def with_pyfai(frame: Frame) -> Call:
    preproc = peer("pyFAI.ext.preproc").preproc
    samples, offset, flat, out = frame.samples, frame.offset, frame.flat, frame.out
    return lambda: preproc(samples, dark=offset, flat=flat, out=out)


def with_flags_and_defects(frame: Frame, correct: Call) -> Call:
    """Add to a peer's offset and gain what numpy needs for saturation flags and defects."""
    table = repair_table(frame.calibration.defects, frame.calibration.not_imaging).astype(np.intp)
    cols, near, _ = table[:HEADER]
    pixels = table[HEADER : HEADER + near]  # with all four neighbours
    neighbours = pixels[:, None] + (-cols, -1, 1, cols)
    samples, values, flags = frame.samples, frame.out.reshape(-1), frame.flags
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
    "numpy": with_numpy,
    "numexpr": with_numexpr,
    "OpenCV": with_opencv,
    "pyFAI preproc": with_pyfai,
}


def check_peers(frame: Frame) -> None:
    """See that all compute the same before any is timed."""
    expected = (frame.samples - frame.offset.astype(float)) * frame.gain
    for name, make in {"fpxi": ours, **PEERS}.items():
        frame.out.fill(np.nan)
        make(frame)()
        good = ~frame.calibration.defects if name == "fpxi" else np.ones_like(frame.flags, bool)
        if not np.allclose(frame.out[good], expected[good], rtol=1e-5, atol=0.05):
            raise SystemExit(f"{name} computes something else: not a fair comparison")


def measure(size: int, rounds: int) -> list[Result]:
    frame = Frame(size)
    check_peers(frame)
    calls = {"memory copy": copy_of(size, CORRECTION_BYTES)}
    calls |= {"fpxi kernel": bare_kernel(frame), "fpxi Corrector.correct": ours(frame)}
    for name, make in PEERS.items():
        calls[name] = make(frame)
        calls[f"{name} + flags, defects"] = with_flags_and_defects(frame, make(frame))
    results = race(size, calls, rounds)
    averaged = {
        "memory copy, averaging": copy_of(size, AVERAGING_BYTES),
        "fpxi recursive": ours(frame, im.Averaging.recursive(8)),
        "fpxi running": ours(frame, im.Averaging.running(8)),
    }
    return results + race(size, averaged, rounds)


def race(size: int, calls: dict[str, Call], rounds: int) -> list[Result]:
    """Time all calls in turn, round by round; the first is what the others are compared with."""
    number = max(1, PIXELS_PER_TIMING // size**2)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(timeit.timeit(call, number=number) / number * 1e6)
    copies = next(iter(times.values()))
    return [
        Result(
            size,
            name,
            min(spent),
            statistics.median(spent),
            min(spent) / min(copies),
            statistics.median(t / copy for t, copy in zip(spent, copies, strict=True)),
        )
        for name, spent in times.items()
    ]


def show(results: list[Result]) -> None:
    print(f"{'':37}{'time, us':^24}{'memory copies':^18}")
    print(f"{'size':>5}  {'':30}{'least':>12}{'median':>12}{'least':>9}{'median':>9}")
    for r in results:
        times = f"{r.least_us:>12.2f}{r.median_us:>12.2f}"
        print(f"{r.size:>5}  {r.name:30}{times}{r.least_copies:>9.2f}{r.median_copies:>9.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print results as JSON")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 512, 2048, 4096])
    arguments = parser.parse_args()
    im.warm_up()
    results = [r for size in arguments.sizes for r in measure(size, arguments.rounds)]
    if arguments.json:
        json.dump([asdict(r) for r in results], sys.stdout, indent=1)
    else:
        show(results)


if __name__ == "__main__":
    main()
