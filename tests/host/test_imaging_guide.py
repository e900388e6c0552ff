"""The scripts of docs/imaging.md for frames from elsewhere do what they say."""

import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from fpxi.calibration import calibration_summary, load_calibration

GUIDE = (Path(__file__).parents[2] / "docs" / "imaging.md").read_text(encoding="utf-8")
SHAPE = (40, 50)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """TIFF of a detector with a response of its own, and a disc that lets half through."""
    random = np.random.default_rng(5)
    response = random.normal(1, 0.05, SHAPE)
    response[7, 9] = 0.0
    y, x = np.indices(SHAPE)
    disc = np.where((y - 20) ** 2 + (x - 25) ** 2 < 64, 0.5, 1.0)

    def frames(count: int, photons: float, scene: object = 1.0) -> np.ndarray:
        lit = random.poisson(photons * np.broadcast_to(scene, (count, *SHAPE))) * response
        return np.round(500 + random.normal(0, 5, lit.shape) + lit).astype(np.uint16)

    tifffile.imwrite(tmp_path / "darks.tif", frames(40, 0))
    tifffile.imwrite(tmp_path / "flats.tif", frames(40, 4000))
    tifffile.imwrite(tmp_path / "images.tif", frames(8, 4000, disc))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_tiff_to_corrected_pictures(folder: Path) -> None:
    chapter = GUIDE.split("## Frames from elsewhere")[1].split("\n## ")[0]
    scope: dict[str, object] = {}
    for script in re.findall(r"```python\n(.*?)```", chapter, re.S):
        exec(script, scope)
    corrected = tifffile.imread(folder / "corrected.tif")
    assert corrected.shape == (2, *SHAPE)
    assert np.median(corrected[:, :8]) == pytest.approx(1, abs=0.005)
    assert np.median(corrected[:, 17:24, 22:29]) == pytest.approx(0.5, abs=0.01)
    built = load_calibration("own.h5")
    assert built.defects.mask[7, 9]
    facts = dict(calibration_summary(load_calibration("maps.h5")))
    assert facts["Panel"] == "our detector, serial number no. 1"
    assert facts["Bias"] == "not stated"
    assert facts["Frames"].endswith("double sampling not stated")
    assert "gain setting not stated, 10 ms, temperature not stated" in facts["Darks"]
    assert "number of frames not stated" in facts["Darks"]
    assert "shading not stated" in facts["Gain"]
    assert "number of flats not stated" in facts["Gain"]
