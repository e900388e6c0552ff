from dataclasses import replace
from datetime import UTC, datetime

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging.calibration.beam_checks import (
    check_exposures,
    check_pattern,
    compare_darks,
    refuse_beam,
)
from fpxi_imaging.calibration.photon_transfer import PhotonNoise

SHAPE = (40, 50)
GOOD = np.ones(SHAPE, bool)
LIMITS = im.CheckLimits()
READ_NOISE = 4.0
NOISE_PER_COUNT = 2.0
FLAT = 10_000.0
FRAMES = 40
PHOTONS = PhotonNoise.measured(NOISE_PER_COUNT, FLAT, READ_NOISE, frames=FRAMES, pixels=GOOD.size)
UNKNOWN = PhotonNoise(NOISE_PER_COUNT, FLAT, error=NOISE_PER_COUNT / 4)


@pytest.fixture
def panel(conditions: im.Conditions) -> "Panel":
    return Panel(conditions)


class Panel:
    """Offset, pattern and noise of an imaginary panel."""

    def __init__(self, conditions: im.Conditions) -> None:
        self.rng = np.random.default_rng(8)
        self.offset = self.rng.normal(300, 20, SHAPE)
        self.pattern = self.rng.normal(1, 0.04, SHAPE)
        self.conditions = conditions

    def dark(
        self,
        beam: float = 0.0,
        current: float = 0.0,
        exposure_us: int = 10_000,
        flicker: float = 0.0,
    ) -> im.DarkMap:
        """Return darks with this share of the flats' beam, and dark current of this many counts.

        `flicker` is the standard deviation of that current.
        """
        signal = beam * FLAT * self.pattern + current * self.pattern
        variance = (
            READ_NOISE**2
            + NOISE_PER_COUNT * beam * FLAT * self.pattern
            + 0.01 * current
            + flicker**2
        )
        mean = self.rng.normal(self.offset + signal, np.sqrt(variance / FRAMES))
        freedom = FRAMES - 1
        noise = np.sqrt(variance * self.rng.chisquare(freedom, SHAPE) / freedom)
        taken = datetime(2026, 1, 1, tzinfo=UTC)
        at = replace(self.conditions, exposure_us=exposure_us)
        return im.DarkMap(mean.astype(np.float32), noise.astype(np.float32), FRAMES, at, taken)

    def response(self, dark: im.DarkMap) -> np.ndarray:
        """Return flats less these darks."""
        return self.offset + FLAT * self.pattern - dark.mean

    def variance(self, noise_per_count: float = NOISE_PER_COUNT) -> np.ndarray:
        """Return the temporal variance of flats."""
        variance = READ_NOISE**2 + noise_per_count * FLAT * self.pattern
        return variance * self.rng.chisquare(FRAMES - 1, SHAPE) / (FRAMES - 1)


@pytest.mark.parametrize("beam", [0.03, 0.3])
def test_darks_that_show_the_flats_pattern_and_noise_are_refused(panel: Panel, beam: float) -> None:
    dark = panel.dark(beam)
    with pytest.raises(im.BeamOnInDarkError, match="shutter") as caught:
        check_pattern(dark, panel.response(dark), panel.variance(), GOOD, PHOTONS, LIMITS)
    assert caught.value.signal == pytest.approx(beam * FLAT, rel=0.1 + beam)


@pytest.mark.parametrize("current", [0.0, 2000.0])
def test_dark_current_of_the_same_pattern_is_no_beam(panel: Panel, current: float) -> None:
    dark = panel.dark(current=current)
    verdict = check_pattern(dark, panel.response(dark), panel.variance(), GOOD, PHOTONS, LIMITS)
    assert verdict.grade is im.Grade.GOOD
    assert verdict.measured < 0.5


def test_what_cannot_be_told_is_said(panel: Panel) -> None:
    dark = panel.dark()
    response = np.full(SHAPE, 30.0)  # a flat of hardly any dose, without a pattern
    verdict = check_pattern(dark, response, panel.variance(), GOOD, PHOTONS, LIMITS)
    assert verdict.grade is im.Grade.USABLE
    assert "higher dose" in verdict.text


def test_a_pattern_is_no_beam_where_nothing_is_known_of_the_photons_noise(panel: Panel) -> None:
    dark = panel.dark(current=2000)  # of the flats' pattern, and hardly noisy
    variance = panel.variance(noise_per_count=0.0)
    verdict = check_pattern(dark, panel.response(dark), variance, GOOD, UNKNOWN, LIMITS)
    assert verdict.grade is im.Grade.USABLE


