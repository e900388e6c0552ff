"""Frames are repeatable, and independent where an instrument's would be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim.physics.constants import ELECTRON_FC
from fpxi_hwsim.presets import TFT64
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification

EXPOSURE = Exposure(integration_us=10_000, beam_us=10_000, gain_setting=3, cds=True)


def frames(url: str, count: int = 2, exposure: Exposure = EXPOSURE) -> np.ndarray:
    specification = SimulationSpecification.from_url(url)
    source = PixelSource(specification, Scene(specification))
    return np.stack([one(source, exposure) for _ in range(count)]).astype(float)


def one(source: PixelSource, exposure: Exposure = EXPOSURE) -> np.ndarray:
    """Mean of the conversions of the next scan, (rows, columns)."""
    conversions = source.expose(exposure)
    assert conversions is not None
    assert conversions.shape == (exposure.oversampling, 64, 64)
    assert conversions.dtype == np.uint16
    return conversions.mean(axis=0)


def test_equal_specifications_give_equal_frames() -> None:
    np.testing.assert_array_equal(frames("sim:tft64?seed=4"), frames("sim:tft64?seed=4"))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two noise patterns, by sign: a few noisy pixels must not decide it."""
    return float(np.corrcoef(np.sign(one).ravel(), np.sign(other).ravel())[0, 1])


def test_the_noise_of_consecutive_frames_is_independent() -> None:
    first, second, third, fourth = frames("sim:tft64?beam=off", 4)
    assert abs(correlation(second - first, fourth - third)) < 0.25


def test_another_noise_seed_is_another_measurement_of_the_same_panel() -> None:
    first, other = (frames(f"sim:tft64?beam=off&noise_seed={n}", 50) for n in (0, 1))
    assert not np.array_equal(first, other)
    assert np.corrcoef(first.mean(axis=0).ravel(), other.mean(axis=0).ravel())[0, 1] > 0.999


def test_frames_under_other_conditions_never_share_their_noise() -> None:
    # A beam without dose differs from no beam in nothing but the conditions.
    off, dim = (frames(f"sim:tft64?dose_rate=0&beam={beam}") for beam in ("off", "on"))
    assert abs(correlation(off[1] - off[0], dim[1] - dim[0])) < 0.25


def test_frames_at_another_bias_never_share_their_noise() -> None:
    url = "sim:tft64-ba2ma9pb10i31?beam=off"
    low, high, near = (
        frames(url, exposure=replace(EXPOSURE, bias_mV=bias_mV))
        for bias_mV in (-3200, -3600, -3201)
    )
    assert abs(correlation(low[1] - low[0], high[1] - high[0])) < 0.25
    assert correlation(low[1] - low[0], near[1] - near[0]) > 0.9


def test_the_noise_is_that_of_the_scan_whatever_the_firmware_calls_it() -> None:
    first = frames("sim:tft64", 4)
    assert len({frame.tobytes() for frame in first}) == 4
    np.testing.assert_array_equal(first, frames("sim:tft64", 4))


def test_the_beam_counts_for_as_long_as_it_is_wanted_and_the_dark_current_throughout() -> None:
    def mean(**changes: int) -> np.ndarray:
        return frames("sim:tft64?dose_rate=2e-7", 30, replace(EXPOSURE, **changes)).mean(axis=0)

    dark, half, whole = (mean(beam_us=beam_us) for beam_us in (0, 5000, 10_000))
    longer = mean(beam_us=0, integration_us=20_000)
    signal = np.median(half - dark)
    assert signal > 100
    assert np.median(whole - dark) == pytest.approx(2 * signal, rel=0.05)
    assert np.median(longer - dark) > 2


def test_only_the_converters_noise_differs_between_the_conversions_of_a_pixel() -> None:
    specification = SimulationSpecification.from_url("sim:tft64?beam=off")
    source = PixelSource(specification, Scene(specification))
    conversions = source.expose(replace(EXPOSURE, oversampling=16))
    assert conversions is not None
    assert conversions.shape == (16, 64, 64)
    noise = TFT64.front_end.converter_noise_counts
    # Rounding to whole counts adds a twelfth.
    spread = conversions.astype(float).var(axis=0, ddof=1).mean()
    assert spread == pytest.approx(noise**2 + 1 / 12, rel=0.05)


def test_without_cds_the_reset_level_and_its_noise_stay() -> None:
    url = "sim:tft64?beam=off"
    with_cds, without = (frames(url, 60, replace(EXPOSURE, cds=cds)) for cds in (True, False))
    level = np.median(without.mean(axis=0) - with_cds.mean(axis=0), axis=0)
    front_end = TFT64.front_end
    assert level.mean() == pytest.approx(front_end.reset_level_counts, abs=150)
    assert level.std() == pytest.approx(front_end.reset_level_spread_counts, rel=0.3)
    counts_per_e = ELECTRON_FC * 65535 / TFT64.geometry.full_scale_fC[3]
    reset_counts = front_end.reset_noise_e(TFT64.temperature_K) * counts_per_e
    more = np.median(without.var(axis=0)) - np.median(with_cds.var(axis=0))
    assert more == pytest.approx(reset_counts**2, rel=0.25)


