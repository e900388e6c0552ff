"""Each effect alone on an otherwise ideal panel, as its frames show it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_hwsim.physics.array.settings import Defects
from fpxi_hwsim.physics.constants import ELECTRON_FC
from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.scintillator import Scintillator, Superlinearity
from fpxi_hwsim.physics.draws import ScanDraws
from fpxi_hwsim.physics.effects import Effect
from fpxi_hwsim.physics.film.dark_current import DarkCurrent
from fpxi_hwsim.physics.film.ion_migration import IonMigration
from fpxi_hwsim.physics.film.settings import FilmSettings
from fpxi_hwsim.physics.front_end.flicker import flicker_covariance
from fpxi_hwsim.physics.source.output import BeamOutput
from fpxi_hwsim.presets import TFT64, Preset
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_hwsim.without import EFFECTS, without

Frames = npt.NDArray[np.float64]
OFFSET = 30_000.0
GAIN_SETTING = 1
COUNTS_PER_FC = 65535 / TFT64.geometry.full_scale_fC[GAIN_SETTING]
COUNTS_PER_E = COUNTS_PER_FC * ELECTRON_FC
SIGMAS = 5.0

_BARE = without(TFT64, ",".join(EFFECTS))
IDEAL = replace(_BARE, front_end=replace(_BARE.front_end, offset_counts=OFFSET))


def _with(preset: Preset = IDEAL, **stages: dict[str, Any]) -> Preset:
    """Change settings of stages of a preset."""
    changed = {name: replace(getattr(preset, name), **new) for name, new in stages.items()}
    return replace(preset, **changed)


class Panel:
    """A panel in the dark, or in an open beam."""

    def __init__(self, preset: Preset, dose_rate_Gy_s: float = 0.0) -> None:
        specification = SimulationSpecification(
            preset, object="none", dose_rate_Gy_s=dose_rate_Gy_s, beam_on=dose_rate_Gy_s > 0
        )
        self.scene = Scene(specification)
        self.source = PixelSource(specification, self.scene)

    def frames(self, count: int = 40, *, cds: bool = True, oversampling: int = 1) -> Frames:
        """Counts over the offset, (count, rows, columns)."""
        exposure = Exposure(10_000, 10_000, GAIN_SETTING, cds, oversampling)
        scans = [self.source.expose(exposure) for _ in range(count)]
        return np.stack([scan[0] for scan in scans if scan is not None]) - OFFSET


def _has_deviation(values: Frames, expected: float, *, independent: int | None = None) -> None:
    number = values.size if independent is None else independent
    assert values.std() == pytest.approx(expected, rel=SIGMAS / np.sqrt(2 * number))


def test_an_ideal_panel_has_no_noise_in_the_dark() -> None:
    assert not Panel(IDEAL).frames(3).any()


def test_pixels_have_white_noise_and_that_of_their_switches() -> None:
    noisy = _with(
        front_end={"pixel_noise_e": 1200.0},
        array={"pixel_capacitance_fF": 20_000.0, "switch_noise": 1.0},
    )
    switch_e = noisy.array.switch_noise_e(noisy.temperature_K)
    assert switch_e > 1200
    frames = Panel(noisy).frames()
    _has_deviation(frames, np.hypot(1200, switch_e) * COUNTS_PER_E)
    _has_deviation(frames.mean(axis=2), np.hypot(1200, switch_e) * COUNTS_PER_E / 8)


def test_rows_and_columns_have_noises_of_their_own() -> None:
    frames = Panel(_with(front_end={"line_noise_e": 3000.0, "column_noise_e": 2000.0})).frames()
    of_scan = frames.mean(axis=(1, 2), keepdims=True)
    rows, columns = (frames - of_scan).mean(axis=2), (frames - of_scan).mean(axis=1)
    _has_deviation(rows, 3000 * COUNTS_PER_E * np.sqrt(63 / 64))
    _has_deviation(columns, 2000 * COUNTS_PER_E * np.sqrt(63 / 64))
    together = np.corrcoef(rows.ravel(), columns.ravel())[0, 1]
    assert abs(together) < SIGMAS / np.sqrt(rows.size)
    left = frames - of_scan - rows[:, :, None] - columns[:, None, :]
    assert np.abs(left).max() < 2


@pytest.mark.parametrize("cds", [True, False])
def test_the_amplifiers_flicker_with_what_cds_leaves_of_it(cds: bool) -> None:
    panel = _with(
        front_end={"flicker_e": 1500.0, "cds_interval_us": 2.0, "reset_capacitance_fF": 0.0}
    )
    geometry = panel.geometry
    variance = flicker_covariance(panel.front_end, geometry.rows, geometry.line_time_us, cds=cds)[0]
    frames = Panel(panel).frames(cds=cds)
    level = 0 if cds else frames.mean(axis=(0, 1))
    _has_deviation(
        frames - level, 1500 * np.sqrt(variance) * COUNTS_PER_E, independent=frames[:, 0].size
    )


def test_without_cds_the_resets_level_and_noise_stay() -> None:
    panel = _with(
        front_end={
            "reset_capacitance_fF": 20_000.0,
            "reset_level_counts": 1200.0,
            "reset_level_spread_counts": 0.0,
        }
    )
    frames = Panel(panel).frames(cds=False)
    assert frames.mean() == pytest.approx(1200, abs=1)
    _has_deviation(frames, panel.front_end.reset_noise_e(panel.temperature_K) * COUNTS_PER_E)
    assert not Panel(panel).frames(3).any()


def test_channels_give_charge_to_their_neighbours_and_have_gains() -> None:
    flat = {"dose_rate_Gy_s": 1e-6}
    dead = {"defects": Defects(dead=20)}
    coupled = Panel(_with(array=dead, front_end={"crosstalk": 0.05}), **flat)
    alone = (coupled.source.maps.dead).copy()
    alone[:, 1:] &= ~coupled.source.maps.dead[:, :-1]
    alone[:, :-1] &= ~coupled.source.maps.dead[:, 1:]
    alone[:, [0, -1]] = False
    frame = coupled.frames().mean(axis=0)
    assert frame[alone].mean() == pytest.approx(0.1 * np.median(frame), rel=0.05)
    uneven = Panel(_with(front_end={"channel_spread": 0.05}), **flat)
    # The photons are those of the panel without: effects draw from streams of their own.
    columns = uneven.frames().mean(axis=(0, 1)) / Panel(IDEAL, **flat).frames().mean(axis=(0, 1))
    np.testing.assert_allclose(columns, uneven.source.maps.channels.gain, rtol=1e-3)


def test_a_channels_gain_acts_on_what_has_settled_on_its_line() -> None:
    line = {"data_line_us": 20.0}
    even, uneven = (
        Panel(_with(array=line, front_end={"channel_spread": spread})).source.maps.channels
        for spread in (0.0, 0.05)
    )
    assert even.transfer[-1].max() < 0.9
    np.testing.assert_allclose(uneven.transfer / even.transfer, [uneven.gain] * 64, rtol=1e-5)


def test_switches_inject_their_charge() -> None:
    frame = Panel(_with(array={"pedestal_fC": 40.0, "gate_droop": 0.5})).frames(1)[0]
    np.testing.assert_allclose(
        frame, np.broadcast_to(40 * COUNTS_PER_FC * np.linspace(1, 0.5, 64), (64, 64)), atol=0.6
    )


def test_blinking_pixels_blink_in_their_dark_charge() -> None:
    panel = Panel(
        _with(
            film={"dark": DarkCurrent(conductivity_S_cm=2e-11)},
            array={"defects": Defects(blinking=20, blinking_factor=10.0, blinking_duty=0.5)},
        )
    )
    frames = panel.frames()
    steady = np.median(frames)
    blinking = frames[:, panel.source.maps.blinking]
    assert steady > 100
    raised = blinking > 5 * steady
    assert 0.3 < raised.mean() < 0.7
    assert blinking[raised].mean() == pytest.approx(10 * steady, rel=0.02)


def test_pixels_hold_of_their_dark_charge_what_a_read_left_of_it() -> None:
    film = {"dark": DarkCurrent(conductivity_S_cm=2e-10)}
    slow = {"pixel_capacitance_fF": 1500.0, "on_resistance_MOhm": 20.0}
    held = Panel(_with(film=film, array=slow)).frames(1).mean()
    assert held == pytest.approx(Panel(_with(film=film)).frames(1).mean(), rel=2e-3)


def test_what_leaks_while_the_array_is_read_reaches_its_column() -> None:
    leaky = {"pixel_capacitance_fF": 1500.0, "off_conductance_fS": 1.5e5, "leakage_spread": 0.0}
    film = {"dark": DarkCurrent(conductivity_S_cm=2e-10)}
    tight = Panel(_with(film=film)).frames(1).mean()
    lost = 1 - np.expm1(-1.0) / -1.0
    read_s = TFT64.geometry.rows * TFT64.geometry.line_time_us * 1e-6
    for oversampling in (1, 4):
        share = min(oversampling * read_s / 0.01, 1.0)
        left = Panel(_with(film=film, array=leaky)).frames(1, oversampling=oversampling).mean()
        assert left / tight == pytest.approx(1 - lost * (1 - share), rel=2e-3)


def test_the_ionic_part_of_the_dark_current_differs_between_pixels() -> None:
    film = FilmSettings(
        dark=DarkCurrent(conductivity_S_cm=2e-11),
        migration=IonMigration(transition_K=TFT64.temperature_K, spread=0.4),
    )
    frame = Panel(replace(IDEAL, film=film)).frames().mean(axis=0)
    # Half of the current is that of the ions; log-normal of mean one.
    expected = np.sqrt(np.expm1(0.4**2)) / 2
    assert frame.std() / frame.mean() == pytest.approx(expected, rel=0.1)


def test_the_afterglow_of_a_screen_is_of_the_light_it_gave() -> None:
    screen = Scintillator(
        Absorber("CsI", 200.0),
        light_yield_per_MeV=5e4,
        collected_fraction=0.3,
        quantum_efficiency=1.0,
        superlinearity=Superlinearity(lost=0.8, half_rate_Gy_s=1e-4),
    )
    film = FilmSettings(lag=((0.2, 0.02),))
    panel = Panel(replace(IDEAL, converter=screen, film=film), dose_rate_Gy_s=2e-6)
    lit = panel.frames(20).mean()
    panel.scene.beam_on = False
    after = panel.frames(1).mean()
    assert after / lit == pytest.approx(0.2 * 2 * -np.expm1(-0.5), rel=0.03)


def test_each_effect_begins_its_own_stream_once_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Effect] = []
    of = ScanDraws.of

    def watched(draws: ScanDraws, effect: Effect) -> np.random.Generator:
        asked.append(effect)
        return of(draws, effect)

    monkeypatch.setattr(ScanDraws, "of", watched)
    beam = replace(TFT64.beam, output=BeamOutput(jitter=0.1))
    Panel(replace(TFT64, beam=beam), dose_rate_Gy_s=1e-6).frames(1, cds=False)
    assert sorted(asked) == sorted(Effect)
