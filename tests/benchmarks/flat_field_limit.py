"""How near corrected flat fields come to the photon-noise limit, by the number of frames.

    python tests/benchmarks/flat_field_limit.py [--json] [--flats 1600] [--tests 400]

Simulated panels are calibrated with N flats (and as many darks). Other flats are then corrected,
and M of them averaged. What is left in every such average alike, the fixed pattern, is compared
with what differs from one average to the next, the quantum noise. Both come from the frames alone:
the variance over the pixels of the mean of all test frames is the fixed pattern's and the noise's
over the number of frames, and the noise is known from the frames' differences.

A calibration of N frames has the noise of N frames, so that the ratio cannot be less than
sqrt(M / N) (last column). What lies above it is what the correction leaves.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import fpxi_imaging as im
import numpy as np
import numpy.typing as npt
from figures_bench import Bench
from fpxi_readout.protocol.geometry import process_ring_mask

Frames = npt.NDArray[np.uint16]
CALIBRATED_WITH = (10, 30, 100, 400, 1600)
AVERAGED = (1, 4, 16)


@dataclass(frozen=True)
class Panel:
    url: str
    integration_s: float
    dose_rate_Gy_s: float


PANELS = (Panel("sim:tft64", 0.1, 2.7e-6), Panel("sim:cmos32", 0.02, 6e-4))


@dataclass(frozen=True)
class Result:
    panel: str
    calibration_frames: int
    averaged_frames: int
    quantum_noise: float
    """Of an average of so many frames, relative to the signal."""
    fixed_pattern: float
    """Relative to the signal."""
    ratio: float
    least_ratio: float
    """sqrt(averaged frames / calibration frames)."""


@dataclass(frozen=True)
class Residuals:
    """Noise of one corrected frame and fixed pattern, as fractions of the signal."""

    noise: float
    fixed_pattern: float


def expose(panel: Panel, flats: int, tests: int) -> tuple[Bench, Frames, Frames, Frames]:
    """Return the bench, darks and flats to calibrate with, and flats to correct."""
    bench = Bench(panel.url)
    bench.scene.object = "none"
    darks = bench.frames(flats, panel.integration_s)
    bench.beam(panel.dose_rate_Gy_s)
    lit = bench.frames(flats, panel.integration_s)
    others = bench.frames(tests, panel.integration_s)
    return bench, *(frames.astype(np.uint16) for frames in (darks, lit, others))


def calibrate(bench: Bench, integration_s: float, darks: Frames, flats: Frames) -> im.Calibration:
    """Return a calibration by these frames."""
    now = datetime.now(UTC)
    exposure_us, bias_mV = round(integration_s * 1e6), round(bench.bias_V * 1e3)
    conditions = im.Conditions("simulated", "0", exposure_us, 0, bias_mV, 25_000)
    ring = process_ring_mask(*bench.geometry.shape, bench.geometry.process_ring)
    series = []
    for frames in (darks, flats):
        stack = im.FrameStack(bench.geometry.shape, ring)
        for frame in frames:
            stack.add(frame)
        series.append(im.FrameSeries(stack, conditions, now))
    return im.build_calibration(
        series[:1],
        series[1:],
        not_imaging=ring,
        saturation_level=bench.geometry.full_scale,
        created=now,
    )


def residuals(calibration: im.Calibration, frames: Frames) -> Residuals:
    """Correct frames of a flat field and tell the fixed pattern from the noise, in good pixels."""
    corrector = im.Corrector(calibration.resolve(calibration.conditions))
    received = np.ones(frames.shape[1], np.bool_)
    corrected, flags = np.empty(frames.shape, np.float32), np.empty(frames.shape, np.uint8)
    for index, frame in enumerate(frames):
        corrector.correct(frame, received, out=corrected[index], flags=flags[index])
    values = corrected[:, ~flags.any(axis=0)].astype(np.float64)
    values /= np.median(values, axis=1, keepdims=True)  # the beam's own variation
    variance = float(values.var(axis=0, ddof=1).mean())
    spread = float(values.mean(axis=0).var(ddof=1))
    return Residuals(variance**0.5, max(spread - variance / len(values), 0.0) ** 0.5)


def measure(panel: Panel, flats: int, tests: int) -> list[Result]:
    bench, darks, lit, others = expose(panel, flats, tests)
    results = []
    for count in (n for n in CALIBRATED_WITH if n <= flats):
        left = residuals(calibrate(bench, panel.integration_s, darks[:count], lit[:count]), others)
        for averaged in AVERAGED:
            noise = left.noise / averaged**0.5
            ratio = left.fixed_pattern / noise
            results.append(
                Result(
                    panel.url,
                    count,
                    averaged,
                    noise,
                    left.fixed_pattern,
                    ratio,
                    (averaged / count) ** 0.5,
                )
            )
    return results


def show(results: list[Result]) -> None:
    print(f"{'':12}{'frames':^22}{'of the signal':^22}{'fixed pattern over':^20}")
    print(
        f"{'panel':12}{'calibration':>12}{'averaged':>10}{'noise':>11}{'fixed':>11}"
        f"{'noise':>11}{'least':>9}"
    )
    for r in results:
        print(
            f"{r.panel:12}{r.calibration_frames:>12}{r.averaged_frames:>10}{r.quantum_noise:>11.3%}"
            f"{r.fixed_pattern:>11.3%}{r.ratio:>11.3f}{r.least_ratio:>9.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print results as JSON")
    parser.add_argument("--flats", type=int, default=1600, help="most flats to calibrate with")
    parser.add_argument("--tests", type=int, default=400, help="flats to correct")
    arguments = parser.parse_args()
    results = [r for panel in PANELS for r in measure(panel, arguments.flats, arguments.tests)]
    if arguments.json:
        json.dump([asdict(r) for r in results], sys.stdout, indent=1)
    else:
        show(results)


if __name__ == "__main__":
    main()
