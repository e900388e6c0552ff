"""Calibrations from flats of several levels, darks of several exposures, several gain settings."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest

SHAPE = (30, 40)
CREATED = datetime(2026, 3, 4, tzinfo=UTC)
LEVELS = (4_000.0, 10_000.0, 20_000.0, 30_000.0)
NOISE_PER_COUNT = 2.0
FRAMES = 40
BENDS = 2e-6
"""Curvature of the pixels of column 5: response = u (1 - bend u)."""


class Panel:
    """An imaginary panel: offset, dark current, gain, curved pixels, a heel, photon noise."""

    def __init__(self, conditions: im.Conditions, *, heel: float = 0.0, bend: float = 0.0) -> None:
        self.rng = np.random.default_rng(13)
        self.conditions = conditions
        self.bias = self.rng.normal(300, 20, SHAPE)
        self.rate = self.rng.normal(2_000, 200, SHAPE)  # counts a second
        self.gain = self.rng.normal(1, 0.03, SHAPE)
        self.bend = np.where(np.arange(SHAPE[1]) == 5, BENDS, 0.0) + bend
        self.heel = 1 + heel * np.linspace(-1, 1, SHAPE[1]) * np.ones((SHAPE[0], 1))

    def series(
        self, level: float = 0.0, exposure_us: int = 10_000, dose: float | None = None, **at: Any
    ) -> im.FrameSeries:
        """Return frames of this signal of the median pixel, counts."""
        signal = level * self.gain * self.heel
        signal = signal * (1 - self.bend * signal)
        mean = self.bias + self.rate * exposure_us * 1e-6 + signal
        sigma = np.sqrt(9 + NOISE_PER_COUNT * signal)
        stack = im.FrameStack(SHAPE)
        for _ in range(FRAMES):
            stack.add(self.rng.normal(mean, sigma).round().astype(np.uint16))
        where = replace(self.conditions, exposure_us=exposure_us, **at)
        return im.FrameSeries(stack, where, CREATED, dose)


def build(
    darks: list[im.FrameSeries], flats: list[im.FrameSeries], **changes: Any
) -> im.Calibration:
    options: dict[str, Any] = {
        "not_imaging": np.zeros(SHAPE, bool),
        "saturation_level": 60_000,
        "created": CREATED,
        # The curved pixels are to be corrected, not condemned.
        "thresholds": im.DefectThresholds(non_uniformity=0.5),
    }
    return im.build_calibration(darks, flats, **options | changes)


def corrected(calibration: im.Calibration, series: im.FrameSeries) -> np.ndarray:
    """Return the mean frame, corrected as the calibration says, in float64."""
    found = calibration.resolve(series.conditions)
    u: np.ndarray = (series.stack.mean - found.offset) * found.gain
    if isinstance(found.linearity, im.Polynomial):
        terms = found.linearity.coefficients.astype(float)
        u *= 1 + sum(c * u ** (k + 1) for k, c in enumerate(terms))
    elif isinstance(found.linearity, im.Piecewise):
        lines = found.linearity
        place = (lines.knots <= u).sum(axis=0)[None]
        slope = np.take_along_axis(lines.slopes, place, 0)[0]
        u = slope * u + np.take_along_axis(lines.intercepts, place, 0)[0]
    return u


@pytest.fixture(scope="module")
def panel(conditions: im.Conditions) -> Panel:
    return Panel(conditions)


@pytest.fixture(scope="module")
def taken(panel: Panel) -> tuple[list[im.FrameSeries], list[im.FrameSeries]]:
    return [panel.series()], [panel.series(level) for level in LEVELS]


Taken = tuple[list[im.FrameSeries], list[im.FrameSeries]]


def test_one_level_knows_its_noise_and_uncertainty(taken: Taken) -> None:
    made = build(taken[0], taken[1][-1:])
    (gain,) = made.gains
    assert (gain.method, gain.shading) == (im.GainMethod.ONE_LEVEL, im.Shading.REMOVED)
    assert gain.noise_per_count == pytest.approx(NOISE_PER_COUNT, rel=0.03)
    expected = np.sqrt((9 + NOISE_PER_COUNT * 30_000) / FRAMES) / 30_000
    assert np.median(gain.uncertainty) == pytest.approx(expected, rel=0.03)
    assert made.resolve(made.conditions).dark_noise == pytest.approx(3.0, rel=0.03)
    graded = {verdict.check: verdict.grade for verdict in made.verdicts}
    assert len(graded) == len(made.verdicts)
    assert graded["uncertainty of the gain"] is im.Grade.GOOD
    assert graded["beam off in the darks"] is im.Grade.GOOD


def test_several_levels_are_linear_unless_told_in_any_order(taken: Taken) -> None:
    darks, flats = taken
    made = build(darks, [flats[2], flats[0], flats[3], flats[1]])
    (gain,) = made.gains
    assert gain.method is im.GainMethod.LINEAR
    signals = [level.signal for level in gain.levels]
    np.testing.assert_allclose(signals, LEVELS, rtol=0.01)
    assert [level.target for level in gain.levels] == signals
    assert gain.normalisation == signals[-1]
    assert made.flat_frames == 4 * FRAMES


@pytest.mark.parametrize(
    ("options", "bound"),
    [
        (im.GainOptions(), None),
        (im.GainOptions(im.GainMethod.PIECEWISE), 0.005),
        (im.GainOptions(im.GainMethod.POLYNOMIAL, degree=2), 0.005),
        (im.GainOptions(im.GainMethod.POLYNOMIAL), 0.005),
    ],
)
def test_curved_pixels_are_straightened_by_pieces_and_polynomials(
    options: im.GainOptions, bound: float | None, taken: Taken, panel: Panel
) -> None:
    made = build(*taken, gain=options)
    between = panel.series(14_000.0)  # a level that no flat was taken at
    values = corrected(made, between)
    curved = values[:, 5].mean() / np.median(np.delete(values, 5, axis=1)) - 1
    if bound is None:
        assert curved > 0.01  # a straight gain leaves them bright in the middle
    else:
        assert abs(curved) < bound


def test_non_linear_pixels_of_a_linear_gain_are_found_by_the_lowest_level(taken: Taken) -> None:
    made = build(*taken, thresholds=im.DefectThresholds())
    found = (made.defects.classes & im.DefectClass.NON_UNIFORM) != 0
    assert found[:, 5].mean() > 0.95
    assert np.delete(found, 5, axis=1).mean() < 0.002


def test_relative_doses_straighten_the_median_pixel_too(conditions: im.Conditions) -> None:
    bent = Panel(conditions, bend=3e-6)
    flats = [bent.series(level, dose=level / 1000) for level in LEVELS]
    options = im.GainOptions(im.GainMethod.POLYNOMIAL)
    made = build([bent.series()], flats, gain=options)
    levels = made.gains[0].levels
    ratios = [level.target / level.relative_dose for level in levels if level.relative_dose]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-12)
    assert levels[-1].target == levels[-1].signal
    values = [np.median(corrected(made, bent.series(level))) for level in (7_000.0, 28_000.0)]
    assert values[1] / values[0] == pytest.approx(4, rel=0.003)
    unknown = [replace(each, relative_dose=None) for each in flats]
    plain = build([bent.series()], unknown, gain=options)
    values = [np.median(corrected(plain, bent.series(level))) for level in (7_000.0, 28_000.0)]
    assert values[1] / values[0] < 3.8


def test_the_heel_is_removed_or_kept_by_choice(conditions: im.Conditions) -> None:
    heeled = Panel(conditions, heel=0.1)
    darks, flats = [heeled.series()], [heeled.series(20_000.0)]
    fresh = heeled.series(20_000.0)
    removed = corrected(build(darks, flats), fresh)
    kept = corrected(build(darks, flats, gain=im.GainOptions(shading=im.Shading.KEPT)), fresh)
    plain = np.delete(np.arange(SHAPE[1]), 5)
    columns = [values[:, plain].mean(axis=0) / values.mean() for values in (removed, kept)]
    np.testing.assert_allclose(columns[0], 1, atol=0.005)
    np.testing.assert_allclose(columns[1], heeled.heel[0, plain] / heeled.heel.mean(), atol=0.01)
    pattern = kept / heeled.heel / np.median(kept / heeled.heel)
    assert pattern[:, plain].std() < 0.01  # the pixels' own 3 % are gone


def test_flats_of_an_exposure_between_darks_have_the_models_offset(panel: Panel) -> None:
    darks = [panel.series(exposure_us=t) for t in (5_000, 10_000, 40_000)]
    made = build(darks, [panel.series(20_000.0, exposure_us=20_000)])
    assert made.conditions.exposure_us == 20_000
    found = made.resolve(made.conditions)
    truth = panel.bias + panel.rate * 20e-3
    assert np.abs(found.offset - truth).mean() < 0.6
    graded = {verdict.check: verdict for verdict in made.verdicts}
    assert graded["offset model"].grade is im.Grade.GOOD


def test_exposures_are_compared_at_temperatures_that_are_held_to_be_equal(panel: Panel) -> None:
    warmer = panel.conditions.temperature_mC + 3000
    darks = [panel.series(), panel.series(exposure_us=40_000, temperature_mC=warmer)]
    flats = [panel.series(20_000.0)]
    for tolerated_mC, compared in ((2000, False), (4000, True)):
        made = build(darks, flats, tolerances=im.Tolerances(temperature_mC=tolerated_mC))
        checks = {verdict.check for verdict in made.verdicts}
        assert ("beam off at every exposure" in checks) is compared


def test_each_gain_setting_gets_its_gain(panel: Panel) -> None:
    darks = [panel.series(), panel.series(gain_setting=3)]
    flats = [panel.series(20_000.0), panel.series(10_000.0, gain_setting=3)]
    made = build(darks, flats)
    assert [gain.conditions.gain_setting for gain in made.gains] == [2, 3]
    high = made.resolve(replace(made.conditions, gain_setting=3))
    assert high.normalisation == pytest.approx(10_000, rel=0.01)


def test_a_pixel_that_clips_at_the_high_level_is_calibrated_by_the_others(
    taken: Taken, panel: Panel
) -> None:
    darks, flats = taken
    top = int(np.percentile(flats[-1].stack.maximum, 97))  # 3 % of the pixels clip
    made = build(darks, flats, saturation_level=top)
    clipped = flats[-1].stack.maximum >= top
    assert made.gains[0].levels[-1].clipped == pytest.approx(clipped.mean())
    assert not made.defects.mask[clipped].any()
    np.testing.assert_allclose(made.gains[0].gain[clipped], 1 / panel.gain[clipped], rtol=0.03)
    alone = build(darks, flats[-1:], saturation_level=top)
    assert (alone.defects.classes[clipped] & im.DefectClass.SATURATED).all()


class TestRefused:
    def test_flats_without_a_dark_of_their_conditions(self, panel: Panel) -> None:
        with pytest.raises(im.NoDarkForFlatError, match="flats of 20 ms") as caught:
            build([panel.series()], [panel.series(20_000.0, exposure_us=20_000)])
        assert [each.name for each in caught.value.mismatches] == ["exposure_us"]

    def test_one_level_for_a_bent_gain(self, taken: Taken) -> None:
        for method in (im.GainMethod.PIECEWISE, im.GainMethod.POLYNOMIAL):
            with pytest.raises(im.GainLevelsError, match="two levels or more"):
                build(taken[0], taken[1][:1], gain=im.GainOptions(method))

    def test_fewer_levels_than_the_degree(self, taken: Taken) -> None:
        options = im.GainOptions(im.GainMethod.POLYNOMIAL, degree=3)
        with pytest.raises(im.GainLevelsError, match="as many levels"):
            build(taken[0], taken[1][:2], gain=options)

    def test_levels_that_are_nearly_equal(self, taken: Taken) -> None:
        options = im.GainOptions(im.GainMethod.PIECEWISE)
        with pytest.raises(im.GainLevelsError, match="apart"):
            build(taken[0], [taken[1][0], taken[1][0]], gain=options)

    def test_doses_of_some_levels_only(self, taken: Taken) -> None:
        flats = [replace(taken[1][0], relative_dose=1.0), taken[1][1]]
        with pytest.raises(im.GainLevelsError, match="give all"):
            build(taken[0], flats)
        flats = [replace(each, relative_dose=-1.0) for each in taken[1]]
        with pytest.raises(im.GainLevelsError, match="above 0"):
            build(taken[0], flats)

    def test_doses_that_fall_as_the_signals_rise(self, taken: Taken) -> None:
        doses = (2.0, 1.0, 3.0, 4.0)
        flats = [replace(each, relative_dose=d) for each, d in zip(taken[1], doses, strict=True)]
        for method in (None, im.GainMethod.POLYNOMIAL):
            with pytest.raises(im.GainLevelsError, match="2, 1, 3, 4, do not rise"):
                build(taken[0], flats, gain=im.GainOptions(method))

    def test_a_degree_that_is_not_offered(self) -> None:
        with pytest.raises(im.SettingError, match="degree"):
            im.GainOptions(degree=4)

    def test_no_series(self, taken: Taken) -> None:
        with pytest.raises(im.CalibrationError, match="at least one series"):
            build([], taken[1])

    def test_darks_with_a_part_of_the_beam_on(self, panel: Panel) -> None:
        with pytest.raises(im.BeamOnInDarkError):
            build([panel.series(2_000.0)], [panel.series(20_000.0)])

    def test_darks_in_which_the_beam_was_on_at_the_longer_exposure(self, panel: Panel) -> None:
        darks = [panel.series(), panel.series(400.0, exposure_us=20_000)]
        with pytest.raises(im.BeamOnInDarkError, match="darks of 20 ms"):
            build(darks, [panel.series(20_000.0)])

    def test_darks_in_which_the_beam_was_on_at_an_exposure_in_between(self, panel: Panel) -> None:
        darks = [panel.series(exposure_us=each) for each in (10_000, 40_000)]
        lit = panel.series(2_000.0, exposure_us=20_000)
        with pytest.raises(im.BeamOnInDarkError, match="darks of 20 ms"):
            build([*darks, lit], [panel.series(20_000.0)])

    def test_a_dead_panel(self, conditions: im.Conditions) -> None:
        stack = im.FrameStack(SHAPE)
        for _ in range(3):
            stack.add(np.full(SHAPE, 9, np.uint16))
        series = [im.FrameSeries(stack, conditions, CREATED)]
        with pytest.raises(im.AllDeadError):
            build(series, series)

    def test_a_saturated_panel(self, panel: Panel, conditions: im.Conditions) -> None:
        stack = im.FrameStack(SHAPE)
        for _ in range(3):
            stack.add(np.full(SHAPE, 65535, np.uint16))
        flats = [im.FrameSeries(stack, replace(conditions, exposure_us=10_000), CREATED)]
        with pytest.raises(im.AllSaturatedError):
            build([panel.series()], flats)


def test_a_beam_that_flickers_does_not_pass_for_photon_noise(conditions: im.Conditions) -> None:
    panel = Panel(conditions)
    flickering = im.FrameStack(SHAPE)
    for _ in range(FRAMES):
        signal = 20_000 * panel.gain * panel.rng.normal(1, 0.02)
        mean = panel.bias + panel.rate * 10e-3 + signal
        frame = panel.rng.normal(mean, np.sqrt(9 + NOISE_PER_COUNT * signal))
        flickering.add(frame.round().astype(np.uint16))
    steady = panel.series(20_000.0)
    made = build([panel.series()], [replace(steady, stack=flickering)])
    assert made.gains[0].noise_per_count == pytest.approx(NOISE_PER_COUNT, rel=0.1)
