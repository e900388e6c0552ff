"""Punch real lists of bad pixels into images and compare what repairs them.

    FPXI_TEST_DATA=... python tests/benchmarks/bench_repair.py [--windows 6] [--json]

The truth is the image before. Prints the RMS error over the isolated pixels, the lines (bad pixels
in a row or column of at least 10) and the clusters (the rest), of fpxi, of the median of the good
pixels in a 3x3 square, of the plain median of that square, bad pixels (which read 0) included, and
of the mean of the good edge neighbours; and last the geometric mean, over the images, of fpxi's
error over that of the others.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import fpxi_imaging as im
import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image
from scipy import ndimage

CLASSES = ("isolated", "line", "cluster")
LEAST_RUN = 10
GREY_STEP = 64
"""Counts for each grey value of an 8-bit image."""
EDGES = ((-1, 0), (1, 0), (0, -1), (0, 1))
SQUARE = tuple((row, col) for row in (-1, 0, 1) for col in (-1, 0, 1))

Frame = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Errors = dict[str, dict[str, list[npt.NDArray[np.float64]]]]


def bad_pixel_lists(folder: Path) -> list[Mask]:
    """Return the lists as masks, True where a pixel is bad."""
    masks = []
    for path in sorted(folder.glob("*.xml")):
        root = ElementTree.parse(path).getroot()
        mask = np.zeros((int(root.attrib["SizeY"]), int(root.attrib["SizeX"])), np.bool_)
        for pixel in root.iter("BadPixel"):
            mask[int(pixel.attrib["Y"]), int(pixel.attrib["X"])] = True
        masks.append(mask)
    return masks


def windows(masks: list[Mask], shape: tuple[int, int], most: int) -> list[Mask]:
    """Return parts of the masks of that shape, as they are and with rows for columns.

    Of each mask at most `most` parts, half of them transposed: those with the most bad pixels.
    """
    found = []
    for mask in masks:
        for turned in (mask, mask.T):
            parts = list(_parts(turned, shape))
            parts.sort(key=lambda part: -int(part.sum()))
            found += parts[: most // 2]
    return found


def _parts(mask: Mask, shape: tuple[int, int]) -> Iterator[Mask]:
    rows, cols = shape
    step = max(1, min(shape) // 2)
    for top in range(0, mask.shape[0] - rows + 1, step):
        for left in range(0, mask.shape[1] - cols + 1, step):
            yield mask[top : top + rows, left : left + cols]


def images(data: Path) -> dict[str, Frame]:
    """Return corrected flat-panel frames, 8-bit radiographs, and a phantom with and without noise.

    Their values are counts.
    """
    folder = data / "flat_panel_crop"
    dark, flat, frames = (
        tifffile.imread(next(folder.glob(f"*_{kind}.tif"))).astype(float)
        for kind in ("dark", "flat", "CT")
    )
    response = flat - dark
    found = {
        f"flat panel, frame {n}": (frames[n] - dark) / response * np.median(response)
        for n in (0, 5)
    }
    for path in sorted((data / "radiographs").glob("*.*g")):
        with Image.open(path) as picture:
            found[path.name] = np.asarray(picture.convert("L"), float) * GREY_STEP
    phantom = lens_with_a_wire()
    found["phantom"] = phantom
    found["phantom, noise"] = np.random.default_rng(1).poisson(phantom).astype(float)
    return found


def lens_with_a_wire() -> Frame:
    """A thick lens with a wire over it, in counts, blurred by 0.7 pixels."""
    rows, cols = np.mgrid[:512, :512]
    inside = np.clip(1 - ((cols - 256) / 200) ** 2 - ((rows - 256) / 150) ** 2, 0, None)
    across = (cols - 260) * np.cos(0.4) + (rows - 240) * np.sin(0.4)
    wire = np.where(np.abs(across) < 6, 0.4, 1.0)
    blurred: Frame = ndimage.gaussian_filter(2000 * np.exp(-1.2 * np.sqrt(inside)) * wire, 0.7)
    return blurred


def classify(bad: Mask) -> npt.NDArray[np.intp]:
    """Return 0, 1 or 2 for isolated pixels, lines and clusters, at each bad pixel."""
    alone = bad & ~ndimage.binary_dilation(bad, [[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    line = ndimage.binary_opening(bad, np.ones((1, LEAST_RUN)))
    line |= ndimage.binary_opening(bad, np.ones((LEAST_RUN, 1)))
    kinds: npt.NDArray[np.intp] = np.where(alone, 0, np.where(line, 1, 2))[bad]
    return kinds


def by_fpxi(image: Frame, bad: Mask) -> Frame:
    """Repair with the `Corrector`; its counts are whole, so the fraction goes into the offset."""
    counts = np.ceil(image) + 1000
    calibration = im.ResolvedCalibration(
        offset=(counts - image).astype(np.float32),
        gain=np.ones(image.shape, np.float32),
        defects=bad,
        not_imaging=np.zeros_like(bad),
        normalisation=float(np.median(image)),
        saturation_level=65_535,
        conditions=im.Conditions("bench", "0", 1, 1, 0, 25_000),
    )
    values, _ = im.correct_frame(counts.astype(np.uint16), calibration)
    return values[bad].astype(np.float64)


def neighbours(image: Frame, bad: Mask, steps: tuple[tuple[int, int], ...]) -> Frame:
    """Return the values at these steps from each bad pixel, NaN outside the image."""
    bordered = np.pad(image, 1, constant_values=np.nan)
    rows, cols = np.nonzero(bad)
    return np.stack([bordered[rows + 1 + row, cols + 1 + col] for row, col in steps])


def repair_all(image: Frame, bad: Mask) -> dict[str, Frame]:
    good_only, dead = np.where(bad, np.nan, image), np.where(bad, 0.0, image)
    return {
        "fpxi": by_fpxi(image, bad),
        "3x3 median of good": median(neighbours(good_only, bad, SQUARE)),
        "3x3 median": median(neighbours(dead, bad, SQUARE)),
        "edge mean": mean(neighbours(good_only, bad, EDGES)),
    }


def median(values: Frame) -> Frame:
    known = np.isfinite(values).any(axis=0)
    result = np.full(values.shape[1], np.nan)
    result[known] = np.nanmedian(values[:, known], axis=0)
    return result


def mean(values: Frame) -> Frame:
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        result: Frame = np.where(known, values, 0).sum(axis=0) / known.sum(axis=0)
    return result


def punch(image: Frame, masks: list[Mask]) -> dict[str, dict[str, float]]:
    """Return the RMS error by method and class, over the pixels that every method repairs."""
    squares: dict[str, npt.NDArray[np.float64]] = {}
    pixels = np.zeros(len(CLASSES))
    for bad in masks:
        results = repair_all(image, bad)
        common = np.all([np.isfinite(values) for values in results.values()], axis=0)
        kinds = classify(bad)[common]
        pixels += np.bincount(kinds, minlength=len(CLASSES))
        for name, values in results.items():
            error = (values - image[bad])[common]
            total = np.bincount(kinds, error**2, len(CLASSES))
            squares[name] = squares.get(name, np.zeros(len(CLASSES))) + total
    return {
        name: dict(zip(CLASSES, np.sqrt(total / pixels).tolist(), strict=True))
        for name, total in squares.items()
    } | {"pixels": dict(zip(CLASSES, pixels.tolist(), strict=True))}


def ratios(table: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Return the geometric mean over the images of fpxi's error over each other method's."""
    methods = [name for name in next(iter(table.values())) if name not in {"fpxi", "pixels"}]
    return {
        name: {
            kind: float(
                np.exp(np.mean([np.log(r["fpxi"][kind] / r[name][kind]) for r in table.values()]))
            )
            for kind in CLASSES
        }
        for name in methods
    }


