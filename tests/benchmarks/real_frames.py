"""What the correction does to frames of real detectors, in figures.

    FPXI_TEST_DATA=... python tests/benchmarks/real_frames.py [--json]

A crop of a flat panel (300 x 300), whose blocks of read-out channels have offsets of their own: the
correlation of object frames with the dark, before and after. The object is dark where the panel's
dark is low, so that the plain correlation is the object's too: it is given as well over the part of
the picture without an object, and between what is left of both when a 15 x 15 median (of the mean
frame) is taken out, which leaves pixels and the blocks' borders.

A small array (22 x 26) with 100 darks and flats: noise in time and over the pixels, before and
after, beside what photon transfer predicts. The slope of variance over signal is measured in every
other flat, and the gain made of them; the rest of the flats are predicted and corrected.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import fpxi_imaging as im
import h5py
import numpy as np
import numpy.typing as npt
import scipy.ndimage
import tifffile

Images = npt.NDArray[np.float64]
OBJECT, FLAT, DARK = 0, 1, 2
WITHOUT_OBJECT = np.s_[80:, :200]
BLOCK_BORDERS = (28, 160)
BESIDE = 8
"""columns on each side of a border"""
AVERAGED = (1, 5, 50)


@dataclass(frozen=True)
class Blocks:
    """Each of 10 object frames, raw and corrected: correlations with the dark, and steps."""

    whole: tuple[list[float], list[float]]
    without_object: tuple[list[float], list[float]]
    fine: tuple[list[float], list[float]]
    """Less the 15 x 15 median of the mean."""
    steps: tuple[list[float], list[float]]
    """Steps of the mean frame at the blocks' borders, counts."""


@dataclass(frozen=True)
class Noise:
    """Noise of means of so many flats, relative to the signal."""

    averaged: int
    raw: float
    """Over the pixels, as they come."""
    corrected: float
    predicted: float


@dataclass(frozen=True)
class PhotonTransfer:
    noise_per_count: float
    dark_noise: float
    temporal_raw: float
    """Of a flat, over time, counts; the beam's own variation is taken out."""
    temporal_predicted: float
    temporal_corrected: float
    means: list[Noise]


def conditions() -> im.Conditions:
    return im.Conditions("real", "0", 1, 0, 0, 25_000)


def correct(frames: npt.NDArray[np.uint16], resolved: im.ResolvedCalibration) -> Images:
    """Return the corrected frames; a pixel without a value is no number."""
    return np.array([im.correct_frame(frame, resolved)[0] for frame in frames], np.float64)


def flat_panel(folder: Path) -> tuple[npt.NDArray[np.uint16], Images, Images]:
    """Return object frames, dark and flat, both averages."""
    frames, dark, flat = (
        tifffile.imread(next(folder.glob(f"*_{kind}.tif"))) for kind in ("CT", "dark", "flat")
    )
    return frames, dark.astype(np.float64), flat.astype(np.float64)


def measure_blocks(folder: Path) -> Blocks:
    frames, dark, flat = flat_panel(folder)
    response = flat - dark
    level = float(np.median(response))
    resolved = im.ResolvedCalibration(
        offset=dark.astype(np.float32),
        gain=(level / response).astype(np.float32),
        defects=np.zeros(dark.shape, np.bool_),
        not_imaging=np.zeros(dark.shape, np.bool_),
        normalisation=level,
        saturation_level=65535,
        conditions=conditions(),
    )
    both = frames.astype(np.float64), correct(frames, resolved)
    bare = WITHOUT_OBJECT
    return Blocks(
        whole=_pair([[correlation(f, dark) for f in kind] for kind in both]),
        without_object=_pair([[correlation(f[bare], dark[bare]) for f in kind] for kind in both]),
        fine=_pair([_fine_correlations(kind, dark) for kind in both]),
        steps=_pair([[step(kind.mean(axis=0), at) for at in BLOCK_BORDERS] for kind in both]),
    )


def _pair(of_both: list[list[float]]) -> tuple[list[float], list[float]]:
    raw, corrected = of_both
    return raw, corrected


def correlation(a: Images, b: Images) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def _fine_correlations(frames: Images, dark: Images) -> list[float]:
    """Correlate with the object, and whatever else is smooth, taken out."""
    smooth = scipy.ndimage.median_filter(frames.mean(axis=0), 15)
    fine = dark - scipy.ndimage.median_filter(dark, 15)
    return [correlation(frame - smooth, fine) for frame in frames]


def step(image: Images, border: int) -> float:
    """Mean right of a border between columns, less that to its left, where there is no object."""
    rows = image[WITHOUT_OBJECT[0]]
    left, right = rows[:, border - BESIDE : border], rows[:, border : border + BESIDE]
    return float(right.mean() - left.mean())


