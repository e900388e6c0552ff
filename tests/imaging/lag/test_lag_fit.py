from __future__ import annotations

from typing import Any

import fpxi_imaging as im
import numpy as np
import numpy.typing as npt
import pytest
from fpxi_imaging.lag._selection import MOST_CHANCE
from fpxi_imaging.lag.errors import (
    LitSaturatedError,
    NoStepError,
    NotDecayingError,
    TooFewLagFramesError,
)
from fpxi_imaging.lag.fit import LagFit, fit_lag
from fpxi_imaging.lag.model import LagModel
from fpxi_imaging.verdict import Grade
from naive_lag import correct_sequence
from trap_panel import lag_model, trap_frames

EXPOSURE_US, PERIOD_US = 10_000, 20_000
SHAPE = (16, 20)
GOOD = np.ones(SHAPE, bool)
LIT = 20
TWO = lag_model((0.02, 0.006), (0.03, 0.6))
Values = npt.NDArray[np.float64]


def step_off(
    model: LagModel = TWO,
    *,
    frames: int = 200,
    noise: float = 2.0,
    level: float = 1000.0,
    seed: int = 1,
    before: int = 0,
    lit: int = LIT,
    periods_us: tuple[int, int] = (PERIOD_US, PERIOD_US + 1),
) -> tuple[Values, npt.NDArray[np.int64]]:
    """Frames of a panel whose beam goes off, and their times; endless exposure if none `before`."""
    random = np.random.default_rng(seed)
    response = level * random.uniform(0.8, 1.2, SHAPE)
    share = np.concatenate([np.zeros(before), np.ones(lit), np.zeros(frames)])
    exposures = share[:, None, None] * response
    times = 1_000_000 + np.cumsum(random.integers(*periods_us, len(share)))
    begins_in = 0.0 if before else response
    read = trap_frames(exposures, times, EXPOSURE_US, model, begins_in=begins_in)
    return read + random.normal(0, noise, read.shape), times


def fit(frames: Values, times: npt.NDArray[np.int64], **changes: Any) -> LagFit:
    values: dict[str, Any] = {"good": GOOD}
    return fit_lag(frames, times, EXPOSURE_US, **(values | changes))


def pulls(model: LagModel, truth: LagModel) -> Values:
    found = np.array([*model.fractions, *model.time_constants_s])
    expected = np.array([*truth.fractions, *truth.time_constants_s])
    pulled: Values = (found - expected) / np.sqrt(np.diag(model.covariance))
    return pulled


def grades(found: LagFit) -> dict[str, Grade]:
    return {verdict.check: verdict.grade for verdict in found.verdicts}


def exposure_text(found: LagFit) -> str:
    """Return what is said of the exposure before the step-off."""
    (text,) = [each.text for each in found.verdicts if each.check == "lag exposure"]
    return text


@pytest.mark.parametrize(
    "truth",
    [
        lag_model((0.02,), (0.1,)),
        TWO,
        lag_model((0.02, 0.01, 0.005), (0.02, 0.15, 1.2)),
    ],
    ids=["one", "two", "three"],
)
def test_without_noise_the_components_come_back(truth: LagModel) -> None:
    frames, times = step_off(truth, frames=400, noise=1e-4)
    model = fit(frames, times).model
    assert model.components == truth.components
    np.testing.assert_allclose(model.fractions, truth.fractions, rtol=1e-3)
    np.testing.assert_allclose(model.time_constants_s, truth.time_constants_s, rtol=1e-3)


def test_noise_moves_the_components_as_far_as_their_uncertainties_say() -> None:
    found = np.array(
        [pulls(fit(*step_off(seed=seed), components=2).model, TWO) for seed in range(25)]
    )
    assert np.sqrt(np.mean(found**2)) == pytest.approx(1.0, abs=0.3)
    assert np.abs(found.mean(axis=0)).max() < 0.8


def test_as_many_components_are_found_as_there_are() -> None:
    found = [fit(*step_off(seed=seed)) for seed in range(5)]
    assert [each.model.components for each in found] == [2] * 5
    chances = dict(found[0].chances)
    assert list(chances) == [0, 1, 2, 3, 4]
    assert max(chances[1], chances[2]) < MOST_CHANCE < min(chances[3], chances[4])


