from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import fpxi
import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from fpxi.calibration import (
    BeamStep,
    calibrate_live,
    calibration_from_recordings,
    calibration_notes,
    load_calibration,
    save_calibration,
)
from fpxi.calibration.errors import (
    MixedConditionsError,
    NotACalibrationError,
    UnmarkedRecordingError,
    WrongImageKeyError,
)
from fpxi.calibration.files import load_sources
from fpxi.cli.main import cli
from fpxi.errors import CalibrationExistsError, OutputError, RecordingExistsError
from fpxi.recording.facts import RecordingFacts
from fpxi_imaging import (
    Calibration,
    Conditions,
    DefectClass,
    DefectMap,
    DefectThresholds,
    FlatNotBrighterError,
    NotEnoughFramesError,
    SaturatedError,
    Tolerances,
    calibration_from_maps,
)
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.generated import State

MakeFrame = Callable[..., Frame]
Record = Callable[..., Path]
SHAPE = (6, 5)
DARK, FLAT = fpxi.ImageKey.DARK, fpxi.ImageKey.FLAT


@pytest.fixture
def calibration() -> Calibration:
    random = np.random.default_rng(4)
    defects = np.zeros(SHAPE, np.bool_)
    defects[2, 3] = True
    return calibration_from_maps(
        offset=random.normal(100, 1, SHAPE),
        gain=np.where(defects, np.nan, random.normal(1, 0.1, SHAPE)),
        defects=defects,
        not_imaging=np.zeros(SHAPE, np.bool_),
        normalisation=1234.5,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=20,
        conditions=Conditions("tiny", "SN-7", 2500, 1, -12345, 27301),
        created=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        thresholds=DefectThresholds(),
    )


def levelled(make_frame: MakeFrame, level: int, numbers: range, **changes: object) -> list[Frame]:
    """Frames of about one level with a little noise."""
    frames = []
    for number in numbers:
        noise = np.random.default_rng(number).integers(0, 8, SHAPE, np.uint16)
        frames.append(make_frame(number, samples=noise + np.uint16(level), **changes))
    return frames


@pytest.fixture
def darks(make_frame: MakeFrame) -> list[Frame]:
    return levelled(make_frame, 500, range(8))


@pytest.fixture
def flats(make_frame: MakeFrame) -> list[Frame]:
    return levelled(make_frame, 9000, range(8, 16))


def test_a_calibration_comes_back_whole(tmp_path: Path, calibration: Calibration) -> None:
    save_calibration(tmp_path / "cal.h5", calibration, sources=["dark.h5", "flat.h5"])
    loaded = load_calibration(tmp_path / "cal.h5")
    np.testing.assert_array_equal(loaded.darks[0].mean, calibration.darks[0].mean)
    np.testing.assert_array_equal(loaded.gains[0].gain, calibration.gains[0].gain)
    np.testing.assert_array_equal(loaded.defects.classes, calibration.defects.classes)
    np.testing.assert_array_equal(loaded.not_imaging, calibration.not_imaging)
    for name in ("normalisation", "saturation_level", "dark_frames", "flat_frames"):
        assert getattr(loaded, name) == getattr(calibration, name)
    assert loaded.conditions == calibration.conditions
    assert loaded.created == calibration.created
    assert loaded.thresholds == calibration.thresholds
    assert load_sources(tmp_path / "cal.h5") == ["dark.h5", "flat.h5"]
    assert [path.name for path in tmp_path.glob("*") if path.is_file()] == ["cal.h5"]


def test_an_existing_calibration_is_kept_unless_told_otherwise(
    tmp_path: Path, calibration: Calibration
) -> None:
    path = tmp_path / "cal.h5"
    path.write_text("precious")
    with pytest.raises(CalibrationExistsError):
        save_calibration(path, calibration)
    assert path.read_text() == "precious"
    save_calibration(path, calibration, overwrite=True)
    assert load_calibration(path).normalisation == 1234.5
    assert load_sources(path) == []