def test_recorded_frames_are_the_same_in_every_conversion(tmp_path: Path) -> None:
    recorded = np.arange(2 * 4096, dtype=np.uint16).reshape(2, 64, 64)
    np.save(tmp_path / "frames.npy", recorded)
    url = f"sim:tft64?frames={tmp_path / 'frames.npy'}"
    taken = frames(url, 2, replace(EXPOSURE, oversampling=4))
    np.testing.assert_array_equal(taken, recorded)


def test_noise_is_that_of_its_frame_whatever_was_asked_before() -> None:
    # A panel that remembers nothing: it would be the darkness before.
    url = "sim:tft64?without=lag,left-charge"
    specification = SimulationSpecification.from_url(url)
    scene = Scene(specification)
    source = PixelSource(specification, scene)
    scene.beam_on = False
    source.expose(EXPOSURE)
    scene.beam_on = True
    np.testing.assert_array_equal(one(source), frames(url)[1])


def outputs(output: str, exposure: Exposure, count: int = 1) -> np.ndarray:
    """Mean of each row of the last of some frames, in counts, without what differs by itself."""
    quiet = "read-noise,defects,spreads,offsets,channel-gains,feed-through,flicker,nonlinearity"
    url = f"sim:tft64?object=none&dose_rate=2e-5&without={quiet},lag&output={output}"
    return np.asarray(frames(url, count, exposure)[-1].mean(axis=1))


def test_a_beam_that_is_asked_for_is_one_window_for_all_rows() -> None:
    # Of 10 ms, 5 are asked for, the last before the first row is read: rows of a rolling shutter
    # are read later, but see no other beam.
    asked_for = replace(EXPOSURE, beam_us=5_000, gain_setting=5)
    dark = outputs("steady", replace(asked_for, beam_us=0))
    all_of_it, nothing, first_half = (
        np.median(outputs(f"shutter={window}", asked_for) - dark)
        for window in ("0.005s..0.010s", "0s..0.005s", "0s..0.0075s")
    )
    assert all_of_it > 1000
    assert abs(nothing) < 0.01 * all_of_it
    assert first_half == pytest.approx(all_of_it / 2, rel=0.02)
    rows = outputs("shutter=0s..0.0075s", asked_for) - dark
    assert rows[-1] == pytest.approx(rows[0], rel=0.05)


def test_rows_of_a_rolling_shutter_have_windows_of_their_own() -> None:
    exposure = replace(EXPOSURE, gain_setting=5)
    dark = outputs("steady", replace(exposure, beam_us=0))
    rows = outputs("shutter=0s..0.005s", exposure) - dark
    late = 63 * 33e-6 / 5e-3
    assert rows[-1] == pytest.approx((1 - late) * rows[0], rel=0.05)


def test_a_film_behind_a_closed_shutter_remembers_no_beam() -> None:
    exposure = replace(EXPOSURE, gain_setting=5)
    url = "sim:tft64?object=none&dose_rate=2e-5&without=read-noise"
    shut = frames(f"{url}&output=shutter=100s..", 3, exposure)
    dark = frames(f"{url}&beam=off", 3, exposure)
    assert abs(np.median(shut - dark)) < 1


def test_a_motion_begins_with_the_object_and_not_with_another_tube() -> None:
    def last(change: str) -> np.ndarray:
        specification = SimulationSpecification.from_url(
            "sim:tft64?object=edge@rotate:deg_s=900&tube=W:70kV:Al 2.5mm"
        )
        scene = Scene(specification)
        source = PixelSource(specification, scene)
        for _ in range(9):
            one(source)
        if change == "tube":
            scene.tube = "W:70kV:Al 2.6mm"
        elif change == "object":
            scene.object = scene.object
        return one(source)

    unchanged = last("")
    shadow = unchanged < np.median(unchanged)
    assert np.mean((last("tube") < np.median(unchanged)) == shadow) > 0.95
    assert np.mean((last("object") < np.median(unchanged)) == shadow) < 0.7


def test_a_moving_object_is_seen_as_it_stands_in_the_middle_of_the_exposure() -> None:
    # 5 ms at 400 mm/s are 2 mm, ten columns.
    moving, there, before = (
        frames(f"sim:tft64?without=spreads,defects&object=edge:{text}", 1)[0].mean(axis=0)
        for text in (
            "angle_deg=0@scan:speed_mm_s=400",
            "angle_deg=0,x_mm=2",
            "angle_deg=0",
        )
    )
    contrast = np.ptp(there)
    assert np.abs(moving - there).max() < 0.35 * contrast
    assert np.abs(moving - before).max() > 0.6 * contrast
