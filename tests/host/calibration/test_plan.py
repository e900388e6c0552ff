"""What a calibration run will do, told before it begins."""

from __future__ import annotations

import pytest
from fpxi.calibration.plan import LAG_DARK_FRAMES, StepKind, plan_refresh, plan_run
from fpxi.calibration.run_errors import TooFewFramesPlannedError


def test_a_plain_run_takes_darks_flats_and_closing_darks() -> None:
    steps = plan_run(10_000, dark_frames=100, flat_frames=50)
    assert [(step.name, step.frames) for step in steps] == [
        ("dark", 100),
        ("flat", 50),
        ("closing", 20),
    ]
    assert [step.beam_on for step in steps] == [False, True, False]


def test_darks_of_other_exposures_follow_those_of_the_flats() -> None:
    steps = plan_run(10_000, exposures_us=(20_000, 10_000, 5_000, 20_000))
    darks = [step for step in steps if step.kind is StepKind.DARK]
    assert [step.exposure_us for step in darks] == [10_000, 5_000, 20_000]
    assert [step.name for step in darks] == ["dark", "dark-5000us", "dark-20000us"]
    assert {step.exposure_us for step in steps if step.kind is not StepKind.DARK} == {10_000}


def test_the_highest_level_comes_first_and_the_others_are_told_as_its_fractions() -> None:
    flats = [step for step in plan_run(10_000, levels=4) if step.kind is StepKind.FLAT]
    assert [step.level for step in flats] == [1.0, 0.75, 0.5, 0.25]
    assert "nothing between source and panel" in flats[0].instruction
    assert "50% of that of the first flats" in flats[2].instruction


def test_lag_is_recorded_at_the_highest_level_until_long_after() -> None:
    (step,) = (each for each in plan_run(100_000, lag=True) if each.kind is StepKind.STEP_OFF)
    assert (step.level, step.lit_frames, step.frames) == (1.0, 100, LAG_DARK_FRAMES + 100 + 200)
    assert (step.lit_s, step.after_s) == (10.0, 20.0)
    assert "have the X-rays off" in step.instruction
    assert "told to switch them on, and some 10 s later to switch them off" in step.instruction


@pytest.mark.parametrize(
    ("exposure_us", "options", "lit", "after"),
    [
        (100, {}, 1000, 2000),
        (10_000_000, {}, 50, 100),
        (20_000, {"lag_on_s": 3.0, "lag_off_s": 0.5}, 150, 25),
    ],
)
def test_lag_lasts_as_long_as_wanted_and_else_a_fair_number_of_frames(
    exposure_us: int, options: dict[str, float], lit: int, after: int
) -> None:
    steps = plan_run(exposure_us, lag=True, **options)  # type: ignore[arg-type]
    (step,) = (each for each in steps if each.kind is StepKind.STEP_OFF)
    assert (step.lit_frames, step.frames) == (lit, LAG_DARK_FRAMES + lit + after)


@pytest.mark.parametrize("option", ["lag_on_s", "lag_off_s"])
def test_a_lag_of_too_few_frames_is_refused(option: str) -> None:
    with pytest.raises(TooFewFramesPlannedError, match="9 of the"):
        plan_run(10_000, lag=True, **{option: 0.09})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, ["dark", "flat", "closing"]),
        ({"exposures_us": (5_000,)}, ["dark", "flat", "closing"]),
        ({"lag": True}, ["dark", "flat", "step-off"]),
        ({"levels": 2, "lag": True}, ["dark", "flat", "flat-2", "step-off"]),
    ],
)
def test_the_user_is_asked_only_where_the_beam_changes(
    options: dict[str, object], asked: list[str]
) -> None:
    steps = plan_run(10_000, **options)  # type: ignore[arg-type]
    before = (None, *steps)
    told = [
        step.name for step, last in zip(steps, before, strict=False) if step.needs_user_after(last)
    ]
    assert told == asked


@pytest.mark.parametrize("counts", [(1, 100), (100, 1)])
def test_a_single_frame_is_refused_before_anything_is_done(counts: tuple[int, int]) -> None:
    with pytest.raises(TooFewFramesPlannedError, match="take 2 or more"):
        plan_run(10_000, dark_frames=counts[0], flat_frames=counts[1])
    with pytest.raises(TooFewFramesPlannedError):
        plan_refresh([10_000], 1, 1)


def test_a_refresh_takes_darks_of_each_exposure() -> None:
    steps = plan_refresh([20_000, 5_000], 50, 3)
    assert [(step.name, step.frames) for step in steps] == [
        ("refresh-3-5000us", 50),
        ("refresh-3-20000us", 50),
    ]
    assert steps[0].needs_user_after(None)
    assert not steps[1].needs_user_after(steps[0])