def show(table: dict[str, dict[str, dict[str, float]]]) -> None:
    print(f"{'RMS error, counts':24}{'':20}" + "".join(f"{kind:>10}" for kind in CLASSES))
    for image, results in table.items():
        for name, errors in results.items():
            digits = 0 if name == "pixels" else 2
            row = "".join(f"{errors[kind]:>10.{digits}f}" for kind in CLASSES)
            print(f"{image if name == 'fpxi' else '':24}{name:20}{row}")
    print("fpxi's error over that of")
    for name, errors in ratios(table).items():
        print(f"{'':24}{name:20}" + "".join(f"{errors[kind]:>10.3f}" for kind in CLASSES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print results as JSON")
    parser.add_argument("--windows", type=int, default=6, help="of each list and image")
    arguments = parser.parse_args()
    folder = os.environ.get("FPXI_TEST_DATA")
    if folder is None:
        raise SystemExit("set FPXI_TEST_DATA to the folder of real detector data")
    masks = bad_pixel_lists(Path(folder) / "bad_pixels")
    table = {
        name: punch(image, windows(masks, image.shape, arguments.windows))
        for name, image in images(Path(folder)).items()
    }
    if arguments.json:
        json.dump({"rms": table, "ratios": ratios(table)}, sys.stdout, indent=1)
    else:
        show(table)


if __name__ == "__main__":
    main()