def write_single(path: Path, layout: int) -> None:
    """Write a file as layouts 1 and 2 have it."""
    conditions = {
        "panel": "tiny",
        "serial_number": "SN-7",
        "exposure_us": 2500,
        "gain_setting": 1,
        "bias_mV": -12345,
        "temperature_mC": 27301,
    }
    if layout == 2:
        conditions |= {"first_row": 1, "first_column": 2, "binning": 1, "cds": 0, "oversampling": 4}
    with h5py.File(path, "w") as file:
        file.attrs["fpxi_calibration_layout"] = layout
        group = file.create_group("calibration")
        group["offset"], group["gain"] = np.full(SHAPE, 100, np.float32), np.ones(SHAPE, np.float32)
        group["defects"], group["not_imaging"] = np.eye(*SHAPE) > 0, np.zeros(SHAPE, bool)
        for name, value in {
            "normalisation": 1234.5,
            "saturation_level": 16383,
            "dark_frames": 10,
            "flat_frames": 20,
            "created": "2026-01-02T03:04:05+00:00",
        }.items():
            group[name] = value
        for name, value in conditions.items():
            group[f"conditions/{name}"] = value
        for name, value in {"over_response": 1.4, "most_defective": 0.5}.items():
            group[f"thresholds/{name}"] = value


@pytest.mark.parametrize("layout", [1, 2])
def test_files_of_earlier_layouts_are_read(tmp_path: Path, layout: int) -> None:
    write_single(tmp_path / "cal.h5", layout)
    loaded = load_calibration(tmp_path / "cal.h5")
    assert (loaded.dark_frames, loaded.flat_frames, loaded.normalisation) == (10, 20, 1234.5)
    assert loaded.thresholds == DefectThresholds(over_response=1.4)
    np.testing.assert_array_equal(loaded.darks[0].mean, 100)
    np.testing.assert_array_equal(loaded.defects.mask, np.eye(*SHAPE) > 0)
    found = loaded.conditions
    sampling = (found.first_row, found.first_column, found.binning, found.cds, found.oversampling)
    assert sampling == ((0, 0, 1, 1, 1) if layout == 1 else (1, 2, 1, 0, 4))


def test_files_that_are_no_calibration_are_named(
    tmp_path: Path, calibration: Calibration, record: Record
) -> None:
    path = tmp_path / "cal.h5"
    save_calibration(path, calibration)
    with h5py.File(path, "r+") as file:
        file.attrs["fpxi_calibration_layout"] = 4
    for wrong in (path, tmp_path / "absent.h5", record([])):
        with pytest.raises(NotACalibrationError):
            load_calibration(wrong)
    with pytest.raises(NotACalibrationError):
        load_sources(tmp_path / "absent.h5")


def test_darks_and_flats_make_a_calibration(
    record: Record, darks: list[Frame], flats: list[Frame]
) -> None:
    seen: list[tuple[int, int]] = []
    made = calibration_from_recordings(
        record(darks, "dark.h5", DARK),
        record(flats, "flat.h5", FLAT),
        progress=lambda done, total: seen.append((done, total)),
    )
    mean_dark = np.mean([frame.samples for frame in darks], axis=0)
    np.testing.assert_allclose(made.darks[0].mean, mean_dark, rtol=1e-6)
    assert (made.dark_frames, made.flat_frames) == (8, 8)
    assert made.conditions == Conditions("tiny", "SN-7", 2500, 1, -12345, 27301)
    assert made.saturation_level == 16383
    assert made.not_imaging.sum() == 18
    assert seen == [(done, 16) for done in range(1, 17)]


def test_one_file_may_hold_both_by_their_keys(
    record: Record, darks: list[Frame], flats: list[Frame]
) -> None:
    keys = [fpxi.ImageKey.DARK] * 8 + [fpxi.ImageKey.FLAT] * 8
    path = record(darks + flats, key=keys)
    made = calibration_from_recordings(path, path)
    assert made.normalisation == pytest.approx(8500, abs=3)


def test_darks_given_as_flats_are_refused(record: Record, darks: list[Frame]) -> None:
    path = record(darks, key=fpxi.ImageKey.DARK)
    with pytest.raises(WrongImageKeyError, match="recorded as dark"):
        calibration_from_recordings(path, path)


def test_swapped_recordings_are_refused(
    record: Record, darks: list[Frame], flats: list[Frame]
) -> None:
    with pytest.raises(FlatNotBrighterError):
        calibration_from_recordings(record(flats, "a.h5"), record(darks, "b.h5"), unmarked=True)


def test_unmarked_recordings_are_refused_unless_said_to_be_right(
    record: Record, darks: list[Frame], flats: list[Frame]
) -> None:
    dark, flat = record(darks, "a.h5", DARK), record(flats, "b.h5")
    with pytest.raises(UnmarkedRecordingError, match="capture --flat") as caught:
        calibration_from_recordings(dark, flat)
    assert caught.value.path == flat
    assert calibration_from_recordings(dark, flat, unmarked=True).flat_frames == 8


