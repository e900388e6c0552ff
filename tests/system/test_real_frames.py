"""Frames of real detectors travel through firmware, line, calibration and correction."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from fpxi.calibration import load_calibration

FLAT_PANEL = "flat_panel_crop/detectorcaleg_stp4_200-500_500-800_{}.tif"
FRAMES = 10


@pytest.fixture
def flat_panel_crops(real_frames: Path) -> dict[str, np.ndarray]:
    """64 x 64 crops: an averaged dark and flat, rounded to counts, and ten raw object frames."""
    window = (slice(100, 164), slice(120, 184))
    images = {
        name: tifffile.imread(real_frames / FLAT_PANEL.format(name))
        for name in ("dark", "flat", "CT")
    }
    return {
        "dark": np.rint(images["dark"][window])[None].astype(np.uint16),
        "flat": np.rint(images["flat"][window])[None].astype(np.uint16),
        "object": images["CT"][:, window[0], window[1]],
    }


@pytest.fixture
def small_array_frames(real_frames: Path) -> dict[str, np.ndarray]:
    """22 x 26 frames inside the ring of a 32 x 32 panel: darks, flats and objects of one run."""
    with h5py.File(real_frames / "small_array/k11-18014.nxs") as nexus:
        key = nexus["entry/instrument/imaging/image_key"][()]
    with h5py.File(real_frames / "small_array/k11-18014-imaging.h5") as file:
        frames = file["entry/detector/detector"][()]
    chosen = {"dark": frames[key == 2], "flat": frames[key == 1], "object": frames[key == 0][:50]}
    return {name: stack[:FRAMES] for name, stack in chosen.items()}


def capture_through_firmware(serve, run, preset: str, stacks, folder: Path) -> dict[str, Path]:
    """Play each stack through a served panel and record what arrives."""
    recordings = {}
    for name, stack in stacks.items():
        source = folder / f"{name}.npy"
        np.save(source, stack)
        recordings[name] = folder / f"{name}.h5"
        kind = [] if name == "object" else [f"--{name}"]
        with serve(f"sim:{preset}?frames={source}", "--serial") as url:
            run("capture", url, "-n", FRAMES, "-o", recordings[name], "--reliable", *kind)
    return recordings


def corrected(
    run, recordings: dict[str, Path], folder: Path
) -> tuple[np.ndarray, float, np.ndarray]:
    """Return corrected frames, the normalisation and the pixels not repaired by interpolation."""
    calibration, out = folder / "cal.h5", folder / "corrected.h5"
    taken = ("--dark", recordings["dark"], "--flat", recordings["flat"])
    run("calibrate", *taken, "-o", calibration, "--no-picture")
    run("correct", recordings["object"], "-c", calibration, "-o", out)
    made = load_calibration(calibration)
    with h5py.File(out) as file:
        data = file["entry/instrument/detector/data"][()]
    return data, made.normalisation, ~made.defects.mask


def assert_is_dark_and_flat_corrected(result, stacks, normalisation, good, window) -> None:
    """Compare with (I - D) / (F - D), computed here in double precision."""
    rows, columns = window
    dark = stacks["dark"].mean(axis=0, dtype=np.float64)
    flat = stacks["flat"].mean(axis=0, dtype=np.float64)
    frames = np.resize(stacks["object"], (FRAMES, *dark.shape)).astype(np.float64)
    expected = (frames - dark) / (flat - dark) * normalisation
    seen = result[:, rows, columns]
    inside = good[rows, columns]
    assert inside.mean() > 0.95
    np.testing.assert_allclose(
        seen[:, inside], expected[:, inside], rtol=5e-6, atol=5e-6 * normalisation
    )


def test_a_flat_panel_crop_is_corrected_to_float32_rounding(
    flat_panel_crops, serve, run, tmp_path
) -> None:
    recordings = capture_through_firmware(serve, run, "tft64", flat_panel_crops, tmp_path)
    result, normalisation, good = corrected(run, recordings, tmp_path)
    whole = (slice(None), slice(None))
    assert_is_dark_and_flat_corrected(result, flat_panel_crops, normalisation, good, whole)


def test_a_small_array_inside_the_ring_is_corrected_to_float32_rounding(
    small_array_frames, serve, run, tmp_path
) -> None:
    recordings = capture_through_firmware(serve, run, "cmos32", small_array_frames, tmp_path)
    with h5py.File(recordings["object"]) as file:
        arrived = file["entry/instrument/detector/data"][0]
    window = (slice(5, 27), slice(3, 29))
    assert np.array_equal(arrived[window], small_array_frames["object"][0])
    result, normalisation, good = corrected(run, recordings, tmp_path)
    assert_is_dark_and_flat_corrected(result, small_array_frames, normalisation, good, window)
    assert np.isnan(result[:, 0, :]).all()
