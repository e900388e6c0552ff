from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
from fpxi import read_recording
from fpxi.calibration import load_calibration, save_calibration
from fpxi.calibration.errors import NoCalibrationGivenError, NotACalibrationError
from fpxi.correction import correct_recording
from fpxi.errors import NotARecordingError
from fpxi.export import export
from fpxi_imaging import Conditions, calibration_from_maps
from fpxi_readout.frame import Frame


@pytest.fixture
def folder(record: Callable[..., Path], make_frame: Callable[..., Frame], tmp_path: Path) -> Path:
    """A file of each kind."""
    shape = (6, 5)
    calibration = calibration_from_maps(
        offset=np.zeros(shape),
        gain=np.ones(shape),
        defects=np.zeros(shape, np.bool_),
        not_imaging=np.zeros(shape, np.bool_),
        normalisation=1.0,
        saturation_level=16383,
        dark_frames=1,
        flat_frames=1,
        conditions=Conditions("tiny", "SN-7", 2500, 1, -12345, 27301),
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )
    save_calibration(tmp_path / "cal.h5", calibration)
    run = record([make_frame(0)])
    correct_recording(run, calibration, tmp_path / "corrected.h5")
    (tmp_path / "text.h5").write_text("words")
    h5py.File(tmp_path / "other.h5", "w").close()
    (tmp_path / "empty.h5").touch()
    (tmp_path / "folder").mkdir()
    return tmp_path


COMMON = [
    ("absent.h5", "there is no file .*absent.h5"),
    ("folder", "it is a folder"),
    ("empty.h5", "it is empty"),
    ("text.h5", "it is not an HDF5 file; .* under Frames from elsewhere"),
    ("other.h5", "fpxi did not write"),
    ("corrected.h5", "it is a corrected recording"),
]


@pytest.mark.parametrize(("name", "words"), [*COMMON, ("cal.h5", "it is a calibration")])
def test_what_is_no_recording_is_said_to_be_what_it_is(folder: Path, name: str, words: str) -> None:
    with pytest.raises(NotARecordingError, match=words):
        read_recording(folder / name)
    if name != "corrected.h5":
        with pytest.raises(NotARecordingError, match=words):
            export(folder / name, folder / "x.npy")


def test_saving_a_calibration_with_swapped_arguments_is_named(folder: Path) -> None:
    calibration = load_calibration(folder / "cal.h5")
    with pytest.raises(NoCalibrationGivenError, match=r"Calibration and \w+Path.*path first"):
        save_calibration(calibration, folder / "new.h5")  # type: ignore[arg-type]
    with pytest.raises(NoCalibrationGivenError):
        save_calibration(folder / "new.h5", {})  # type: ignore[arg-type]
    assert not (folder / "new.h5").exists()


@pytest.mark.parametrize(("name", "words"), [*COMMON, ("run.h5", "it is a recording")])
def test_what_is_no_calibration_is_said_to_be_what_it_is(
    folder: Path, name: str, words: str
) -> None:
    with pytest.raises(NotACalibrationError, match=words):
        load_calibration(folder / name)
