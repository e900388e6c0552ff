"""Frame rate and line time of the emulated board, measured, beside the converters' limit.

    python tests/benchmarks/bench_board_timing.py [--json] [--conversions 1 2 4 16]

Nothing here is computed from the waveform tables: frames/s is the distance of the frames' own
times, taken at the shortest exposure, and a line is the distance of CPV's rises at the pin, looked
at twice a microsecond as a logic analyser would. `full` are whole frames, as many as the board's
memory holds in a burst; `long` are 50 frames of 4 rows, for which the whole panel is read out too.
The limit is that of the converters, 1 MSPS each: at least 95 % of it is the aim. The figures of
docs/board-timing.md come from the tables: `docs` tells whether both agree.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from boards import CORE_HZ, EMULATED, describe, emulated_board, open_rig, release_elf
from fpxi_readout.protocol import generated as p
from rig import Rig

AIM = 0.95
CONVERTER_SPS = 1e6
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "board-timing.md"
SET_UPS = {
    "tft64, two converters": ("tft64", 2),
    "tft64, one converter": ("tft64", 1),
    "cmos32": ("cmos32", 1),
}
CONVERSIONS = (1, 2, 4, 16)
FULL_FRAMES, LONG_FRAMES, LONG_ROWS = 6, 50, 4
LINES = 10
LOOKS_PER_US = 2
GPIOB_ODR, CPV = 0x4002_0414, 1
"""register, and bit in it"""
LIMIT_US = 20_000_000


def open_board(panel: str, converters: int, conversions: int) -> Rig:
    """Return a board at its shortest exposure."""
    rig = open_rig(EMULATED, panel, seed=5, converters=converters)
    rig.set(exposure_us=1_000_000)
    rig.set(oversampling=conversions)
    rig.set(exposure_us=rig.get("readout_us"))
    return rig


def frame_us(rig: Rig, frames: int) -> float:
    """Return the mean time from one frame to the next, none left out."""
    rig.start(frames)
    taken = rig.frames(frames, LIMIT_US)
    numbers = [frame.number for frame in taken]
    if numbers != list(range(numbers[0], numbers[0] + frames)):
        raise SystemExit(f"frames were left out: {numbers}")
    return float(taken[-1].timestamp_us - taken[0].timestamp_us) / (frames - 1)


def line_us(rig: Rig) -> float:
    """Return the distance of CPV's rises within a read-out: the median, as scans have pauses."""
    exposure_us = rig.get("exposure_us")
    rig.start(LONG_FRAMES)
    rig.run(2 * exposure_us)
    machine = emulated_board(rig).mcu.machine
    rises: list[int] = []
    was_high = True
    for _ in range(LOOKS_PER_US * exposure_us):
        machine.run_us(1 / LOOKS_PER_US)
        high = bool(machine.bus_read(GPIOB_ODR, 4) >> CPV & 1)
        if high and not was_high:
            rises.append(machine.now)
        was_high = high
        if len(rises) > LINES:
            break
    distances = [after - before for before, after in itertools.pairwise(rises)]
    return statistics.median(distances) / (CORE_HZ / 1e6)


def documented() -> dict[tuple[str, int], tuple[float, float]]:
    """Return line time and shortest frame, us, by set-up and conversions, from the docs."""
    rows = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in SET_UPS and len(cells) == 8:
            rows[cells[0], int(cells[1])] = (float(cells[2]), float(cells[4]))
    return rows


def measure(name: str, conversions: int, docs: tuple[float, float] | None) -> dict[str, Any]:
    """Return the rates of one set-up, and whether the documentation's figures are these."""
    panel, converters = SET_UPS[name]
    rig = open_board(panel, converters, conversions)
    geometry = rig.panel
    samples = geometry.rows * geometry.columns * conversions
    limit = converters * CONVERTER_SPS / samples
    rig.set(delivery=p.Delivery.RELIABLE)  # the board holds what the link is too slow for
    full_us = frame_us(rig, FULL_FRAMES)
    rig.set(region_rows=LONG_ROWS, delivery=p.Delivery.LIVE)
    long_us = frame_us(rig, LONG_FRAMES)
    line = line_us(rig)
    return {
        "line_us": line,
        "full_frames_per_s": 1e6 / full_us,
        "long_frames_per_s": 1e6 / long_us,
        "converters_frames_per_s": limit,
        "ratio": 1e6 / max(full_us, long_us) / limit,
        "documented": docs,
        "agrees": docs == (line, full_us) == (line, long_us),
    }


def show(name: str, conversions: int, result: dict[str, Any]) -> None:
    """Print one line of the table."""
    docs = result["documented"]
    verdict = "agrees" if result["agrees"] else f"says otherwise: {docs}"
    print(
        f"{name:22}{conversions:>4}{result['line_us']:>9.1f}{result['full_frames_per_s']:>9.2f}"
        f"{result['long_frames_per_s']:>9.2f}{result['converters_frames_per_s']:>9.2f}"
        f"{result['ratio']:>8.1%}  {'' if result['ratio'] >= AIM else 'BELOW 95 %, '}{verdict}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--conversions", type=int, nargs="+", default=CONVERSIONS)
    options = parser.parse_args()
    elf, docs = release_elf(), documented()
    results: dict[str, Any] = {}
    if not options.json:
        print(describe(elf))
        print(f"{'':26}{'line us':>9}{'full/s':>9}{'long/s':>9}{'limit/s':>9}{'ratio':>8}  docs")
    for name in SET_UPS:
        for conversions in options.conversions:
            result = measure(name, conversions, docs.get((name, conversions)))
            results[f"{name}, {conversions}"] = result
            if not options.json:
                show(name, conversions, result)
    if options.json:
        json.dump({"image": describe(elf), **results}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
