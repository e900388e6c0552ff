"""Lag fitted in one run is taken out of another, on panels whose true lag is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bench_lag
import numpy as np
import pytest
from figures_bench import Bench
from fpxi_hwsim.physics.film.ghosting import Ghosting
from fpxi_hwsim.presets import find_preset
from fpxi_imaging import ResolvedCalibration
from fpxi_imaging.lag.fit import LagFit
from fpxi_imaging.lag.ghosting import measure_ghosting
from lag_panels import (
    LagPanel,
    calibrate,
    fit_sequence,
    record_pulses,
    record_step_off,
    reduction,
)

TFT64 = LagPanel("tft64", "tft64", 0.01, 0.02)
CMOS32 = LagPanel("cmos32", "cmos32", 0.005, 0.01)
STRONG = replace(CMOS32, title="cmos32, strong lag", lag=bench_lag.STRONG)
PANELS = (TFT64, CMOS32, STRONG)
FRAMES = 300
PULSES = 8


@dataclass(frozen=True)
class Fitted:
    panel: LagPanel
    calibration: ResolvedCalibration
    fit: LagFit


@pytest.fixture(scope="module", params=PANELS, ids=lambda panel: panel.title)
def fitted(request: pytest.FixtureRequest) -> Fitted:
    panel: LagPanel = request.param
    calibration = calibrate(panel, count=60)
    return Fitted(panel, calibration, fit_sequence(record_step_off(panel, FRAMES), calibration))


@pytest.mark.parametrize(
    ("scene", "level", "slower"),
    [("none", 0.4, 1.5), (bench_lag.MOVING, 0.7, 2.5)],
    ids=["pulses", "moving object"],
)
def test_first_frame_lag_becomes_a_tenth_or_less(
    fitted: Fitted, scene: str, level: float, slower: float
) -> None:
    pulses = record_pulses(fitted.panel, pulses=PULSES, scene=scene, level=level, slower=slower)
    found = reduction(pulses, fitted.calibration, fitted.fit.model)
    assert found.before > 0.003
    assert found.least_factor > 10


def test_the_number_of_components_and_the_first_frame_are_the_films(fitted: Fitted) -> None:
    model = fitted.fit.model
    assert model.components == len(fitted.panel.truth)
    window_s = fitted.panel.exposure_s
    of_film = sum(
        fraction * -np.expm1(-window_s / tau_s) * tau_s / window_s
        for fraction, tau_s in fitted.panel.truth
    )
    left_by_switches = 0.00066 if fitted.panel is TFT64 else 0.0
    error = model.first_frame(window_s) - of_film - left_by_switches
    assert abs(error) < 3 * model.uncertainty(0.0, window_s) + 0.01 * of_film


def test_each_pixels_own_lag_leaves_less_than_the_same_for_all() -> None:
    calibration = calibrate(STRONG, count=60)
    model = fit_sequence(record_step_off(STRONG, FRAMES), calibration).model
    assert model.multiplier is not None
    pulses = record_pulses(STRONG, pulses=PULSES)
    own = reduction(pulses, calibration, model)
    alike = reduction(pulses, calibration, replace(model, multiplier=None))
    assert own.after_rms < 0.3 * alike.after_rms
    assert own.before_rms / own.after_rms > 10


def test_the_ghosting_of_a_film_is_found() -> None:
    preset = find_preset("cmos32")
    bench = Bench("sim:cmos32?object=none", preset=preset)
    exposure_s, frames = 0.005, 20
    dark = bench.frames(60, exposure_s).mean(axis=0)
    bench.beam(bench.scene.dose_rate)
    signal = bench.frames(1, exposure_s)[0] - dark
    density = np.median(signal) * bench.fC_per_count() / exposure_s * 1e-6 / bench.area_cm2
    filling_s, loss = 4.0, 0.05
    ghosting = Ghosting(loss, filling_nC_cm2=float(density) * filling_s, recovery_s=1e6)
    film = replace(preset.film, ghosting=ghosting)
    bench = Bench("sim:cmos32?object=none", preset=replace(preset, film=film))
    bench.frames(1, exposure_s)  # at rest in the dark
    bench.beam(bench.scene.dose_rate)
    flats = [bench.frames(frames, exposure_s)]
    bench.wait(20.0)
    flats.append(bench.frames(frames, exposure_s))
    spent_s = frames * 0.01 / 2
    filled = [-np.expm1(-spent_s / filling_s), -np.expm1(-(20.2 + spent_s) / filling_s)]
    expected = (1 - loss * filled[1]) / (1 - loss * filled[0]) - 1
    found = measure_ghosting(
        flats[0].mean(axis=0) - dark,
        flats[1].mean(axis=0) - dark,
        good=signal > 0.5 * np.median(signal),
        before_uncertainty=flats[0].std(axis=0) / np.sqrt(frames),
        after_uncertainty=flats[1].std(axis=0) / np.sqrt(frames),
    )
    assert expected < -0.04
    assert found.change == pytest.approx(expected, abs=3 * found.uncertainty + 0.001)
