"""Frames are repeatable, and independent where an instrument's would be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification

EXPOSURE = Exposure(frame=0, start_us=0, exposure_us=10_000, gain_setting=3, bias_mV=0)


def frames(url: str, count: int = 2, exposure: Exposure = EXPOSURE) -> np.ndarray:
    specification = SimulationSpecification.from_url(url)
    source = PixelSource(specification, Scene(specification))
    return np.stack([source.expose(exposure) for _ in range(count)]).astype(float)


def test_equal_specifications_give_equal_frames() -> None:
    np.testing.assert_array_equal(frames("sim:tft64?seed=4"), frames("sim:tft64?seed=4"))


def test_frames_do_not_depend_on_device_time_or_number() -> None:
    later = replace(EXPOSURE, frame=99, start_us=10**9)
    np.testing.assert_array_equal(frames("sim:tft64"), frames("sim:tft64", exposure=later))


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


def test_noise_is_that_of_its_frame_whatever_was_asked_before() -> None:
    specification = SimulationSpecification.from_url("sim:tft64")
    scene = Scene(specification)
    source = PixelSource(specification, scene)
    scene.beam_on = False
    source.expose(EXPOSURE)
    scene.beam_on = True
    np.testing.assert_array_equal(source.expose(EXPOSURE), frames("sim:tft64")[1])
