"""Time the fused correction beside a memory copy, numpy, numexpr, OpenCV and pyFAI.

    python tests/benchmarks/bench_correction.py [--json] [--rounds 30] [--sizes 64 512 2048 4096]
                                                [--threads 1 2]

Every contestant runs in every round, one after the other, and is compared with the memory copy of
the same round, so that a busy machine slows both. The copy moves as many bytes as the correction
reads and writes, the average's state included, and uses as many threads; the peers take as many
as they can (numpy none). It moves them as one array. A second copy moves them in arrays as large as
the image of float32 values: copies of hundreds of megabytes bypass the caches, which the C library
does for no array as small as those that a frame of 4096 x 4096 consists of.

fpxi corrects offset, gain, 1 % defects, process ring and lost rows, and writes flags; the averages
are over 8 frames. The peers, into buffers given to them, do offset and gain alone; and offset, gain
and a recursive average, to which numpy adds flags and defects. They are in the dependency group
`bench`. `overhead` is what Python adds to the compiled function.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import timeit
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import fpxi_imaging as im
import numpy as np
from correction_peers import AVERAGED, PEERS, THREADS, Call, Frame, with_flags_and_defects
from fpxi_imaging.correction._kernels import correct_single
from fpxi_imaging.correction._sharing import Sharing, row_blocks

# Read: counts 2, offset 4, gain 4. Written: values 4, flags 1.
CORRECTION_BYTES = 15
# Besides, read and written: mean 4, hold 2.
RECURSIVE_BYTES = CORRECTION_BYTES + 12
# Besides, read and written: sum 4, one of the kept frames 4, hold 2.
RUNNING_BYTES = CORRECTION_BYTES + 20
# Short timings, many rounds: fewer of them are cut by the scheduler of a busy machine.
PIXELS_PER_TIMING = 1_000_000


@dataclass(frozen=True)
class Result:
    threads: int
    size: int
    name: str
    least_us: float
    median_us: float
    least_copies: float
    """Least time over the least time of a memory copy of the same bytes."""
    median_copies: float
    """Median over the rounds of the time over that of the same round's memory copy."""


