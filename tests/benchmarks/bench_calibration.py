"""How long `build_calibration` takes, and how much memory, beside the sums of frames it is given.

    python tests/benchmarks/bench_calibration.py [SIDE ...]

Each size runs in a process of its own: darks of two exposures and flats of two levels, whose sums
(`FrameStack`) are what the builder is given. `peak` is the largest resident memory while it works,
above what was resident before; `a pixel` is the same over the number of pixels, and `ratio` over
the memory of the sums. Linux only.
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from fpxi_imaging import Conditions, FrameSeries, FrameStack, build_calibration

SIDES = (512, 2048)
EXPOSURES_US = (10_000, 20_000)
SIGNALS = (4_000.0, 20_000.0)
FRAMES = 10
NOISE, PER_COUNT = 5.0, 2.0
MADE = datetime(2026, 1, 1, tzinfo=UTC)
MIB = 2.0**20


def main(arguments: list[str]) -> None:
    """Print a line for each size."""
    if arguments[:1] == ["--alone"]:
        measure(int(arguments[1]))
        return
    print(f"{'side':>6} {'seconds':>8} {'sums':>9} {'peak':>9} {'a pixel':>9} {'ratio':>6}")
    for side in [int(each) for each in arguments] or SIDES:
        subprocess.run([sys.executable, __file__, "--alone", str(side)], check=True)


def measure(side: int) -> None:
    """Build a calibration of side x side pixels, and print what it took."""
    build([series(16, 10_000, 0.0, 1)], [series(16, 10_000, SIGNALS[-1], 2)], 16)  # compiles
    darks = [series(side, exposure_us, 0.0, exposure_us) for exposure_us in EXPOSURES_US]
    flats = [series(side, EXPOSURES_US[0], signal, int(signal)) for signal in SIGNALS]
    sums = sum(each.stack.nbytes for each in [*darks, *flats])
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # VmHWM begins anew
    began = time.process_time()
    build(darks, flats, side)
    seconds, peak = time.process_time() - began, resident("VmHWM") - before
    print(
        f"{side:6d} {seconds:8.2f} {sums / MIB:5.0f} MiB {peak / MIB:5.0f} MiB"
        f" {peak / side**2:7.0f} B {peak / sums:6.2f}"
    )


def build(darks: list[FrameSeries], flats: list[FrameSeries], side: int) -> None:
    """Make the calibration, and throw it away."""
    ring = np.zeros((side, side), np.bool_)
    ring[0] = True
    build_calibration(darks, flats, not_imaging=ring, saturation_level=65_535, created=MADE)


def series(side: int, exposure_us: int, signal: float, seed: int) -> FrameSeries:
    """Return frames of pixels whose offsets and gains are the same in all series."""
    shape, pixels = (side, side), np.random.default_rng(7)
    offset = (1000 + pixels.normal(0, 30, shape) + exposure_us / 1000).astype(np.float32)
    mean = offset + signal * pixels.normal(1, 0.03, shape).astype(np.float32)
    noise = np.float32(np.hypot(NOISE, np.sqrt(PER_COUNT * signal)))
    random = np.random.default_rng(seed)
    stack = FrameStack(shape)
    for _ in range(FRAMES):
        frame = mean + noise * random.standard_normal(shape, np.float32)
        stack.add(np.rint(frame).clip(0, 65_535).astype(np.uint16))
    return FrameSeries(stack, Conditions("p", "1", exposure_us, 0, 0, 25_000), MADE)


def resident(name: str) -> int:
    """Return a figure of this process's memory, bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (text,) = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return 1024 * int(text)


if __name__ == "__main__":
    main(sys.argv[1:])
