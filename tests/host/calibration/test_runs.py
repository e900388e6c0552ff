from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fpxi
import numpy as np
import pytest
from fpxi.calibration import (
    calibration_from_recordings,
    calibration_summary,
    load_calibration,
    save_calibration,
)
from fpxi.calibration.errors import (
    MixedConditionsError,
    RecordingListError,
    RelativeDosesError,
    SettingWithoutFlatsError,
    UnmarkedRecordingError,
    WrongImageKeyError,
)
from fpxi.calibration.runs import require_usable_darks
from fpxi_imaging import (
    Conditions,
    FlatNotBrighterError,
    SaturatedError,
    SourceRole,
    Tolerances,
)
from fpxi_imaging.calibration.errors import NoDarkForFlatError
from fpxi_imaging.departures import Agreement
from fpxi_readout.frame import Frame

DARK, FLAT = fpxi.ImageKey.DARK, fpxi.ImageKey.FLAT
Record = Callable[..., Path]
Levelled = Callable[..., list[Frame]]


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


def test_the_frames_used_are_named_so_that_they_can_be_known_again(
    record: Record, darks: list[Frame], flats: list[Frame], tmp_path: Path
) -> None:
    both = record(darks + flats, "both.h5", [DARK] * 8 + [FLAT] * 8)
    save_calibration(tmp_path / "cal.h5", calibration_from_recordings(both, both))
    of_dark, of_flat = load_calibration(tmp_path / "cal.h5").sources
    assert (of_dark.role, of_dark.frames) == (SourceRole.DARK, tuple(range(8)))
    assert (of_flat.role, of_flat.frames) == (SourceRole.FLAT, tuple(range(8, 16)))
    content = both.read_bytes()
    assert of_dark.path == of_flat.path == str(both)
    assert (of_dark.size, of_dark.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_program_is_named(record: Record, darks: list[Frame], flats: list[Frame]) -> None:
    made = calibration_from_recordings(record(darks, "a.h5", DARK), record(flats, "b.h5", FLAT))
    assert made.software.startswith("fpxi ")


def test_darks_of_a_gain_setting_without_flats_are_refused(
    record: Record, levelled: Levelled, darks: list[Frame], flats: list[Frame]
) -> None:
    other = record(levelled(500, range(8), gain_setting=0), "other.h5", DARK)
    with pytest.raises(SettingWithoutFlatsError, match="record flats of gain setting 0") as caught:
        calibration_from_recordings([record(darks, "a.h5", DARK), other], record(flats, key=FLAT))
    assert (caught.value.path, caught.value.with_flats) == (other, (1,))


@pytest.mark.parametrize("doses", [[], [1, 2], [0], [float("nan")]])
def test_doses_that_belong_to_no_recording_are_refused(
    record: Record, darks: list[Frame], flats: list[Frame], doses: list[float]
) -> None:
    listed = ", ".join(f"{dose:g}" for dose in doses)
    with pytest.raises(RelativeDosesError, match=f"relative doses {listed} cannot"):
        calibration_from_recordings(
            record(darks, "a.h5", DARK), record(flats, "b.h5", FLAT), relative_doses=doses
        )


def test_no_recording_or_one_given_twice_is_refused(record: Record, darks: list[Frame]) -> None:
    dark = record(darks, "a.h5", DARK)
    with pytest.raises(RecordingListError, match="flats cannot be made from nothing"):
        calibration_from_recordings(dark, [])
    with pytest.raises(RecordingListError, match="each once") as caught:
        calibration_from_recordings([dark, dark.parent / "x" / ".." / "a.h5"], dark)
    assert len(caught.value.paths) == 2


def test_recordings_of_two_biases_are_refused(
    record: Record, levelled: Levelled, darks: list[Frame]
) -> None:
    flats = levelled(9000, range(8), bias_mV=-12_500)
    with pytest.raises(MixedConditionsError):
        calibration_from_recordings(record(darks, "a.h5", DARK), record(flats, "b.h5", FLAT))


def test_what_a_widened_tolerance_let_pass_stays_on_record(
    record: Record, levelled: Levelled, darks: list[Frame], tmp_path: Path
) -> None:
    flats = levelled(9000, range(8), bias_mV=-12_500)
    dark, flat = record(darks, "a.h5", DARK), record(flats, "b.h5", FLAT)
    wide = Tolerances(bias_mV=300)
    save_calibration(tmp_path / "cal.h5", calibration_from_recordings(dark, flat, tolerances=wide))
    made = load_calibration(tmp_path / "cal.h5")
    assert made.agreement is not None
    assert made.agreement.tolerances == wide
    found = {(each.condition, each.frames_least) for each in made.agreement.departures}
    assert ("bias_mV", -12_500) in found
    facts = calibration_summary(made)
    assert ("Tolerances", "bias 0.3 V, usually 0.1 V") in facts
    passed = [text for name, text in facts if name == "Let pass"]
    assert any("bias of the frames is -12.5 V, of the calibration -12.345 V" in t for t in passed)


def test_usual_tolerances_that_let_nothing_pass_are_no_matter_for_words(
    record: Record, darks: list[Frame], flats: list[Frame]
) -> None:
    made = calibration_from_recordings(record(darks, "a.h5", DARK), record(flats, "b.h5", FLAT))
    assert made.agreement == Agreement(Tolerances(), ())
    assert not {"Tolerances", "Let pass"} & {name for name, _ in calibration_summary(made)}


def test_saturated_darks_are_refused_before_flats_are_taken(
    record: Record, levelled: Levelled, darks: list[Frame]
) -> None:
    require_usable_darks(record(darks, "a.h5", DARK))
    with pytest.raises(SaturatedError, match="dark"):
        require_usable_darks(record(levelled(16_380, range(4)), "b.h5", DARK))


def test_exposures_and_levels_widen_what_a_calibration_covers(
    record: Record, levelled: Levelled
) -> None:
    short = [*levelled(500, range(8)), *levelled(600, range(8, 16), exposure_us=7500)]
    long = levelled(700, range(16, 24), exposure_us=12_500)
    flats = [
        record(levelled(level, range(30, 38)), f"flat-{level}.h5", FLAT)
        for level in (2500, 4500, 8500)
    ]
    made = calibration_from_recordings(
        [record(short, "a.h5", DARK), record(long, "b.h5", DARK)], flats, relative_doses=[1, 2, 4]
    )
    assert [dark.conditions.exposure_us for dark in made.darks] == [2500, 7500, 12_500]
    assert [dark.frames for dark in made.darks] == [8, 8, 8]
    (model,) = made.offset_models
    assert model.exposures_us == (2500, 7500, 12_500)
    assert float(np.median(model.rate)) == pytest.approx(20_000, rel=0.01)
    (gain,) = made.gains
    assert [level.relative_dose for level in gain.levels] == [1, 2, 4]
    assert [level.signal for level in gain.levels] == pytest.approx([2000, 4000, 8000], rel=0.01)
    between = replace(made.conditions, exposure_us=5000)
    assert "5000" in " ".join(made.resolve(between).notes)


def test_flats_that_no_darks_fit_are_named(
    record: Record, levelled: Levelled, darks: list[Frame]
) -> None:
    flats = record(levelled(9000, range(8), exposure_us=5000), "b.h5", FLAT)
    with pytest.raises(NoDarkForFlatError, match="no darks fit the flats of 5 ms"):
        calibration_from_recordings(record(darks, "a.h5", DARK), flats)


def test_darks_of_one_gain_setting_do_not_serve_the_flats_of_another(
    record: Record, levelled: Levelled, darks: list[Frame], flats: list[Frame]
) -> None:
    other = record(levelled(9000, range(8), gain_setting=0), "c.h5", FLAT)
    with pytest.raises(NoDarkForFlatError, match="gain setting 0"):
        calibration_from_recordings(
            record(darks, "a.h5", DARK), [record(flats, "b.h5", FLAT), other]
        )