def test_no_tolerance_mixes_exposures(
    record: Record, make_frame: MakeFrame, darks: list[Frame]
) -> None:
    flats = levelled(make_frame, 9000, range(8), exposure_us=5000)
    with pytest.raises(MixedConditionsError):
        calibration_from_recordings(
            record(darks, "a.h5", DARK),
            record(flats, "b.h5", FLAT),
            tolerances=Tolerances(exposure_us=10_000),
        )


def test_the_conditions_are_those_of_the_flats(
    record: Record, make_frame: MakeFrame, darks: list[Frame]
) -> None:
    flats = levelled(make_frame, 9000, range(8), bias_mV=-12_300, temperature_mC=27_401)
    made = calibration_from_recordings(record(darks, "a.h5", DARK), record(flats, "b.h5", FLAT))
    assert (made.conditions.bias_mV, made.conditions.temperature_mC) == (-12_300, 27_351)


def test_what_makes_a_calibration_doubtful_is_said(calibration: Calibration) -> None:
    assert len(calibration_notes(calibration)) == 2
    (level,) = calibration.gains[0].levels
    enough = replace(
        calibration,
        darks=(replace(calibration.darks[0], frames=30),),
        gains=(replace(calibration.gains[0], levels=(replace(level, frames=30),)),),
    )
    assert calibration_notes(enough) == []
    defects = calibration.defects.classes.copy()
    defects[1] = DefectClass.IMPORTED
    (note,) = calibration_notes(replace(enough, defects=DefectMap(defects)))
    assert note.startswith("20.0% of the imaging pixels")


def test_a_calibration_does_not_replace_what_it_was_made_from(
    record: Record, darks: list[Frame], calibration: Calibration
) -> None:
    dark = record(darks, "a.h5", DARK)
    with pytest.raises(OutputError, match="choose another name"):
        save_calibration(dark, calibration, sources=[dark], overwrite=True)
    fpxi.read_recording(dark).close()


def test_empty_recordings_are_refused(record: Record, flats: list[Frame]) -> None:
    with pytest.raises(NotEnoughFramesError):
        calibration_from_recordings(record([], "a.h5"), record(flats, "b.h5", FLAT))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("exposure_us", {"exposure_us": 2501}),
        ("gain_setting", {"gain_setting": 0}),
        ("bias_mV", {"bias_mV": -12_500}),
        ("temperature_mC", {"temperature_mC": 30_000}),
    ],
)
def test_other_conditions_of_the_flat_are_refused(
    record: Record, make_frame: MakeFrame, darks: list[Frame], name: str, change: dict[str, int]
) -> None:
    flats = levelled(make_frame, 9000, range(8), **change)
    with pytest.raises(MixedConditionsError) as caught:
        calibration_from_recordings(record(darks, "a.h5", DARK), record(flats, "b.h5", FLAT))
    assert caught.value.name == name


def test_another_panel_of_the_flat_is_refused(
    record: Record, facts: RecordingFacts, darks: list[Frame], flats: list[Frame]
) -> None:
    other = replace(facts, identity=replace(facts.identity, serial_number="SN-8"))
    with pytest.raises(MixedConditionsError, match="SN-8"):
        calibration_from_recordings(
            record(darks, "a.h5", DARK), record(flats, "b.h5", FLAT, about=other)
        )


def never(step: BeamStep) -> None:
    raise AssertionError(f"asked to {step.value}")


def test_a_simulated_panel_is_calibrated_without_help_and_left_as_it_was(
    session: fpxi.Session, tmp_path: Path
) -> None:
    scene = session.scene
    shown = scene.object
    seen: list[tuple[BeamStep, int, int]] = []
    made = calibrate_live(
        session,
        tmp_path / "cal.h5",
        dark_frames=12,
        flat_frames=10,
        prompt=never,
        progress=lambda *step: seen.append(step),
    )
    assert (made.dark_frames, made.flat_frames) == (12, 10)
    assert load_calibration(tmp_path / "cal.h5").conditions == made.conditions
    assert (scene.beam_on, scene.object) == (True, shown)
    assert seen[0] == (BeamStep.DARK, 1, 12)
    assert seen[-1] == (BeamStep.FLAT, 10, 10)
    with fpxi.read_recording(tmp_path / "cal.dark.h5") as reader:
        assert reader.image_keys.tolist() == [fpxi.ImageKey.DARK] * 12
    sources = load_sources(tmp_path / "cal.h5")
    assert sources == [str(tmp_path / "cal.dark.h5"), str(tmp_path / "cal.flat.h5")]


