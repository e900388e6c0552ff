"""Time the simulated panels: frames a second, what each effect costs, cost against array size.

    python tests/benchmarks/bench_simulator.py [--json] [--rounds 5] [--sizes 64 ...] [--plot FILE]

One thread. Each preset is run with everything on, and `draws` is what numpy takes, in the same
round, for the least that any honest simulator of that array draws: one Poisson and one normal
number a pixel. Effects are timed by switching each off (`without=`) beside everything on. Array
sizes are of the generic TFT panel with everything on, cut to other numbers of pixels.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from fpxi_hwsim.presets import PRESETS, Preset, find_preset
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_hwsim.without import EFFECTS

TFT_SIZES = (64, 128, 256, 512, 1024, 2048)


@dataclass(frozen=True)
class Timing:
    """How long everything is timed."""

    rounds: int
    seconds: float
    """of each timing, at least"""


@dataclass(frozen=True)
class Result:
    """One thing timed."""

    name: str
    rows: int
    columns: int
    frames_per_s: float
    us_per_frame: float
    times_the_draws: float
    """median over the rounds of the time over that of the least draws in the same round"""


def scanning(specification: SimulationSpecification) -> Callable[[], object]:
    """Return a call that makes the next scan of a panel in the middle of a run."""
    source = PixelSource(specification, Scene(specification))
    integration_us = 10_000
    began_us = iter(range(0, 2**62, integration_us))
    bias_mV = specification.preset.working_bias_mV

    def scan() -> object:
        return source.expose(
            Exposure(
                integration_us=integration_us,
                beam_us=integration_us,
                gain_setting=len(specification.preset.geometry.full_scale_fC) // 2,
                cds=True,
                began_us=next(began_us),
                bias_mV=bias_mV,
            )
        )

    return scan


def least_draws(shape: tuple[int, int]) -> Callable[[], object]:
    """Return a call that draws one Poisson and one normal number a pixel."""
    random = np.random.Generator(np.random.Philox(1))
    expected = np.full(shape, 1000.0)
    return lambda: (random.poisson(expected), random.standard_normal(shape, np.float32))


def seconds_of(call: Callable[[], object], least_s: float) -> float:
    """Time one call, from as many as a timing lasts."""
    count, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < least_s or count == 0:
        call()
        count += 1
    return elapsed / count


def compare(name: str, specification: SimulationSpecification, timing: Timing) -> Result:
    """Time a panel beside the least draws, one after the other in each round."""
    shape = specification.preset.geometry.shape
    scan, draws = scanning(specification), least_draws(shape)
    for call in (scan, draws):
        call()
    pairs = [
        (seconds_of(scan, timing.seconds), seconds_of(draws, timing.seconds))
        for _ in range(timing.rounds)
    ]
    best = min(scan_s for scan_s, _ in pairs)
    ratio = statistics.median(scan_s / draws_s for scan_s, draws_s in pairs)
    return Result(name, *shape, 1 / best, best * 1e6, ratio)


def of_size(preset: Preset, pixels: int) -> Preset:
    """Return the preset with an array of so many rows and columns."""
    geometry = replace(preset.geometry, rows=pixels, columns=pixels)
    return replace(preset, geometry=geometry)


def presets(timing: Timing) -> Iterator[Result]:
    """Every preset with everything on."""
    for preset in PRESETS.values():
        yield compare(preset.name, SimulationSpecification(preset), timing)


def effects(name: str, timing: Timing) -> Iterator[Result]:
    """One preset with each effect switched off."""
    yield compare(f"{name}, everything on", SimulationSpecification(find_preset(name)), timing)
    for effect in EFFECTS:
        url = f"sim:{name}?without={effect}"
        yield compare(f"  without {effect}", SimulationSpecification.from_url(url), timing)


def sizes(wanted: list[int], timing: Timing) -> Iterator[Result]:
    """Arrays of these sizes."""
    for pixels in wanted:
        preset = of_size(find_preset("tft64"), pixels)
        yield compare(f"{pixels} x {pixels}", SimulationSpecification(preset), timing)


def plot(results: list[Result], path: str) -> None:
    """Draw the cost of a frame against the array's size, beside the least draws."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    pixels = [result.rows * result.columns for result in results]
    cost_ms = [result.us_per_frame / 1000 for result in results]
    axes.loglog(pixels, cost_ms, "o-", label="a frame, everything on")
    draws_ms = [c / r.times_the_draws for c, r in zip(cost_ms, results, strict=True)]
    axes.loglog(pixels, draws_ms, "s--", label="one Poisson and one normal number a pixel")
    axes.set_xticks(pixels, [f"{result.rows}²" for result in results])
    axes.minorticks_off()
    axes.set(xlabel="pixels", ylabel="time of a frame / ms, one core")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each timing, at least")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(TFT_SIZES))
    parser.add_argument("--effects-of", default="tft64-ba2ma9pb10i31", metavar="PRESET")
    parser.add_argument("--plot", metavar="FILE", help="cost against size as a picture")
    given = parser.parse_args()
    timing = Timing(given.rounds, given.seconds)
    by_size = list(sizes(given.sizes, timing))
    results = [*presets(timing), *effects(given.effects_of, timing), *by_size]
    if given.plot:
        plot(by_size, given.plot)
    if given.json:
        print(json.dumps([asdict(result) for result in results]))
        return
    print(f"{'':42}{'frames/s':>10}{'us/frame':>12}{'x draws':>9}")
    for result in results:
        print(
            f"{result.name:42}{result.frames_per_s:10.0f}{result.us_per_frame:12.0f}"
            f"{result.times_the_draws:9.1f}"
        )


if __name__ == "__main__":
    main()
