"""How zinger rejection and motion detection do, on Poisson frames and on simulated panels.

    python tests/benchmarks/bench_temporal.py [--json] [--sigma 6] [--frames 300]

Zingers: false alarms for each good pixel and frame of flat frames; recall of single-frame spikes
of 10, 20 and 50 sigma of a frame's noise, injected into one pixel of 2000 where
the converter has room for them; what a step of the whole
image and a moving edge lose. Motion: noise of a still image relative to a single frame's, the RMS
error where a disc has passed (ghost) and on the moving disc, in sigma, for recursive averages over
16 frames. The disc is as large as 1/4 of the image and moves by 1 pixel a frame.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import fpxi_imaging as im
import numpy as np
import numpy.typing as npt
from flat_field_limit import PANELS, calibrate, expose
from fpxi_imaging import PixelFlag

Frames = npt.NDArray[np.uint16]
OFFSET = 100
DARK_NOISE = 4.0
SIDE = 128
SPIKES = (10, 20, 50)
SPIKED = 1 / 2000
LEVELS = (0, 100, 1_000, 20_000)
AVERAGED = 16
WARM_UP = 32
"""Frames before anything is measured."""
MOTION_SIGMAS = (None, 1.5, 2.0, 2.5, 3.0)
CONTRASTS = (1, 2, 5, 20)
"""Of the moving disc, in sigma of a frame."""


@dataclass(frozen=True)
class Zingers:
    source: str
    false_alarms: float
    """For each good pixel and frame."""
    pixel_frames: int
    recall: dict[int, float]
    """By the spike's height, sigma."""


@dataclass(frozen=True)
class Edges:
    source: str
    replaced_at_step: float
    """Part of the pixels that keep the earlier value for one frame."""
    replaced_after_step: float
    """The same one frame later."""
    replaced_at_edge: float
    """Pixels replaced in each frame, for each pixel of the front that an edge moves on by."""


@dataclass(frozen=True)
class Motion:
    contrast: float
    limit: float | None
    """`motion_sigma`; None: a plain recursive average."""
    still_noise: float
    ghost: float
    disc: float


def synthetic(shape: tuple[int, int]) -> im.ResolvedCalibration:
    return im.ResolvedCalibration(
        offset=np.full(shape, OFFSET, np.float32),
        gain=np.ones(shape, np.float32),
        defects=np.zeros(shape, np.bool_),
        not_imaging=np.zeros(shape, np.bool_),
        normalisation=1000.0,
        saturation_level=65_535,
        conditions=im.Conditions("bench", "0", 1, 1, 0, 25_000),
        dark_noise=DARK_NOISE,
        noise_per_count=1.0,
    )


def noisy(rng: np.random.Generator, signal: npt.NDArray[np.float64]) -> Frames:
    """Return a frame of that mean signal: Poisson, with noise of the dark."""
    counts = rng.poisson(signal) + rng.normal(OFFSET, DARK_NOISE, signal.shape)
    return np.clip(np.rint(counts), 0, 65_535).astype(np.uint16)


def run(
    calibration: im.ResolvedCalibration, processing: im.Processing, frames: Iterable[Frames]
) -> Iterable[tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]]:
    corrector = im.Corrector(calibration, processing)
    out, flags = np.empty(corrector.shape, np.float32), np.empty(corrector.shape, np.uint8)
    received = np.ones(calibration.shape[0], np.bool_)
    for frame in frames:
        corrector.correct(frame, received, out=out, flags=flags)
        yield out, flags


def zingers(
    source: str, calibration: im.ResolvedCalibration, frames: list[Frames], sigma: float
) -> Zingers:
    """Measure false alarms, and the recall of spikes; `frames` show the same all the time."""
    processing = im.Processing(zinger_sigma=sigma, repair=False)
    alarms = pixel_frames = 0
    for number, (_, flags) in enumerate(run(calibration, processing, frames)):
        if number >= WARM_UP:
            alarms += int(np.count_nonzero(flags & PixelFlag.ZINGER))
            pixel_frames += int(np.count_nonzero((flags == 0) | (flags == PixelFlag.ZINGER)))
    recall = {height: recalled(calibration, processing, frames, height) for height in SPIKES}
    return Zingers(source, alarms / pixel_frames, pixel_frames, recall)


def recalled(
    calibration: im.ResolvedCalibration,
    processing: im.Processing,
    frames: list[Frames],
    height: float,
) -> float:
    """Inject spikes into every third frame, so that none follows another; return the part found."""
    rng = np.random.default_rng(3)
    noise = np.std(frames, axis=0, ddof=1)
    good = ~(calibration.defects | calibration.not_imaging)
    spiked, places = [], []
    for number, frame in enumerate(frames):
        room = frame + height * noise < 65_535
        hit = (rng.random(frame.shape) < SPIKED) & good & room & (number % 3 == 0)
        spikes = np.where(hit, height * noise, 0)
        spiked.append(np.rint(frame + spikes).astype(np.uint16))
        places.append(hit)
    found = injected = 0
    for number, (_, flags) in enumerate(run(calibration, processing, spiked)):
        if number >= WARM_UP:
            found += int(np.count_nonzero(flags[places[number]] & PixelFlag.ZINGER))
            injected += int(np.count_nonzero(places[number]))
    return found / injected if injected else float("nan")


