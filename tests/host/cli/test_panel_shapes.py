"""From the panel to the exported image, for panels of every shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import Result
from fpxi_readout.protocol.generated import PANELS
from PIL import Image

Run = Callable[..., Result]
BarePanel = Callable[[str], str]
EXPOSURES = {"pixel": "10ms", "line64": "10ms", "array7x11": "100ms", "camera256": "20ms"}
DOSE_RATES = {"pixel": 1e-3, "line64": 1e-5, "array7x11": 1e-4, "camera256": 1e-4}
TIMESTAMPS = "entry/instrument/detector/timestamp"


@pytest.fixture
def good(run: Run) -> Run:
    """`fpxi` with these arguments, which must succeed."""

    def invoke(*arguments: object) -> Result:
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        return result

    return invoke


@pytest.mark.parametrize("panel", EXPOSURES)
def test_a_panel_of_any_shape_is_calibrated_corrected_and_exported(
    panel: str, bare_panel: BarePanel, good: Run, tmp_path: Path
) -> None:
    url = f"sim:{bare_panel(panel)}?time=virtual&object=none&dose_rate={DOSE_RATES[panel]}"
    exposure = ("--exposure", EXPOSURES[panel])
    rows, columns = PANELS[panel].shape
    at = {name: tmp_path / name for name in ("cal.h5", "raw.h5", "done.h5", "x.npy", "x.tif")}
    frames = ("--dark", 10, "--flat", 10)
    good("calibrate", url, *frames, *exposure, "-o", at["cal.h5"], "--no-picture")
    good("capture", url, "-n", 4, *exposure, "-o", at["raw.h5"])
    good("correct", at["raw.h5"], "-c", at["cal.h5"], "-o", at["done.h5"])
    for name in ("x.npy", "x.tif"):
        good("export", at["done.h5"], "-o", at[name])
    good("export", at["raw.h5"], "-o", tmp_path / "mean.png", "--average", "-c", at["cal.h5"])
    corrected = np.load(at["x.npy"])
    assert corrected.shape == (4, rows, columns)
    flat = float(np.median(corrected))
    assert flat > 100
    even = corrected.mean(axis=0) / flat
    assert np.abs(even - 1).mean() < 0.15
    for name, frames in (("x.tif", 4), ("mean.png", 1)):
        with Image.open(tmp_path / name) as image:
            assert (image.height, image.width) == (rows, columns)
            assert getattr(image, "n_frames", 1) == frames


@pytest.mark.parametrize("panel", EXPOSURES)
def test_info_tells_its_pixels_and_what_it_can_be_set_to(
    panel: str, bare_panel: BarePanel, good: Run
) -> None:
    output = good("info", f"sim:{bare_panel(panel)}?time=virtual").output
    rows, columns = PANELS[panel].shape
    assert f"{rows} rows x {columns} columns" in output
    (binning,) = [line for line in output.splitlines() if line.startswith("binning")]
    assert ("two_by_two" in binning) is (rows > 1)


@pytest.mark.parametrize("panel", ["pixel", "array7x11"])
def test_a_drift_of_800_minutes_passes_in_virtual_time(
    panel: str, bare_panel: BarePanel, good: Run, tmp_path: Path
) -> None:
    path = tmp_path / "drift.h5"
    url = f"sim:{bare_panel(panel)}?time=virtual&beam=off"
    period = ("--set", "frame_period_us=100000000")
    result = good("capture", url, "-n", 480, "--exposure", "1s", *period, "-o", path)
    assert "480 at a frame every 100 s" in result.output
    with h5py.File(path) as file:
        began_us = np.asarray(file[TIMESTAMPS], np.int64)
    assert (np.diff(began_us) == 100_000_000).all()


def test_a_single_pixel_cannot_be_binned(bare_panel: BarePanel, run: Run, tmp_path: Path) -> None:
    url = f"sim:{bare_panel('pixel')}?time=virtual"
    result = run("capture", url, "-n", 1, "-o", tmp_path / "a.h5", "--set", "binning=two_by_two")
    assert result.exit_code == 1
    assert "binning" in result.output
    assert not (tmp_path / "a.h5").exists()