def copy_of(size: int, bytes_moved: int, image_by_image: bool = False) -> Call:
    """Return a copy that reads and writes together `bytes_moved` per pixel, by all threads."""
    source = np.ones(size * size * bytes_moved // 2, np.uint8)
    target = np.zeros_like(source)
    blocks = len(row_blocks((size, size), THREADS))
    edges = np.linspace(0, source.size, blocks + 1).astype(int)
    largest = size * size * 4 // blocks if image_by_image else source.size
    pieces = [
        [
            (target[c : min(c + largest, b)], source[c : min(c + largest, b)])
            for c in range(a, b, largest)
        ]
        for a, b in pairwise(edges)
    ]

    def copy(block: int) -> bool:
        for piece in pieces[block]:
            np.copyto(*piece)
        return True

    if blocks == 1 and not image_by_image:
        return lambda: np.copyto(target, source)
    if blocks == 1:
        return lambda: copy(0)
    sharing = Sharing(blocks)
    return lambda: sharing.run(copy)


def ours(frame: Frame, averaging: im.Averaging = im.NO_AVERAGING) -> Call:
    processing = im.Processing(averaging=averaging)
    corrector = im.Corrector(frame.calibration, processing, threads=THREADS)
    samples, received, out, flags = frame.samples, frame.row_received, frame.out, frame.flags
    return lambda: corrector.correct(samples, received, out=out, flags=flags)


def bare_kernel(frame: Frame) -> Call:
    corrector = im.Corrector(frame.calibration)
    memory = corrector._memory
    samples, received, out, flags = frame.samples, frame.row_received, frame.out, frame.flags
    return lambda: correct_single(samples, received, memory, 0, out, flags)


def check_peers(frame: Frame) -> None:
    """See that all compute the same before any is timed."""
    once = (frame.samples - frame.offset.astype(float)) * frame.gain
    good = ~frame.calibration.defects
    for name, makes in {"fpxi": (ours,), **PEERS}.items():
        for make, expected, result in zip(
            makes, (once, once / AVERAGED), (frame.out, frame.mean), strict=False
        ):
            frame.out.fill(np.nan)
            frame.mean.fill(0)
            make(frame)()
            if not np.allclose(result[good], expected[good], rtol=1e-5, atol=0.05):
                raise SystemExit(f"{name} computes something else: not a fair comparison")


def measure(size: int, rounds: int) -> list[Result]:
    frame = Frame(size)
    check_peers(frame)
    single = {
        "memory copy": copy_of(size, CORRECTION_BYTES),
        "copy, image by image": copy_of(size, CORRECTION_BYTES, image_by_image=True),
    }
    if THREADS == 1:
        single["fpxi, compiled function alone"] = bare_kernel(frame)
    single["fpxi"] = ours(frame)
    single |= {name: make(frame) for name, (make, _) in PEERS.items()}
    recursive = {
        "memory copy, recursive": copy_of(size, RECURSIVE_BYTES),
        "copy, recursive, by image": copy_of(size, RECURSIVE_BYTES, image_by_image=True),
        "fpxi recursive": ours(frame, im.Averaging.recursive(AVERAGED)),
    }
    for name, (_, make) in PEERS.items():
        recursive[f"{name}, all of it"] = with_flags_and_defects(frame, make(frame))
    running = {
        "memory copy, running": copy_of(size, RUNNING_BYTES),
        "copy, running, by image": copy_of(size, RUNNING_BYTES, image_by_image=True),
        "fpxi running": ours(frame, im.Averaging.running(AVERAGED)),
    }
    return [r for calls in (single, recursive, running) for r in race(size, calls, rounds)]


def race(size: int, calls: dict[str, Call], rounds: int) -> list[Result]:
    """Time all calls in turn, round by round; the first is what the others are compared with."""
    number = max(1, PIXELS_PER_TIMING // size**2)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(AVERAGED + 1):  # until the average is full
            call()
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(timeit.timeit(call, number=number) / number * 1e6)
    copies = next(iter(times.values()))
    return [
        Result(
            THREADS,
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
    print(f"{'':44}{'time, us':^24}{'memory copies':^18}")
    print(f"{'threads':>7}{'size':>6}  {'':29}{'least':>12}{'median':>12}{'least':>9}{'median':>9}")
    for r in results:
        times = f"{r.least_us:>12.2f}{r.median_us:>12.2f}"
        copies = f"{r.least_copies:>9.2f}{r.median_copies:>9.2f}"
        print(f"{r.threads:>7}{r.size:>6}  {r.name:29}{times}{copies}")
    by_name = {(r.threads, r.size, r.name): r for r in results}
    whole = by_name.get((1, 64, "fpxi"))
    alone = by_name.get((1, 64, "fpxi, compiled function alone"))
    if whole and alone:
        overhead = whole.least_us - alone.least_us
        print(f"overhead of Python for each frame of 64 x 64: {overhead:.2f} us")


def measure_apart(threads: int, arguments: argparse.Namespace) -> list[Result]:
    """Measure in a process of its own: OpenMP reads the number of threads when it is loaded."""
    command = [sys.executable, __file__, "--json", "--here", "--rounds", str(arguments.rounds)]
    command += ["--sizes", *map(str, arguments.sizes)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return [Result(**row) for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print results as JSON")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 512, 2048, 4096])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    im.warm_up()
    if arguments.here:
        results = [r for size in arguments.sizes for r in measure(size, arguments.rounds)]
    else:
        results = [r for count in arguments.threads for r in measure_apart(count, arguments)]
    if arguments.json:
        json.dump([asdict(r) for r in results], sys.stdout, indent=1)
    else:
        show(results)


if __name__ == "__main__":
    main()