def test_an_acquisition_that_was_on_goes_on_afterwards(
    session: fpxi.Session, tmp_path: Path
) -> None:
    session.start(reliable=True)
    calibrate_live(session, tmp_path / "cal.h5", dark_frames=8, flat_frames=8, prompt=never)
    assert session.get("state") != State.IDLE
    session.stop()


def test_the_operator_is_asked_where_there_is_no_scene(
    session: fpxi.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = session.scene
    asked: list[BeamStep] = []

    def obey(step: BeamStep) -> None:
        asked.append(step)
        scene.beam_on, scene.object = step is BeamStep.FLAT, "none"

    monkeypatch.setattr(fpxi.Session, "scene", None)
    calibrate_live(session, tmp_path / "cal.h5", dark_frames=8, flat_frames=8, prompt=obey)
    assert asked == [BeamStep.DARK, BeamStep.FLAT]


def test_a_beam_that_stays_on_is_recognised_and_the_frames_kept(
    session: fpxi.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fpxi.Session, "scene", None)
    with pytest.raises(FlatNotBrighterError) as caught:
        calibrate_live(
            session, tmp_path / "cal.h5", dark_frames=8, flat_frames=8, prompt=lambda step: None
        )
    assert not (tmp_path / "cal.h5").exists()
    assert (tmp_path / "cal.dark.h5").exists()
    for name in ("cal.dark.h5", "cal.flat.h5", "--overwrite"):
        assert name in caught.value.__notes__[0]


def test_an_existing_calibration_is_not_collected_over(
    session: fpxi.Session, tmp_path: Path
) -> None:
    (tmp_path / "cal.h5").touch()
    with pytest.raises(CalibrationExistsError):
        calibrate_live(session, tmp_path / "cal.h5", prompt=never)


@pytest.mark.parametrize("taken", ["cal.dark.h5", "cal.flat.h5"])
def test_every_name_is_looked_at_before_anything_is_recorded(
    session: fpxi.Session, tmp_path: Path, taken: str
) -> None:
    (tmp_path / taken).touch()
    with pytest.raises(RecordingExistsError):
        calibrate_live(session, tmp_path / "cal.h5", dark_frames=8, flat_frames=8, prompt=never)
    assert [path.name for path in tmp_path.glob("*.h5")] == [taken]
    calibrate_live(
        session, tmp_path / "cal.h5", dark_frames=8, flat_frames=8, prompt=never, overwrite=True
    )


def test_saturated_darks_are_refused_before_flats_are_asked_for(
    session: fpxi.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = session.scene
    asked: list[BeamStep] = []

    def overexpose(step: BeamStep) -> None:
        asked.append(step)
        scene.beam_on, scene.object, scene.dose_rate = True, "none", 1.0

    monkeypatch.setattr(fpxi.Session, "scene", None)
    with pytest.raises(SaturatedError, match="dark") as caught:
        calibrate_live(
            session, tmp_path / "cal.h5", dark_frames=8, flat_frames=8, prompt=overexpose
        )
    assert asked == [BeamStep.DARK]
    assert "cal.dark.h5 kept" in caught.value.__notes__[0]


def test_a_user_who_gives_up_on_the_way_is_told_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fpxi.Session, "scene", None)
    words = ["calibrate", "sim:cmos32?time=virtual", "--dark", "8", "--flat", "8", "-o"]
    result = CliRunner().invoke(cli, [*words, str(tmp_path / "cal.h5")], input="\n")
    assert result.exit_code == 1
    assert "nobody confirmed" in result.stderr
    assert f"{tmp_path / 'cal.dark.h5'} kept" in result.stderr


def test_unmarked_recordings_need_the_option(
    record: Record, darks: list[Frame], flats: list[Frame], tmp_path: Path
) -> None:
    files = ["--dark", record(darks, "a.h5"), "--flat", record(flats, "b.h5")]
    words = [str(word) for word in ("calibrate", *files, "-o", tmp_path / "cal.h5")]
    assert "--unmarked" in CliRunner().invoke(cli, words).stderr
    result = CliRunner().invoke(cli, [*words, "--unmarked"])
    assert result.exit_code == 0
    assert "8 darks make a noisy calibration" in result.stdout
    with_url = ["calibrate", "sim:cmos32", "-o", str(tmp_path / "x.h5"), "--unmarked"]
    assert CliRunner().invoke(cli, with_url).exit_code == 2
