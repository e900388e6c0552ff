"""How fast the emulated board streams frames, beside the native board and an aim of 150 frames/s.

    python tests/benchmarks/bench_emulator.py [--json] [--frames 60] [--rounds 5]

The release image, executed with the panel at its pins and DMA in virtual time, its host link at
10.5 Mbaud. In each round both boards stream as many frames, one board after the other; frames are
counted when the host has them whole, and compared afterwards: each must equal the other board's
frame of the same number. Time is that of this process on its processor (CPU), and by the clock
(wall); the best round counts, ratios to the native board are medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

import numpy as np
from boards import (
    CORE_HZ,
    EMULATED,
    NATIVE,
    describe,
    emulated_board,
    open_rig,
    release_elf,
)
from fpxi_readout.protocol.generated import Encoding
from rig import Rig

AIM_FRAMES_S = 150
WARM_UP = 8
"""frames before the clock starts: code is translated, lines are judged for the first time"""
LIMIT_US = 60_000_000
CASES = {
    "tft64 raw16": ("tft64", {"encoding": Encoding.RAW16, "exposure_us": 9000}),
    "tft64 aec": ("tft64", {"encoding": Encoding.AEC, "exposure_us": 9000}),
    "cmos32 raw16": ("cmos32", {"encoding": Encoding.RAW16, "exposure_us": 2500}),
}
"""exposures at which the link carries every frame"""


class Board:
    """One board that streams without end, and what it took."""

    def __init__(self, name: str, panel: str, settings: dict[str, int]) -> None:
        self.rig: Rig = open_rig(name, panel, seed=5)
        self.rig.set(**settings)
        self.rig.start(0)
        self.frames = self.rig.frames(WARM_UP, LIMIT_US)
        self.cpu_s: list[float] = []
        self.wall_s: list[float] = []

    def stream(self, count: int) -> None:
        """Time the next frames."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.frames += self.rig.frames(count, LIMIT_US)
        self.cpu_s.append(time.process_time() - cpu)
        self.wall_s.append(time.perf_counter() - wall)


def check(emulated: Board, native: Board) -> None:
    """See that both boards delivered the same frames, and all of them."""
    for mine, other in zip(emulated.frames, native.frames, strict=True):
        if mine.number != other.number or not np.array_equal(mine.samples, other.samples):
            raise SystemExit(f"frames {mine.number} and {other.number} of the two boards differ")
    numbers = [frame.number for frame in emulated.frames]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise SystemExit("frames were skipped: the link did not keep up")


def measure(panel: str, settings: dict[str, int], frames: int, rounds: int) -> dict[str, float]:
    """Return frames per second of both boards, their ratio, and instructions per frame."""
    emulated, native = (Board(name, panel, settings) for name in (EMULATED, NATIVE))
    machine = emulated_board(emulated.rig).mcu.machine
    before, began = machine.instructions, machine.now
    for _ in range(rounds):
        emulated.stream(frames)
        native.stream(frames)
    check(emulated, native)
    pairs = zip(emulated.cpu_s, native.cpu_s, strict=True)
    rate = frames / min(emulated.cpu_s)
    total = frames * rounds
    return {
        "frames_per_cpu_s": rate,
        "frames_per_wall_s": frames / min(emulated.wall_s),
        "native_frames_per_cpu_s": frames / min(native.cpu_s),
        "ratio_to_aim": rate / AIM_FRAMES_S,
        "ratio_to_native": statistics.median(n / e for e, n in pairs),
        "instructions_per_frame": (machine.instructions - before) / total,
        "virtual_frames_per_s": total / ((machine.now - began) / CORE_HZ),
        "frames_equal": len(emulated.frames),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--frames", type=int, default=60, help="of each board in a round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    elf = release_elf()
    results = {
        name: measure(panel, settings, options.frames, options.rounds)
        for name, (panel, settings) in CASES.items()
    }
    if options.json:
        json.dump({"image": describe(elf), **results}, sys.stdout, indent=1)
        return
    print(describe(elf))
    for name, r in results.items():
        print(
            f"{name:13} {r['frames_per_cpu_s']:4.0f} frames/s CPU, {r['frames_per_wall_s']:4.0f} "
            f"wall | {r['ratio_to_aim']:.2f} of {AIM_FRAMES_S} | native "
            f"{r['native_frames_per_cpu_s']:5.0f} frames/s CPU, ratio {r['ratio_to_native']:.3f} | "
            f"{r['instructions_per_frame']:,.0f} instructions a frame | "
            f"{r['frames_equal']:.0f} frames equal"
        )


if __name__ == "__main__":
    main()