@pytest.fixture
def film(conditions: im.Conditions) -> Panel:
    """Return a panel whose uneven offsets hide the pattern of a weak beam."""
    panel = Panel(conditions)
    panel.offset = panel.rng.normal(5000, 1500, SHAPE)
    panel.pattern = panel.rng.normal(1, 0.2, SHAPE)
    return panel


def test_darks_that_are_noisiest_where_flats_are_brightest_are_refused(film: Panel) -> None:
    dark = film.dark(0.03)
    with pytest.raises(im.BeamOnInDarkError, match="noisier where the flats are brighter"):
        check_pattern(dark, film.response(dark), film.variance(), GOOD, PHOTONS, LIMITS)
    dark = film.dark()
    verdict = check_pattern(dark, film.response(dark), film.variance(), GOOD, PHOTONS, LIMITS)
    assert verdict.grade is im.Grade.GOOD


def test_noise_that_follows_the_flats_without_their_signal_is_the_amplifiers(panel: Panel) -> None:
    dark = replace(panel.dark(), noise=(60 * panel.pattern).astype(np.float32))
    verdict = check_pattern(dark, panel.response(dark), panel.variance(), GOOD, PHOTONS, LIMITS)
    assert verdict.measured < 2  # the pattern of the means belies it


def test_the_brighter_of_two_exposures_had_the_beam_on_even_if_it_is_the_shorter(
    panel: Panel,
) -> None:
    lit, clean = panel.dark(0.04, exposure_us=5_000), panel.dark(exposure_us=20_000)
    with pytest.raises(im.BeamOnInDarkError, match="darks of 5 ms"):
        check_exposures(lit, clean, GOOD, PHOTONS, LIMITS)


def test_darks_that_brighten_with_the_exposure_as_photons_do_are_refused(panel: Panel) -> None:
    short = panel.dark(0.01, exposure_us=5_000)
    long = panel.dark(0.04, exposure_us=20_000)
    with pytest.raises(im.BeamOnInDarkError, match="darks of 20 ms"):
        check_exposures(short, long, GOOD, PHOTONS, LIMITS)
    unknown = check_exposures(short, long, GOOD, UNKNOWN, LIMITS)
    assert unknown.grade is im.Grade.USABLE
    assert unknown.measured == pytest.approx(3, rel=0.1)
    assert "make sure that the X-rays were off" in unknown.text


def test_dark_current_that_rises_with_the_exposure_is_no_beam(panel: Panel) -> None:
    short = panel.dark(current=100, exposure_us=5_000)
    verdict = check_exposures(short, panel.dark(current=400), GOOD, PHOTONS, LIMITS)
    assert verdict.grade is im.Grade.GOOD


def test_dark_current_noisier_than_photons_is_no_beam_but_could_hide_one(panel: Panel) -> None:
    short = panel.dark(current=100, exposure_us=5_000)
    noisy = panel.dark(current=400, flicker=40)  # 1600 of variance, where photons add 600
    verdict = check_exposures(short, noisy, GOOD, PHOTONS, LIMITS)
    assert verdict.grade is im.Grade.USABLE
    assert verdict.measured == pytest.approx(3, rel=0.1)


def test_the_brighter_of_first_and_closing_darks_had_the_beam_on(panel: Panel) -> None:
    clean, lit = panel.dark(), panel.dark(0.02)
    with pytest.raises(im.BeamOnInDarkError, match="first darks"):
        compare_darks(lit, clean, GOOD, PHOTONS)
    with pytest.raises(im.BeamOnInDarkError, match="closing darks"):
        compare_darks(clean, lit, GOOD, PHOTONS)


def test_darks_that_differ_without_the_noise_of_photons_have_drifted(panel: Panel) -> None:
    first = panel.dark()
    with pytest.raises(im.DriftError) as caught:
        compare_darks(first, panel.dark(current=30), GOOD, PHOTONS)
    assert caught.value.drift == pytest.approx(30, abs=1)
    assert compare_darks(first, panel.dark(), GOOD, PHOTONS).grade is im.Grade.GOOD
    some = compare_darks(first, panel.dark(current=2), GOOD, PHOTONS)
    assert some.grade is im.Grade.USABLE


def test_later_darks_are_refused_for_photons_alone(panel: Panel) -> None:
    with pytest.raises(im.BeamOnInDarkError, match="those of the calibration"):
        refuse_beam(panel.dark(), panel.dark(0.02), GOOD, PHOTONS, LIMITS)
    refuse_beam(panel.dark(), panel.dark(current=300), GOOD, PHOTONS, LIMITS)
    refuse_beam(panel.dark(), panel.dark(0.02), GOOD, UNKNOWN, LIMITS)  # its noise is not known