def edges(sigma: float) -> Edges:
    """Measure what a step of the whole image, and an edge that moves on, lose: 1000 to 3000."""
    rng = np.random.default_rng(4)
    calibration = synthetic((SIDE, SIDE))
    processing = im.Processing(zinger_sigma=sigma)
    columns = np.arange(SIDE) + np.zeros((SIDE, 1))
    steps = [noisy(rng, np.full((SIDE, SIDE), level)) for level in [1000.0] * 20 + [3000.0] * 2]
    replaced = [
        np.mean((flags & PixelFlag.ZINGER) != 0) for _, flags in run(calibration, processing, steps)
    ]
    fronts = [noisy(rng, np.where(columns < n, 3000.0, 1000.0)) for n in range(SIDE)]
    moving = [
        np.count_nonzero(flags & PixelFlag.ZINGER) / SIDE
        for _, flags in run(calibration, processing, fronts)
    ]
    return Edges("Poisson", replaced[-2], replaced[-1], float(np.mean(moving[10:])))


def motion(contrast: float, limit: float | None) -> Motion:
    """Move a disc over a field of 1000 counts and compare each output with the truth."""
    rng = np.random.default_rng(5)
    calibration = synthetic((SIDE, SIDE))
    sigma = (1000 + DARK_NOISE**2) ** 0.5
    rows, columns = np.mgrid[:SIDE, :SIDE]
    truths, inside = [], []
    for n in range(-WARM_UP, SIDE // 2):
        disc = (rows - SIDE / 2) ** 2 + (columns - SIDE / 4 - max(n, 0)) ** 2 < (SIDE / 8) ** 2
        inside.append(disc)
        truths.append(1000 - contrast * sigma * disc)
    processing = im.Processing(averaging=im.Averaging.recursive(AVERAGED, limit))
    outputs = run(calibration, processing, (noisy(rng, truth) for truth in truths))
    still, ghost, on_disc = [], [], []
    swept = np.zeros((SIDE, SIDE), np.bool_)
    for number, (out, _) in enumerate(outputs):
        if number < WARM_UP:
            continue
        swept |= inside[number]
        error = ((out - truths[number]) / sigma) ** 2
        still.append(error[: SIDE // 4].mean())
        if number > WARM_UP + AVERAGED:
            ghost.append(error[swept & ~inside[number]].mean())
            on_disc.append(error[inside[number]].mean())
    still_noise, ghosts, disc_error = (
        float(np.mean(part) ** 0.5) for part in (still, ghost, on_disc)
    )
    return Motion(contrast, limit, still_noise, ghosts, disc_error)


def measure_zingers(count: int, sigma: float) -> list[Zingers]:
    rng = np.random.default_rng(2)
    shape = (SIDE, SIDE)
    results = []
    for level in LEVELS:
        frames = [noisy(rng, np.full(shape, float(level))) for _ in range(count)]
        results.append(zingers(f"Poisson, {level} counts", synthetic(shape), frames, sigma))
    for panel in PANELS:
        bench, darks, flats, others = expose(panel, 200, count)
        calibration = calibrate(bench, panel.integration_s, darks, flats)
        resolved = calibration.resolve(calibration.conditions)
        results.append(zingers(panel.url, resolved, list(others), sigma))
    return results


def show(found: list[Zingers], lost: Edges, moved: list[Motion], sigma: float) -> None:
    heights = "".join(f"{f'{height} sigma':>10}" for height in SPIKES)
    print(f"{f'zingers at {sigma:g} sigma':24}{'false alarms':>14}{'pixel-frames':>14}{heights}")
    for z in found:
        recall = "".join(f"{part:>10.4f}" for part in z.recall.values())
        print(f"{z.source:24}{z.false_alarms:>14.1e}{z.pixel_frames:>14}{recall}")
    print(
        f"step from 1000 to 3000: replaced in its frame {lost.replaced_at_step:.4f}, in the next "
        f"{lost.replaced_after_step:.4f}; moving edge: {lost.replaced_at_edge:.3f} of its front"
    )
    print(f"\n{'motion':>8}{'limit':>8}{'still':>10}{'ghost':>10}{'disc':>10}   RMS error, sigma")
    for m in moved:
        limit = "-" if m.limit is None else f"{m.limit:g}"
        print(f"{m.contrast:>8}{limit:>8}{m.still_noise:>10.3f}{m.ghost:>10.3f}{m.disc:>10.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print results as JSON")
    parser.add_argument("--sigma", type=float, default=6.0)
    parser.add_argument("--frames", type=int, default=300)
    arguments = parser.parse_args()
    found = measure_zingers(arguments.frames, arguments.sigma)
    lost = edges(arguments.sigma)
    moved = [motion(contrast, limit) for contrast in CONTRASTS for limit in MOTION_SIGMAS]
    if arguments.json:
        parts = {"zingers": found, "edges": [lost], "motion": moved}
        result = {name: [asdict(item) for item in items] for name, items in parts.items()}
        json.dump(result, sys.stdout, indent=1)
    else:
        show(found, lost, moved, arguments.sigma)


if __name__ == "__main__":
    main()
