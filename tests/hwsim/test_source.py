"""Frames are repeatable, and independent where an instrument's would be."""

from __future__ import annotations

import numpy as np
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


def test_noise_is_that_of_its_frame_whatever_was_asked_before() -> None:
    specification = SimulationSpecification.from_url("sim:tft64")
    scene = Scene(specification)
    source = PixelSource(specification, scene)
    scene.beam_on = False
    source.expose(EXPOSURE)
    scene.beam_on = True
    np.testing.assert_array_equal(one(source), frames("sim:tft64")[1])
