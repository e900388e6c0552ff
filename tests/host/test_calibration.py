from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import fpxi
import numpy as np
import pytest
from click.testing import CliRunner
from fpxi.calibration import (
    BeamStep,
    calibrate_live,
    calibration_notes,
    load_calibration,
)
from fpxi.cli.main import cli
from fpxi.errors import CalibrationExistsError, RecordingExistsError
from fpxi_imaging import (
    Calibration,
    Conditions,
    DefectClass,
    DefectMap,
    DefectThresholds,
    FlatNotBrighterError,
    SaturatedError,
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
    sources = load_calibration(tmp_path / "cal.h5").sources
    assert [source.path for source in sources] == [
        str(tmp_path / "cal.dark.h5"),
        str(tmp_path / "cal.flat.h5"),
    ]


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
