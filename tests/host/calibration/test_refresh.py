from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import fpxi
import numpy as np
import pytest
from fpxi.calibration import (
    calibration_from_recordings,
    load_calibration,
    refresh_offset,
    save_calibration,
)
from fpxi.calibration.errors import MixedConditionsError, WrongImageKeyError
from fpxi.errors import CalibrationExistsError
from fpxi_imaging import CalibrationMismatchError, SourceRole
from fpxi_imaging.calibration.errors import BeamOnInDarkError
from fpxi_readout.frame import Frame

DARK, FLAT = fpxi.ImageKey.DARK, fpxi.ImageKey.FLAT
COUNTS_PER_QUANTUM = 4.0
Record = Callable[..., Path]
Exposed = Callable[..., list[Frame]]


@pytest.fixture
def exposed(make_frame: Callable[..., Frame]) -> Exposed:
    """Make frames with the noise of the panel, and of the quanta of a signal in counts."""

    def make(offset: float, signal: float, numbers: range, **changes: object) -> list[Frame]:
        frames = []
        for number in numbers:
            random = np.random.default_rng(number)
            quanta = random.poisson(signal / COUNTS_PER_QUANTUM, (6, 5))
            values = offset + random.normal(0, 3, (6, 5)) + COUNTS_PER_QUANTUM * quanta
            samples = np.rint(values).astype(np.uint16)
            frames.append(make_frame(number, samples=samples, **changes))
        return frames

    return make


@pytest.fixture
def path(record: Record, exposed: Exposed, tmp_path: Path) -> Path:
    """A calibration's file."""
    made = calibration_from_recordings(
        record(exposed(500, 0, range(30)), "dark.h5", DARK),
        record(exposed(500, 4000, range(100, 130)), "flat.h5", FLAT),
    )
    save_calibration(tmp_path / "cal.h5", made)
    return tmp_path / "cal.h5"


def test_the_offset_is_renewed_and_the_drift_said(
    path: Path, record: Record, exposed: Exposed
) -> None:
    before = load_calibration(path)
    frames = exposed(507, 0, range(200, 230))
    made = refresh_offset(path, record(frames, "later.h5", DARK))
    found = load_calibration(path)
    mean = np.mean([frame.samples for frame in frames], axis=0)
    np.testing.assert_allclose(found.darks[0].mean, mean, rtol=1e-6)
    np.testing.assert_array_equal(found.gains[0].gain, before.gains[0].gain)
    assert len(found.darks) == 1
    (refresh,) = found.refreshes
    assert refresh == made.refreshes[0]
    assert (refresh.frames, refresh.median_drift) == (30, pytest.approx(7, abs=0.5))
    assert "+7" in refresh.text or "+6.9" in refresh.text
    used = found.sources[-1]
    assert (used.role, used.frames) == (SourceRole.REFRESH, tuple(range(30)))
    assert used.path.endswith("later.h5")
    assert found.sources[:-1] == before.sources


def test_another_file_leaves_the_calibration_as_it_was(
    path: Path, record: Record, exposed: Exposed, tmp_path: Path
) -> None:
    before = path.read_bytes()
    later = record(exposed(507, 0, range(200, 230)), "later.h5", DARK)
    refresh_offset(path, later, out=tmp_path / "new.h5")
    assert path.read_bytes() == before
    assert len(load_calibration(tmp_path / "new.h5").refreshes) == 1
    with pytest.raises(CalibrationExistsError):
        refresh_offset(path, later, out=tmp_path / "new.h5")


def test_a_beam_that_is_on_is_recognised(path: Path, record: Record, exposed: Exposed) -> None:
    before = path.read_bytes()
    with pytest.raises(BeamOnInDarkError):
        refresh_offset(path, record(exposed(500, 400, range(200, 230)), "lit.h5", DARK))
    assert path.read_bytes() == before


def test_darks_of_settings_that_the_calibration_has_not_are_refused(
    path: Path, record: Record, exposed: Exposed
) -> None:
    other = record(exposed(500, 0, range(30), gain_setting=0), "other.h5", DARK)
    with pytest.raises(CalibrationMismatchError, match="gain setting: "):
        refresh_offset(path, other)


def test_what_is_no_dark_is_refused(path: Path, record: Record, exposed: Exposed) -> None:
    with pytest.raises(WrongImageKeyError):
        refresh_offset(path, record(exposed(500, 4000, range(30)), "x.h5", FLAT))
    biased = [
        record(exposed(500, 0, range(30), bias_mV=bias), f"{bias}.h5", DARK) for bias in (0, 900)
    ]
    with pytest.raises(MixedConditionsError):
        refresh_offset(path, biased)