def test_what_is_reported_about_the_fit() -> None:
    frames, times = step_off()
    found = fit(frames, times, exposure_s=np.inf)
    model = found.model
    assert model.frames == 200
    assert model.first_s == pytest.approx(0.005)
    assert model.last_s == pytest.approx(199 * 0.02 + 0.005)
    assert found.level == pytest.approx(1000, rel=0.02)
    assert model.trace is not None
    assert model.residual == pytest.approx(float(np.mean(model.trace.uncertainty)), rel=0.2)
    assert set(grades(found).values()) == {Grade.GOOD}
    assert model.first_frame(0.01) == pytest.approx(TWO.first_frame(0.01), rel=0.03)


def test_a_frame_exposed_in_part_does_not_count() -> None:
    frames, times = step_off(noise=0.01)
    frames[LIT] += 600.0  # the beam went off within it
    found = fit(frames, times)
    assert found.model.first_s == pytest.approx(0.02 - 0.006 + 0.005, abs=4e-4)
    assert found.model.frames == 199


def test_lost_rows_and_saturated_samples_do_not_count() -> None:
    frames, times = step_off(noise=0.01)
    frames[LIT : LIT + 3, 4:9] = np.nan
    frames[:LIT, 2, 3:7] = np.nan
    frames[LIT + 8] = np.nan
    model = fit(frames, times).model
    assert model.frames == 199
    np.testing.assert_allclose(model.fractions, TWO.fractions, rtol=0.01)


def test_a_short_exposure_is_measured_where_its_begin_was_recorded() -> None:
    frames, times = step_off(noise=0.01, before=10, lit=31, frames=400)
    found = fit(frames, times)
    assert found.model.exposure_s == pytest.approx(0.62)
    np.testing.assert_allclose(found.model.fractions, TWO.fractions, rtol=0.02)
    assert grades(found)["lag exposure"] is Grade.USABLE
    assert "--lag-exposed" not in exposure_text(found)
    told = fit(frames[15:], times[15:], exposure_s=0.62)
    np.testing.assert_allclose(told.model.fractions, TWO.fractions, rtol=0.02)
    assert fit(frames[15:], times[15:]).model.fractions[1] < 0.9 * TWO.fractions[1]


def test_an_exposure_of_unknown_length_is_said_to_be_taken_for_endless() -> None:
    frames, times = step_off()
    found = fit(frames, times)
    assert np.isinf(found.model.exposure_s)
    assert grades(found)["lag exposure"] is Grade.USABLE
    assert "lasted 0.4 s, and taken to have been long enough" in exposure_text(found)
    assert "expose longer (--lag-on 2s), or say how long it was (--lag-exposed" in exposure_text(
        found
    )


def test_each_pixel_has_its_share_where_the_frames_can_tell() -> None:
    random = np.random.default_rng(3)
    truth = np.exp(0.15 * random.standard_normal(SHAPE)).astype(np.float32)
    truth /= np.median(truth)
    truth[5, 5] = 6.0
    model = lag_model(TWO.fractions, TWO.time_constants_s, multiplier=truth)
    frames, times = step_off(model, noise=0.3)
    multiplier = fit(frames, times).model.multiplier
    assert multiplier is not None
    assert np.std(multiplier - truth) < 0.03
    assert multiplier[5, 5] == pytest.approx(6.0, rel=0.05)
    frames, times = step_off(model, noise=30.0)
    assert fit(frames, times).model.multiplier is None


def test_an_error_of_a_pixels_dark_is_not_taken_for_lag() -> None:
    truth = np.exp(0.15 * np.random.default_rng(3).standard_normal(SHAPE))
    model = lag_model(TWO.fractions, TWO.time_constants_s, multiplier=truth)
    frames, times = step_off(model, noise=0.3)
    frames += np.random.default_rng(4).normal(0, 3, SHAPE)
    multiplier = fit(frames, times).model.multiplier
    assert multiplier is not None
    assert np.std(multiplier - truth / np.median(truth)) < 0.03


def test_slow_fluctuation_of_the_pixels_is_not_taken_for_their_lag() -> None:
    frames, times = step_off(noise=0.3)
    drift = np.cumsum(np.random.default_rng(4).normal(0, 0.7, frames.shape), axis=0)
    assert fit(frames + drift, times).model.multiplier is None


