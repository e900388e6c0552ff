"""What a calibration run refuses before a frame is taken or anybody is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fpxi
import pytest
from fpxi.calibration import calibrate_live, load_calibration, refresh_live, save_calibration
from fpxi.calibration.panel_now import area_now, conditions_now
from fpxi.calibration.run_errors import (
    PatternIsSetError,
    RefreshMismatchError,
    TooFewFramesPlannedError,
)
from fpxi.conditions import conditions_of
from fpxi.errors import RecordingOpenError
from fpxi_imaging import CheckLimits
from fpxi_imaging.lag.errors import AveragedExposuresError
from fpxi_readout.device_errors import ParameterRangeError

FEW: dict[str, Any] = {"dark_frames": 8, "flat_frames": 8}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A calibration of darks of 10 and 20 ms."""
    path = tmp_path_factory.mktemp("made") / "cal.h5"
    with fpxi.open("sim:cmos32?time=virtual") as session:
        calibrate_live(session, path, exposures_us=(20_000,), **FEW)
    return path


class Nobody:
    """An operator who must not be asked, nor told of a plan."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)


@pytest.fixture
def untouched(tmp_path: Path) -> Iterator[Path]:
    """A calibration to be made; nothing may be there in the end."""
    yield tmp_path / "cal.h5"
    assert not list(tmp_path.glob("cal*"))


def test_exposures_beyond_the_panel(session: fpxi.Session, untouched: Path) -> None:
    for exposure_us in (1, 10**9):
        with pytest.raises(ParameterRangeError, match=f"exposure_us = {exposure_us} is not"):
            calibrate_live(
                session, untouched, operator=Nobody(), exposures_us=(5000, exposure_us), **FEW
            )


def test_a_test_pattern(session: fpxi.Session, untouched: Path, made: Path) -> None:
    session.set("test_pattern", "ramp")
    with pytest.raises(PatternIsSetError, match=r"pattern ramp .*--set test_pattern=none"):
        calibrate_live(session, untouched, operator=Nobody(), **FEW)
    with pytest.raises(PatternIsSetError):
        refresh_live(session, made, output=untouched, operator=Nobody())


def test_the_lag_of_averaged_exposures(session: fpxi.Session, untouched: Path) -> None:
    session.set("average_log2", 2)
    with pytest.raises(AveragedExposuresError, match="4 exposures"):
        calibrate_live(session, untouched, operator=Nobody(), lag=True, **FEW)


def test_fewer_frames_than_the_checks_need(
    session: fpxi.Session, untouched: Path, made: Path, tmp_path: Path
) -> None:
    for counts in ({"dark_frames": 9}, {"flat_frames": 9}):
        with pytest.raises(TooFewFramesPlannedError, match="take 10 or more"):
            calibrate_live(
                session,
                untouched,
                operator=Nobody(),
                limits=CheckLimits(least_frames=10),
                **{"dark_frames": 10, "flat_frames": 10} | counts,
            )
    strict = tmp_path / "strict.h5"
    save_calibration(strict, replace(load_calibration(made), limits=CheckLimits(least_frames=10)))
    with pytest.raises(TooFewFramesPlannedError, match="take 10 or more"):
        refresh_live(session, strict, output=untouched, operator=Nobody(), frames=9)


def test_a_folder_that_cannot_be_written_to(
    session: fpxi.Session, untouched: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(RecordingOpenError, match="cannot be written to"):
        calibrate_live(session, untouched, operator=Nobody(), **FEW)
    with pytest.raises(RecordingOpenError, match="cannot be written to"):
        refresh_live(session, made, output=untouched, operator=Nobody())


@pytest.mark.parametrize(
    ("settings", "names", "remedy"),
    [
        ({"gain_setting": 1}, ["gain_setting"], r"Set gain_setting=0 \("),
        (
            {"bias_mV": 1000, "cds": "off"},
            ["cds", "bias_mV"],
            r"Set cds=1, bias_mV=0 \(on the command line --set, for each\)",
        ),
        ({"average_log2": 3}, ["averaged"], "Set average_log2=0 "),
        ({"region_rows": 16}, ["region"], "region_first_row=0, region_rows=32, "),
        ({"binning": "two_by_two"}, ["region", "binning"], "binning=1"),
    ],
)
def test_a_panel_that_is_set_otherwise_than_for_the_calibration_to_be_renewed(
    session: fpxi.Session,
    untouched: Path,
    made: Path,
    settings: dict[str, int | str],
    names: list[str],
    remedy: str,
) -> None:
    for name, value in settings.items():
        session.set(name, value)
    with pytest.raises(RefreshMismatchError, match=remedy) as caught:
        refresh_live(session, made, output=untouched, operator=Nobody())
    assert [each.name for each in caught.value.mismatches] == names


def test_an_exposure_that_the_calibration_has_no_darks_of(
    session: fpxi.Session, untouched: Path, made: Path
) -> None:
    with pytest.raises(RefreshMismatchError, match=r"Leave --exposure out .*\(10 ms, 20 ms\)"):
        refresh_live(session, made, output=untouched, operator=Nobody(), exposures_us=(7000,))


def test_another_panel_than_the_calibrations(untouched: Path, made: Path) -> None:
    with (
        fpxi.open("sim:cmos32?seed=4&time=virtual") as session,
        pytest.raises(RefreshMismatchError, match="Connect the panel that it was made with, or"),
    ):
        refresh_live(session, made, output=untouched, operator=Nobody())


def test_what_is_foreseen_is_what_frames_say(session: fpxi.Session) -> None:
    for name, value in {
        "gain_setting": 2,
        "bias_mV": 500,
        "region_first_row": 4,
        "region_rows": 8,
        "region_first_column": 6,
        "binning": "two_by_two",
        "average_log2": 2,
        "oversampling": 4,
        "cds": "off",
    }.items():
        session.set(name, value)
    now, area = conditions_now(session, session.get("exposure_us")), area_now(session)
    with session.frames(3) as frames:
        session.start(3, reliable=True)
        *_, frame = frames
    assert session.identity is not None
    found = conditions_of(frame, now.panel, session.identity.serial_number)
    assert now == found
    assert area == frame.area


def test_what_another_temperature_makes_of_the_offset_is_no_beam(
    made: Path, tmp_path: Path
) -> None:
    before = load_calibration(made)
    strict = tmp_path / "cal.h5"
    save_calibration(strict, replace(before, limits=CheckLimits(lit_refresh=0.01)))
    with fpxi.open("sim:cmos32?time=virtual&temperature_C=17") as session:
        new = refresh_live(session, strict, frames=8)
    assert min(each.median_drift for each in new.refreshes) > 0.01 * before.normalisation
    assert all("K colder" in each.text for each in new.refreshes)
    assert len(new.darks) == 4
