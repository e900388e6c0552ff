"""Real detectors: our correction against (I - D) / (F - D) in double precision."""

from collections.abc import Callable
from pathlib import Path

import fpxi_imaging as im
import h5py
import numpy as np
import pytest
import real_frames
import tifffile

OBJECT, FLAT, DARK = 0, 1, 2


def test_a_flat_panel_is_corrected_to_float32_rounding(
    test_data: Path, make_calibration: Callable[..., im.Calibration]
) -> None:
    folder = test_data / "flat_panel_crop"
    dark, flat, frames = (
        tifffile.imread(next(folder.glob(f"*_{kind}.tif"))) for kind in ("dark", "flat", "CT")
    )
    response = flat.astype(float) - dark
    normalisation = float(np.median(response))
    calibration = make_calibration(
        dark.shape, offset=dark, gain=normalisation / response, normalisation=normalisation
    )
    for frame in frames:
        values, flags = im.correct_frame(frame, calibration.resolve(calibration.conditions))
        expected = (frame - dark.astype(float)) / response * normalisation
        np.testing.assert_allclose(values, expected, rtol=3e-7, atol=normalisation * 3e-7)
        assert not flags.any()
    before = np.corrcoef(frames[0].ravel(), dark.ravel())[0, 1]
    values, _ = im.correct_frame(frames[0], calibration.resolve(calibration.conditions))
    after = np.corrcoef(values.ravel(), dark.ravel())[0, 1]
    assert before > 0.55
    assert after < 0.1


def test_a_small_array_is_calibrated_and_corrected_to_float32_rounding(
    test_data: Path,
    make_stack: Callable[..., im.FrameStack],
    conditions: im.Conditions,
    make_calibration: Callable[..., im.Calibration],
) -> None:
    folder = test_data / "small_array"
    with (
        h5py.File(folder / "k11-18014.nxs") as keys,
        h5py.File(folder / "k11-18014-imaging.h5") as data,
    ):
        kind = keys["entry/instrument/imaging/image_key"][:]
        frames = data["entry/detector/detector"][:]
    dark, flat = frames[kind == DARK], frames[kind == FLAT]
    created = make_calibration().created
    calibration = im.build_calibration(
        [im.FrameSeries(make_stack(dark), conditions, created)],
        [im.FrameSeries(make_stack(flat), conditions, created)],
        not_imaging=np.zeros(frames.shape[1:], bool),
        saturation_level=65535,
        created=created,
    )
    assert calibration.normalisation == pytest.approx(45218, rel=0.01)
    offset = dark.mean(axis=0)
    response = flat.mean(axis=0) - offset
    good = ~calibration.defects.mask
    assert good.mean() > 0.99
    for frame in frames[kind == OBJECT][::500]:
        values, _ = im.correct_frame(frame, calibration.resolve(calibration.conditions))
        expected = (frame - offset) / response * calibration.normalisation
        np.testing.assert_allclose(
            values[good], expected[good], rtol=3e-7, atol=calibration.normalisation * 3e-7
        )


def test_the_block_offsets_of_a_flat_panel_vanish(test_data: Path) -> None:
    blocks = real_frames.measure_blocks(test_data / "flat_panel_crop")
    for raw, corrected in (blocks.without_object, blocks.fine):
        assert min(raw) > 0.5
        assert abs(np.mean(corrected)) < 0.02
        assert np.count_nonzero(np.abs(corrected) < 0.02) >= 8
    assert max(np.abs(blocks.fine[1])) < 0.02
    # The whole picture's object is dark where the dark is low: offset and gain cannot change that.
    assert max(blocks.whole[1]) < 0.1
    for raw, corrected in zip(*blocks.steps, strict=True):
        assert abs(raw) > 15
        assert abs(corrected) < 1


def test_noise_of_a_small_array_is_what_photon_transfer_predicts(test_data: Path) -> None:
    found = real_frames.measure_photon_transfer(test_data / "small_array")
    assert found.temporal_raw == pytest.approx(found.temporal_predicted, rel=0.02)
    assert found.temporal_corrected == pytest.approx(found.temporal_predicted, rel=0.02)
    for mean in found.means:
        assert mean.raw > 0.02
        assert mean.corrected == pytest.approx(mean.predicted, rel=0.05)