def test_a_pixel_that_lacks_samples_of_its_own_lags_as_the_others() -> None:
    truth = np.exp(0.15 * np.random.default_rng(3).standard_normal(SHAPE))
    model = lag_model(TWO.fractions, TWO.time_constants_s, multiplier=truth)
    frames, times = step_off(model, noise=0.3)
    frames[LIT + 3, 7] = np.nan
    frames[LIT + 5, 2, 3] = np.nan
    multiplier = fit(frames, times).model.multiplier
    assert multiplier is not None
    assert multiplier[2, 3] == 1.0
    assert np.std((multiplier - truth / np.median(truth))[7]) < 0.05


def test_pixels_that_are_not_good_do_not_count() -> None:
    frames, times = step_off(noise=0.01)
    good = GOOD.copy()
    good[:7] = False
    frames[:, :7] = np.random.default_rng(1).normal(0, 1000, frames[:, :7].shape)
    model = fit(frames, times, good=good).model
    np.testing.assert_allclose(model.fractions, TWO.fractions, rtol=0.02)


def test_a_single_pixel_will_do() -> None:
    frames, times = step_off(noise=0.2)
    model = fit(frames[:, :1, :1], times, good=np.ones((1, 1), bool)).model
    assert model.components == 2
    assert model.multiplier is None


def test_a_panel_without_lag_has_a_model_without_components() -> None:
    frames, times = step_off(lag_model((), ()))
    found = fit(frames, times)
    assert found.model.components == 0
    assert found.model.first_frame(0.01) == 0.0
    assert set(grades(found).values()) == {Grade.GOOD}
    assert "nothing to correct" in found.verdicts[0].text


def test_lag_that_outlasts_the_frames_is_said_to() -> None:
    frames, times = step_off(lag_model((0.02, 0.01), (0.05, 30.0)), frames=400)
    found = fit(frames, times)
    assert grades(found)["lag coverage"] is Grade.USABLE
    assert found.model.outlasting == (False, True)
    (text,) = [each.text for each in found.verdicts if each.check == "lag coverage"]
    assert "that time constant cannot be stated" in text
    assert "a dark level that moved" in text
    assert found.model.after_one_minute is None


def raised(
    sequence: tuple[Values, npt.NDArray[np.int64]], step: float, slope: float = 0.0, first: int = 0
) -> tuple[Values, npt.NDArray[np.int64]]:
    """The frames with a dark level that is higher, by so many counts, and more from then on."""
    frames, times = sequence
    level = step + slope * np.linspace(0, 1, len(frames))
    level[:first] = 0.0
    return frames + level[:, None, None], times