def small_array(folder: Path) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """Return the darks and the flats."""
    with (
        h5py.File(folder / "k11-18014.nxs") as keys,
        h5py.File(folder / "k11-18014-imaging.h5") as data,
    ):
        kind = keys["entry/instrument/imaging/image_key"][:]
        frames = data["entry/detector/detector"][:]
    return frames[kind == DARK], frames[kind == FLAT]


def series(frames: npt.NDArray[np.uint16]) -> im.FrameSeries:
    stack = im.FrameStack(frames.shape[1:])
    for frame in frames:
        stack.add(np.ascontiguousarray(frame))
    return im.FrameSeries(stack, conditions(), datetime.now(UTC))


def measure_photon_transfer(folder: Path) -> PhotonTransfer:
    darks, flats = small_array(folder)
    known, others = flats[0::2], flats[1::2]
    dark_noise = float(np.sqrt(darks.var(axis=0, ddof=1).mean()))
    offset = darks.mean(axis=0)
    steady = steadied(known.astype(np.float64), offset)
    slope = float((steady.var(axis=0, ddof=1).mean() - dark_noise**2) / (steady - offset).mean())
    calibration = im.build_calibration(
        [series(darks)],
        [series(known)],
        not_imaging=np.zeros(flats.shape[1:], np.bool_),
        saturation_level=65535,
        created=datetime.now(UTC),
    )
    good = ~calibration.defects.mask
    corrected = correct(others, calibration.resolve(calibration.conditions))
    corrected = steadied(corrected, np.zeros_like(offset))
    raw = steadied(others.astype(np.float64), offset)
    signal = float((raw - offset).mean())
    predicted = float(np.sqrt(dark_noise**2 + slope * signal))
    return PhotonTransfer(
        noise_per_count=slope,
        dark_noise=dark_noise,
        temporal_raw=rms_over_time(raw[:, good]),
        temporal_predicted=predicted,
        temporal_corrected=rms_over_time(corrected[:, good]) / calibration.normalisation * signal,
        means=[
            Noise(
                count,
                over_pixels(raw[:, good] - offset[good], count) / signal,
                over_pixels(corrected[:, good], count) / float(np.mean(corrected[:, good])),
                predicted / signal * (1 / count + 1 / len(known)) ** 0.5,
            )
            for count in AVERAGED
        ],
    )


def steadied(frames: Images, offset: Images) -> Images:
    """Take out the beam's variation from frame to frame, which all pixels share."""
    signals = frames - offset
    levels = np.nanmedian(signals, axis=(1, 2), keepdims=True)
    steady: Images = signals / levels * levels.mean() + offset
    return steady


def rms_over_time(values: Images) -> float:
    return float(np.sqrt(values.var(axis=0, ddof=1).mean()))


def over_pixels(values: Images, count: int) -> float:
    """Return the standard deviation over the pixels of means of `count` frames."""
    groups = values[: len(values) // count * count].reshape(-1, count, *values.shape[1:])
    return float(np.sqrt(groups.mean(axis=1).var(axis=1, ddof=1).mean()))


def show_blocks(blocks: Blocks) -> None:
    print("correlation of an object frame with the dark, of 10 frames")
    for name, kind in (
        ("whole picture", blocks.whole),
        ("part without object", blocks.without_object),
        ("less 15 x 15 median", blocks.fine),
    ):
        raw, corrected = (np.array(values) for values in kind)
        print(
            f"  {name:22} raw {np.abs(raw).max():6.3f}   corrected: largest "
            f"{np.abs(corrected).max():.4f}, median {np.median(corrected):.4f}"
        )
    for border, raw, corrected in zip(BLOCK_BORDERS, *blocks.steps, strict=True):
        print(f"  step at column {border:3}: raw {raw:7.2f}, corrected {corrected:6.2f} counts")


def show_photon_transfer(found: PhotonTransfer) -> None:
    print(
        f"photon transfer: {found.noise_per_count:.3f} counts of variance a count, dark noise "
        f"{found.dark_noise:.2f} counts\n"
        f"  noise in time, counts: raw {found.temporal_raw:.1f}, predicted "
        f"{found.temporal_predicted:.1f}, corrected {found.temporal_corrected:.1f}"
    )
    for mean in found.means:
        print(
            f"  noise over the pixels, mean of {mean.averaged:2}: raw {mean.raw:.3%}, corrected "
            f"{mean.corrected:.3%}, predicted {mean.predicted:.3%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print results as JSON")
    arguments = parser.parse_args()
    if "FPXI_TEST_DATA" not in os.environ:
        raise SystemExit("FPXI_TEST_DATA is not set: no real detector frames to measure")
    folder = Path(os.environ["FPXI_TEST_DATA"])
    blocks = measure_blocks(folder / "flat_panel_crop")
    transfer = measure_photon_transfer(folder / "small_array")
    if arguments.json:
        document = {"flat_panel_crop": vars(blocks), "small_array": vars(transfer)}
        json.dump(document, sys.stdout, indent=1, default=vars)
    else:
        show_blocks(blocks)
        show_photon_transfer(transfer)


if __name__ == "__main__":
    main()
