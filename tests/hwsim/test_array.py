"""Each effect of the signal chain against its closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fpxi_hwsim.array import (
    ELECTRON_FC,
    PixelMaps,
    absorb,
    amplify,
    convert,
    digitise,
    expose,
    imaging_mask,
    inject,
    leak,
)
from fpxi_hwsim.pixel_maps import make_pixel_maps
from fpxi_hwsim.presets import CMOS32, PRESETS, TFT64, Preset

SHAPE = TFT64.geometry.shape
AIR = np.ones(SHAPE, np.float32)
NO_CHARGE = np.zeros(SHAPE, np.float32)
SIGMAS = 5.0


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture(scope="module")
def maps() -> PixelMaps:
    return make_pixel_maps(TFT64, seed=1)


@pytest.mark.parametrize("photons", [0.5, 8.0, 60.0, 5000.0])
def test_absorbed_photons_have_the_mean_and_variance_of_poisson(
    photons: float, random: np.random.Generator
) -> None:
    dose_Gy = photons / TFT64.absorbed_photons_per_Gy
    sample = np.concatenate([absorb(TFT64, dose_Gy, AIR, random).ravel() for _ in range(20)])
    assert abs(sample.mean() - photons) < SIGMAS * np.sqrt(photons / sample.size)
    # The variance of a Poisson sample's variance, from its fourth central moment.
    spread = np.sqrt((photons + 2 * photons**2) / sample.size)
    assert abs(sample.var() - photons) < SIGMAS * spread


def test_photons_follow_the_transmission(random: np.random.Generator) -> None:
    half = AIR.copy()
    half[:, :32] = 0
    photons = absorb(TFT64, 1e-6, half, random)
    assert photons[:, :32].sum() == 0
    assert photons[:, 32:].min() > 0


def test_every_photon_gives_the_same_charge_times_the_pixels_response(maps: PixelMaps) -> None:
    charge_fC = convert(TFT64, maps, np.full(SHAPE, 10))
    np.testing.assert_allclose(charge_fC, 10 * TFT64.charge_per_photon_fC * maps.response, 1e-6)


@pytest.mark.parametrize("exposure_us", [100, 10_000, 60_000_000])
def test_dark_charge_is_current_times_time_with_shot_noise(
    exposure_us: int, random: np.random.Generator, maps: PixelMaps
) -> None:
    uniform = replace(maps, dark_current_pA=np.full(SHAPE, 8, np.float32))
    dark_fC = np.concatenate(
        [leak(uniform, NO_CHARGE, exposure_us, random).ravel() for _ in range(10)]
    ).astype(float)
    expected_fC = 8e-12 * exposure_us * 1e-6 * 1e15
    variance_fC2 = expected_fC * ELECTRON_FC
    n = dark_fC.size
    assert abs(dark_fC.mean() - expected_fC) < SIGMAS * np.sqrt(variance_fC2 / n)
    assert dark_fC.var() == pytest.approx(variance_fC2, rel=SIGMAS * np.sqrt(2 / n))


def test_the_pedestal_is_added_to_the_charge(maps: PixelMaps) -> None:
    np.testing.assert_array_equal(inject(maps, NO_CHARGE), maps.pedestal_fC)


def test_read_noise_has_a_part_of_each_pixel_and_one_of_each_row(
    random: np.random.Generator, maps: PixelMaps
) -> None:
    quiet = replace(
        maps,
        pixel_noise_e=np.full(SHAPE, 1200, np.float32),
        channel_gain=np.ones(SHAPE[1], np.float32),
    )
    frames = np.stack([amplify(TFT64, quiet, NO_CHARGE, random) for _ in range(200)]) / ELECTRON_FC
    rows = frames.mean(axis=2)
    line_e = TFT64.front_end.line_noise_e
    row_variance = line_e**2 + 1200**2 / SHAPE[1]
    assert rows.var() == pytest.approx(row_variance, rel=SIGMAS * np.sqrt(2 / rows.size))
    within = (frames - rows[:, :, None]).var() * SHAPE[1] / (SHAPE[1] - 1)
    assert within == pytest.approx(1200**2, rel=SIGMAS * np.sqrt(2 / frames.size))


def test_column_amplifiers_scale_their_columns(random: np.random.Generator) -> None:
    maps = make_pixel_maps(TFT64, seed=3)
    silent = replace(maps, pixel_noise_e=NO_CHARGE)
    preset = replace(TFT64, front_end=replace(TFT64.front_end, line_noise_e=0))
    amplified = amplify(preset, silent, np.full(SHAPE, 100, np.float32), random)
    np.testing.assert_allclose(amplified, np.broadcast_to(100 * maps.channel_gain, SHAPE), 1e-6)


@pytest.mark.parametrize("gain_setting", range(8))
def test_counts_are_charge_over_the_gain_settings_full_scale(
    gain_setting: int, random: np.random.Generator, maps: PixelMaps
) -> None:
    plain = replace(maps, channel_offset_counts=np.zeros(SHAPE[1], np.float32))
    preset = replace(TFT64, front_end=replace(TFT64.front_end, converter_noise_counts=0))
    full_scale_fC = TFT64.geometry.full_scale_fC[gain_setting]
    charge_fC = np.full(SHAPE, full_scale_fC / 4, np.float32)
    counts = digitise(preset, plain, charge_fC, gain_setting, random)
    assert np.unique(counts).tolist() == [round(65535 / 4)]


def test_the_converter_ends_at_zero_and_at_full_scale(
    random: np.random.Generator, maps: PixelMaps
) -> None:
    charge_fC = np.where(np.arange(64) < 32, -1e6, 1e6).astype(np.float32) * AIR
    counts = digitise(TFT64, maps, charge_fC, 0, random)
    assert counts.dtype == np.uint16
    assert np.unique(counts[0, :, :32]).tolist() == [0]
    assert np.unique(counts[0, :, 32:]).tolist() == [65535]


def _mean_frame(preset: Preset, maps: PixelMaps, dose_Gy: float, exposure_us: int) -> np.ndarray:
    air = np.ones(preset.geometry.shape, np.float32)
    frames = [
        expose(
            preset,
            maps,
            dose_Gy=dose_Gy,
            transmission=air,
            integration_us=exposure_us,
            cds=True,
            oversampling=1,
            gain_setting=len(preset.geometry.full_scale_fC) - 1 if preset is TFT64 else 0,
            random=np.random.default_rng([seed, exposure_us]),
        )
        for seed in range(64)
    ]
    return np.mean(frames, axis=(0, 1))


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_the_signal_over_dark_is_proportional_to_dose(preset: Preset) -> None:
    maps = make_pixel_maps(preset, seed=1)
    good = imaging_mask(preset.geometry) & ~maps.defective
    dose_Gy = preset.beam.dose_rate_Gy_s * 10_000e-6
    dark, once, twice = (_mean_frame(preset, maps, n * dose_Gy, 10_000)[good] for n in (0, 1, 2))
    ratio = (twice - dark).mean() / (once - dark).mean()
    assert ratio == pytest.approx(2, rel=0.01)


def test_the_process_ring_does_not_respond_and_has_its_own_level() -> None:
    maps = make_pixel_maps(CMOS32, seed=1)
    ring = ~imaging_mask(CMOS32.geometry)
    assert ring.sum() == 4 * 31
    dark, bright = (_mean_frame(CMOS32, maps, dose, 10_000) for dose in (0, 6e-6))
    np.testing.assert_allclose(bright[ring], dark[ring], atol=SIGMAS * 12)
    assert (bright[~ring] - dark[~ring]).mean() > 10_000
    lifted_fC = maps.pedestal_fC[ring].mean() - maps.pedestal_fC[~ring].mean()
    assert lifted_fC == pytest.approx(CMOS32.front_end.ring_pedestal_fC, rel=0.02)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
@pytest.mark.parametrize("seed", range(5))
def test_each_kind_of_defect_is_there_and_lies_where_pixels_image(
    preset: Preset, seed: int
) -> None:
    maps, defects = make_pixel_maps(preset, seed), preset.defects
    imaging = imaging_mask(preset.geometry)
    assert not (maps.defective & ~imaging).any()
    assert not ((maps.dead & maps.hot) | (maps.hot & maps.noisy) | (maps.dead & maps.noisy)).any()
    column = np.flatnonzero(maps.dead.sum(axis=0) >= defects.dead_column_rows)
    assert column.size == 1
    far_end = np.flatnonzero(imaging[:, column[0]])[-defects.dead_column_rows :]
    assert maps.dead[far_end, column[0]].all()
    assert maps.dead.sum() <= defects.dead + defects.dead_column_rows
    assert 0 < maps.hot.sum() <= defects.hot
    assert 0 < maps.noisy.sum() <= defects.noisy


def test_defects_behave_as_they_are_called(maps: PixelMaps) -> None:
    dark = _mean_frame(TFT64, maps, 0, 10_000)
    flat = _mean_frame(TFT64, maps, 2.7e-8, 10_000)
    good = ~maps.defective
    assert np.abs(flat - dark)[maps.dead].max() < 40
    assert (flat - dark)[good].min() > 200
    assert maps.dark_current_pA[maps.hot].min() > 5 * maps.dark_current_pA[good].max() / 2
    assert maps.pixel_noise_e[maps.noisy].min() > 10 * maps.pixel_noise_e[good].max()


def test_a_panel_without_an_interrupted_column_can_be_made() -> None:
    whole = replace(TFT64, defects=replace(TFT64.defects, dead_column_rows=0))
    assert make_pixel_maps(whole, seed=1).dead.sum() == TFT64.defects.dead


def test_another_seed_is_another_panel_and_the_same_seed_the_same() -> None:
    first, again, other = (make_pixel_maps(TFT64, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.response, again.response)
    assert not np.array_equal(first.response, other.response)
    assert not np.array_equal(first.dead, other.dead)
