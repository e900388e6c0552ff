from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fpxi
import numpy as np
import pytest
from fpxi.calibration.errors import MixedConditionsError
from fpxi.calibration.series import (
    Chosen,
    choose,
    conditions_of_group,
    grouped,
    read_series,
    require_one_panel,
)
from fpxi.errors import FrameSelectionError, PatternFramesError
from fpxi.recording.facts import RecordingFacts
from fpxi_imaging import Conditions, Tolerances
from fpxi_readout.frame import Frame, Sampling
from fpxi_readout.protocol.generated import FrameFlag

DARK, FLAT = fpxi.ImageKey.DARK, fpxi.ImageKey.FLAT
TOLERANCES = Tolerances()
Record = Callable[..., Path]
Levelled = Callable[..., list[Frame]]
Pick = Callable[..., Chosen]


@pytest.fixture
def pick(record: Record) -> Iterator[Pick]:
    """Record frames and choose all of them."""
    with ExitStack() as stack:

        def make(
            frames: list[Frame],
            name: str = "run.h5",
            key: fpxi.ImageKey = DARK,
            **about: RecordingFacts,
        ) -> Chosen:
            reader = stack.enter_context(fpxi.read_recording(record(frames, name, key, **about)))
            return choose(reader, key, unmarked=False)

        yield make


def settings(groups: list[list[Chosen]]) -> list[tuple[int, int, int]]:
    """Exposure, temperature and number of the frames of each group."""
    found = [(conditions_of_group(group), group) for group in groups]
    return [
        (at.exposure_us, at.temperature_mC, sum(len(part.indices) for part in group))
        for at, group in found
    ]


def test_darks_are_told_apart_by_exposure_gain_setting_and_temperature(
    pick: Pick, levelled: Levelled
) -> None:
    frames = [
        *levelled(500, range(3)),
        *levelled(500, range(3, 5), exposure_us=5000),
        *levelled(500, range(5, 9), gain_setting=0),
        *levelled(500, range(9, 14), temperature_mC=32_000),
        *levelled(500, range(14, 15)),
    ]
    groups = grouped([pick(frames)], TOLERANCES)
    assert settings(groups) == [
        (2500, 27_301, 4),
        (2500, 32_000, 5),
        (5000, 27_301, 2),
        (2500, 27_301, 4),
    ]
    assert [conditions_of_group(group).gain_setting for group in groups] == [1, 1, 1, 0]
    assert groups[0][0].indices.tolist() == [0, 1, 2, 14]


def test_darks_of_two_recordings_under_the_same_settings_are_one_series(
    pick: Pick, levelled: Levelled
) -> None:
    parts = [
        pick(levelled(500, range(3), temperature_mC=27_000), "a.h5"),
        pick(levelled(500, range(5), temperature_mC=28_600), "b.h5"),
    ]
    assert settings(grouped(parts, TOLERANCES)) == [(2500, 28_000, 8)]


def test_flats_of_two_recordings_are_two_series(pick: Pick, levelled: Levelled) -> None:
    parts = [
        pick(levelled(3000, range(3)), "a.h5", FLAT),
        pick(levelled(9000, range(5)), "b.h5", FLAT),
    ]
    assert settings(grouped(parts, TOLERANCES)) == [(2500, 27_301, 3), (2500, 27_301, 5)]


def test_a_temperature_that_wanders_is_refused(pick: Pick, levelled: Levelled) -> None:
    frames = [
        frame
        for number in range(4)
        for frame in levelled(500, range(number, number + 1), temperature_mC=25_000 + 700 * number)
    ]
    chosen = pick(frames)
    with pytest.raises(MixedConditionsError, match="steady temperature") as caught:
        grouped([chosen], TOLERANCES)
    assert (caught.value.name, caught.value.first) == ("temperature_mC", 25_000)
    assert len(grouped([chosen], Tolerances(temperature_mC=2100))) == 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("bias_mV", {"bias_mV": -12_500}),
        ("cds", {"sampling": Sampling(cds=False)}),
        ("oversampling", {"sampling": Sampling(oversampling=4)}),
        ("averaged", {"sampling": Sampling(averaged=4)}),
    ],
)
def test_what_all_frames_share_is_checked(
    pick: Pick, levelled: Levelled, name: str, change: dict[str, object]
) -> None:
    parts = [
        pick(levelled(500, range(2)), "a.h5"),
        pick(levelled(9000, range(2), **change), "b.h5", FLAT),
    ]
    with pytest.raises(MixedConditionsError, match=r"b\.h5") as caught:
        require_one_panel(parts, TOLERANCES)
    assert caught.value.name == name
    require_one_panel(parts[:1], TOLERANCES)


def test_no_two_recordings_may_be_further_apart_in_bias_than_is_tolerated(
    pick: Pick, levelled: Levelled
) -> None:
    parts = [
        pick(levelled(500, range(2), bias_mV=bias), f"{bias}.h5") for bias in (5000, 4940, 5060)
    ]
    require_one_panel(parts[:2], TOLERANCES)
    with pytest.raises(MixedConditionsError, match=r"5060\.h5") as caught:
        require_one_panel(parts, TOLERANCES)
    assert (caught.value.first, caught.value.second) == (4940, 5060)


def test_another_panel_is_refused(pick: Pick, facts: RecordingFacts, levelled: Levelled) -> None:
    other = replace(facts, identity=replace(facts.identity, serial_number="SN-8"))
    parts = [
        pick(levelled(500, range(2)), "a.h5"),
        pick(levelled(9000, range(2)), "b.h5", FLAT, about=other),
    ]
    with pytest.raises(MixedConditionsError, match="SN-8"):
        require_one_panel(parts, TOLERANCES)


def test_a_series_has_the_frames_of_all_its_recordings(pick: Pick, levelled: Levelled) -> None:
    a, b = levelled(500, range(3)), levelled(500, range(5, 9))
    (group,) = grouped([pick(a, "a.h5"), pick(b, "b.h5")], TOLERANCES)
    seen: list[None] = []
    series = read_series(group, lambda: seen.append(None))
    expected = np.mean([frame.samples for frame in (*a, *b)], axis=0)
    np.testing.assert_allclose(series.stack.mean, expected)
    assert series.conditions == Conditions("tiny", "SN-7", 2500, 1, -12345, 27301)
    assert series.stack.frames == len(seen) == 7


def test_a_series_was_taken_when_its_first_frame_was(pick: Pick, levelled: Levelled) -> None:
    before = datetime.now(UTC)
    frames = [*levelled(500, range(1), exposure_us=9), *levelled(500, range(1000, 1002))]
    _, later = grouped([pick(frames)], TOLERANCES)
    taken = read_series(later, lambda: None).taken
    delay = timedelta(microseconds=1000 * 2600)
    assert before + delay <= taken <= datetime.now(UTC) + delay


def test_a_recording_without_frames_is_refused(pick: Pick) -> None:
    with pytest.raises(FrameSelectionError, match="a dark"):
        pick([])


def test_test_patterns_are_refused(pick: Pick, levelled: Levelled) -> None:
    with pytest.raises(PatternFramesError):
        pick(levelled(500, range(2), flags=FrameFlag.PATTERN))