@pytest.mark.parametrize(("step", "slope"), [(0.4, 0.0), (-0.4, 0.0), (0.0, 0.6), (0.0, -0.6)])
def test_a_dark_level_that_moved_a_little_is_not_taken_for_lag(step: float, slope: float) -> None:
    for seed in range(5):
        found = fit(*raised(step_off(noise=2.0, seed=seed), step, slope, first=LIT))
        model = found.model
        assert model.components == 2
        assert np.abs(pulls(model, TWO)).max() < 4
        assert model.trace is not None
        middle = model.trace.dark_level[len(model.trace.dark_level) // 2]
        assert middle == pytest.approx((step + slope / 2) / 1000, abs=1.5e-4)


def test_a_dark_level_that_moved_much_is_named() -> None:
    found = fit(*raised(step_off(frames=400, noise=2.0), -1.5, first=LIT))
    assert found.model.components == 2
    (verdict,) = [each for each in found.verdicts if each.check == "dark level under the lag"]
    assert verdict.grade is Grade.USABLE
    assert verdict.measured == pytest.approx(1.5e-3, rel=0.2)
    assert verdict.text.startswith("-0.1")
    assert "most likely the darks were taken while the panel still lagged" in verdict.text
    decayed = f"X-rays off for {5 * found.model.time_constants_s[-1]:.2g} s before them"
    assert decayed in verdict.text


@pytest.mark.parametrize(
    ("step", "words"), [(-1.5, "the darks were taken while"), (1.5, "an earlier exposure still")]
)
def test_a_dark_level_that_is_no_small_part_of_the_slowest_lag_is_not_good(
    step: float, words: str
) -> None:
    found = fit(*raised(step_off(frames=400, noise=2.0, before=10), step))
    (verdict,) = [each for each in found.verdicts if each.check == "dark level under the lag"]
    assert verdict.limit < 0.0015
    assert verdict.grade is Grade.USABLE
    assert words in verdict.text


def test_frames_before_the_beam_tell_that_the_dark_level_moved() -> None:
    sequence = step_off(lag_model((), ()), noise=2.0, before=10)
    with pytest.raises(NotDecayingError, match="darks are of these conditions"):
        fit(*raised(sequence, 3.0, first=10 + LIT))
    found = fit(*raised(sequence, 3.0))
    assert found.model.components == 0
    assert found.model.trace is not None
    np.testing.assert_allclose(found.model.trace.dark_level, 3e-3, atol=1e-4)


def test_noise_that_lasts_is_not_taken_for_lag() -> None:
    kept = []
    for seed in range(10):
        frames, times = step_off(frames=400, noise=2.0, seed=seed)
        random = np.random.default_rng(100 + seed)
        common = np.zeros(len(frames))
        for index in range(1, len(frames)):
            common[index] = 0.97 * common[index - 1] + random.normal(0, 0.2)
        kept.append(fit(frames + common[:, None, None], times).model.components)
    assert set(kept) <= {1, 2}
    assert kept.count(2) >= 7


def test_a_component_seen_by_one_frame_alone_is_said_to_be() -> None:
    frames, times = step_off(lag_model((0.02, 0.01), (0.003, 0.5)))
    found = fit(frames, times)
    assert grades(found)["lag of one frame"] is Grade.USABLE
    model = found.model
    assert model.time_constant_uncertainties_s[0] > model.time_constants_s[0] / 3
    assert model.fraction_uncertainties[0] > model.fractions[0] / 3
    assert model.uncertainty(0.0, 0.01) < 0.02 * model.first_frame(0.01)


def test_a_dark_level_that_drifts_is_no_sum_of_exponentials() -> None:
    frames, times = step_off(noise=0.5)
    frames += 3 * np.sin(np.arange(len(frames)) / 40)[:, None, None]
    assert grades(fit(frames, times))["lag fit"] is Grade.USABLE


def test_a_beam_that_only_fades_is_refused() -> None:
    frames, times = step_off(lag_model((), ()))
    frames[LIT:] += 50.0
    with pytest.raises(NotDecayingError, match="beam was off"):
        fit(frames, times)


def test_a_beam_that_was_dimmed_and_drifts_is_refused() -> None:
    frames, times = step_off(lag_model((), ()))
    after = frames[LIT:]
    after += 0.1 * frames[LIT - 1] * np.linspace(1, 0.9, len(after))[:, None, None]
    with pytest.raises(NotDecayingError, match="beam was off"):
        fit(frames, times)


def test_frames_that_hold_no_step_are_refused() -> None:
    frames, times = step_off()
    with pytest.raises(NoStepError):
        fit(frames[:LIT], times[:LIT])
    with pytest.raises(TooFewLagFramesError):
        fit(frames[: LIT + 9], times[: LIT + 9])
    lost = frames.copy()
    lost[LIT + 5 :] = np.nan
    with pytest.raises(TooFewLagFramesError):
        fit(lost, times)


def test_saturated_exposures_are_refused() -> None:
    frames, times = step_off()
    frames[:LIT, :9] = np.nan
    with pytest.raises(LitSaturatedError, match=r"56\.2%"):
        fit(frames, times)


@pytest.mark.parametrize("changes", [{"components": 5}, {"exposure_s": 0.0}])
def test_settings_are_checked(changes: dict[str, Any]) -> None:
    with pytest.raises(im.SettingError):
        fit(*step_off(), **changes)
    with pytest.raises(im.ShapeMismatchError):
        fit(*step_off(), good=GOOD[1:])


def test_the_fitted_model_takes_nine_tenths_of_the_first_frames_lag() -> None:
    frames, times = step_off(noise=2.0)
    model = fit(frames, times).model
    other, stamps = step_off(
        noise=0.0, level=300.0, lit=7, before=5, frames=20, seed=9, periods_us=(11_000, 60_000)
    )
    corrected = correct_sequence(other, stamps, EXPOSURE_US, model)
    assert abs(np.median(corrected[12])) < 0.1 * abs(np.median(other[12]))
