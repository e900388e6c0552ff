"""Each effect of the pixels on their charge against its closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fpxi_hwsim.physics.array.charge import (
    accumulate,
    add_delayed,
    blink,
    held_in_equilibrium,
    hold,
    inject,
    leak_off,
    off_loss,
    transfer,
)
from fpxi_hwsim.physics.array.maps import PanelMaps, make_panel_maps
from fpxi_hwsim.physics.array.settings import ArraySettings, Defects, reset_noise_e
from fpxi_hwsim.physics.constants import ELECTRON_FC
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_readout.protocol.generated import PANELS

GEOMETRY = PANELS["tft64"]
SHAPE = GEOMETRY.shape
NO_CHARGE = np.zeros(SHAPE, np.float32)
SIGMAS = 5.0


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture
def charge_fC() -> np.ndarray:
    return np.random.default_rng(21).uniform(-200, 900, SHAPE).astype(np.float32)


def _maps(settings: ArraySettings) -> PanelMaps:
    return make_panel_maps(settings, FrontEndSettings(), GEOMETRY, seed=1)


@pytest.mark.parametrize("dark_fC", [0.8, 80.0, -4.8e5])
def test_dark_charge_has_its_mean_and_the_shot_noise_of_its_electrons(
    dark_fC: float, random: np.random.Generator
) -> None:
    dark = np.full(SHAPE, dark_fC, np.float32)
    sample = np.concatenate([add_delayed(NO_CHARGE, dark, None, random).ravel() for _ in range(10)])
    variance_fC2 = abs(dark_fC) * ELECTRON_FC
    mean, variance = sample.mean(dtype=float), (sample.astype(float) - dark_fC).var()
    assert abs(mean - dark_fC) < SIGMAS * np.sqrt(variance_fC2 / sample.size)
    assert variance == pytest.approx(variance_fC2, rel=SIGMAS * np.sqrt(2 / sample.size))


def test_dark_and_released_charge_of_opposite_signs_cancel_but_their_noises_do_not(
    random: np.random.Generator,
) -> None:
    dark_fC, lag_fC = np.full(SHAPE, -50, np.float32), np.full(SHAPE, 50, np.float32)
    scans = np.stack([add_delayed(NO_CHARGE, dark_fC, lag_fC, random) for _ in range(10)])
    expected = 100 * ELECTRON_FC
    assert abs(scans.mean(dtype=float)) < SIGMAS * np.sqrt(expected / scans.size)
    assert scans.astype(float).var() == pytest.approx(
        expected, rel=SIGMAS * np.sqrt(2 / scans.size)
    )


def test_a_blinking_pixel_has_two_levels_and_its_duty(random: np.random.Generator) -> None:
    defects = Defects(blinking=12, blinking_factor=10.0, blinking_duty=0.3)
    maps = _maps(ArraySettings(defects=defects))
    dark_fC = np.full(SHAPE, 3, np.float32)
    scans = np.stack([blink(maps, defects, dark_fC, random) for _ in range(500)])
    assert (scans[:, ~maps.blinking] == 3).all()
    levels = scans[:, maps.blinking]
    assert set(np.unique(levels).tolist()) == {3.0, 30.0}
    raised = (levels == 30).mean()
    assert abs(raised - 0.3) < SIGMAS * np.sqrt(0.3 * 0.7 / levels.size)
    assert (dark_fC == 3).all()


def test_a_pixel_holds_its_full_well_of_either_sign(charge_fC: np.ndarray) -> None:
    maps = _maps(ArraySettings(full_well_fC=150.0, capacitance_spread=0.05))
    full_well = maps.switches.full_well_fC
    assert full_well is not None
    assert full_well.std() == pytest.approx(7.5, rel=0.1)
    kept = accumulate(maps.switches, charge_fC, None)
    small = np.abs(charge_fC) <= full_well
    np.testing.assert_array_equal(kept[small], charge_fC[small])
    np.testing.assert_array_equal(kept[~small], (np.sign(charge_fC) * full_well)[~small])


def test_what_a_pixel_holds_takes_room_in_its_full_well(charge_fC: np.ndarray) -> None:
    switches = _maps(
        ArraySettings(full_well_fC=500.0, pixel_capacitance_fF=1000.0, on_resistance_MOhm=200.0)
    ).switches
    assert switches.full_well_fC is not None
    bright_fC = np.full(SHAPE, 1e4, np.float32)
    held_fC = held_in_equilibrium(switches, bright_fC)
    total_fC = accumulate(switches, charge_fC, held_fC)
    assert (np.abs(total_fC) <= switches.full_well_fC).all()
    full_fC = accumulate(switches, bright_fC, held_fC)
    np.testing.assert_array_equal(full_fC, switches.full_well_fC)
    np.testing.assert_allclose(hold(switches, full_fC), held_fC, rtol=1e-6)


def test_a_read_leaves_the_exponential_of_its_time_over_rc_on_the_pixel() -> None:
    maps = _maps(ArraySettings(pixel_capacitance_fF=1000.0, on_resistance_MOhm=10.0))
    expected = np.exp(-GEOMETRY.line_time_us / 10.0)
    np.testing.assert_allclose(maps.switches.remaining, np.full(SHAPE, expected), rtol=1e-6)


def test_the_delay_of_the_gate_line_leaves_the_far_pixels_less_time() -> None:
    maps = _maps(
        ArraySettings(pixel_capacitance_fF=1000.0, on_resistance_MOhm=10.0, gate_line_us=20.0)
    )
    assert maps.switches.remaining is not None
    near, middle, far = maps.switches.remaining[0, [0, 31, -1]]
    assert middle == pytest.approx(np.exp(-(GEOMETRY.line_time_us - 10.0 / 4) / 10.0), rel=1e-5)
    assert far == pytest.approx(np.exp(-(GEOMETRY.line_time_us - 10.0) / 10.0), rel=1e-5)
    assert near < far


def test_what_a_read_leaves_comes_with_the_next_ones(charge_fC: np.ndarray) -> None:
    switches = _maps(ArraySettings(pixel_capacitance_fF=1000.0, on_resistance_MOhm=30.0)).switches
    remaining = float(np.exp(-GEOMETRY.line_time_us / 30.0))
    first, held = transfer(switches, charge_fC), hold(switches, charge_fC)
    np.testing.assert_allclose(first + held, charge_fC, rtol=1e-5)
    second = transfer(switches, accumulate(switches, NO_CHARGE, held))
    np.testing.assert_allclose(second, charge_fC * remaining * (1 - remaining), rtol=1e-4)
    total = first.copy()
    for _ in range(60):
        on_pixels = accumulate(switches, NO_CHARGE, held)
        held = hold(switches, on_pixels)
        total += transfer(switches, on_pixels)
    np.testing.assert_allclose(total, charge_fC, rtol=1e-4)


def test_in_equilibrium_a_read_gives_the_charge_that_came(charge_fC: np.ndarray) -> None:
    switches = _maps(ArraySettings(pixel_capacitance_fF=1000.0, on_resistance_MOhm=30.0)).switches
    held = held_in_equilibrium(switches, charge_fC)
    on_pixels = accumulate(switches, charge_fC, held)
    np.testing.assert_allclose(transfer(switches, on_pixels), charge_fC, rtol=1e-5)
    np.testing.assert_allclose(hold(switches, on_pixels), held, rtol=1e-5)


def test_what_comes_evenly_while_a_pixel_leaks_is_lost_as_its_circuit_has_it() -> None:
    switches = _maps(ArraySettings(pixel_capacitance_fF=1000.0, off_conductance_fS=100.0)).switches
    for off_s in (1e-6, 1.0, 30.0, 1e4):
        steps = 20_000
        left, step_s = 0.0, off_s / steps
        for _ in range(steps):
            left = (left + 0.5 / steps) * np.exp(-0.1 * step_s) + 0.5 / steps
        loss = off_loss(switches, off_s)
        assert loss is not None
        assert loss[3, 4] == pytest.approx(1 - left, rel=1e-3, abs=1e-12)


def test_pixels_that_are_off_leak_to_their_column(
    charge_fC: np.ndarray,
) -> None:
    switches = _maps(ArraySettings(pixel_capacitance_fF=1000.0, off_conductance_fS=100.0)).switches
    loss = off_loss(switches, off_s=2.0)
    lost = 1 + np.expm1(-0.2) / 0.2
    np.testing.assert_allclose(loss, np.full(SHAPE, lost), rtol=1e-6)
    one = NO_CHARGE.copy()
    one[10, 20] = 500
    leaked = leak_off(one, loss, read_share=1.0)
    share = lost / SHAPE[0] * 500
    assert leaked[11, 20] == pytest.approx(share, rel=1e-5)
    assert leaked[10, 20] == pytest.approx(500 * (1 - lost) + share, rel=1e-5)
    assert not leaked[:, 21].any()
    columns = leak_off(charge_fC, loss, read_share=1.0).sum(axis=0)
    np.testing.assert_allclose(columns, charge_fC.sum(axis=0), rtol=1e-4)
    drained = leak_off(np.abs(charge_fC), loss, read_share=0.1)
    assert (drained.sum(axis=0) < np.abs(charge_fC).sum(axis=0)).all()


def test_switching_injects_its_charge_with_spread_and_droop(charge_fC: np.ndarray) -> None:
    maps = _maps(ArraySettings(pedestal_fC=40.0, pedestal_spread_fC=4.0, gate_droop=0.5))
    pedestal = maps.switches.pedestal_fC
    assert pedestal is not None
    np.testing.assert_array_equal(inject(maps.switches, charge_fC), charge_fC + pedestal)
    slope, start = np.polyfit(np.linspace(0, 1, SHAPE[1]), pedestal.mean(axis=0), 1)
    bound = SIGMAS * 4.0 / np.sqrt(pedestal.size)
    assert abs(start + slope / 2 - 30.0) < bound
    assert abs(slope + 20.0) < bound * np.sqrt(12)
    line = 40 - 20 * np.linspace(0, 1, SHAPE[1])
    assert (pedestal - line).std() == pytest.approx(4.0, rel=SIGMAS * np.sqrt(0.5 / pedestal.size))


def test_neutral_switches_return_the_charge_itself(charge_fC: np.ndarray) -> None:
    maps = _maps(ArraySettings())
    switches = maps.switches
    random = np.random.default_rng(0)
    assert accumulate(switches, charge_fC, None) is charge_fC
    assert transfer(switches, charge_fC) is charge_fC
    assert hold(switches, charge_fC) is None
    assert held_in_equilibrium(switches, charge_fC) is None
    assert leak_off(charge_fC, off_loss(switches, 1.0), 1.0) is charge_fC
    assert inject(switches, charge_fC) is charge_fC
    assert blink(maps, Defects(), charge_fC, random) is charge_fC
    assert add_delayed(charge_fC, None, None, random) is charge_fC


def test_no_effect_changes_the_charge_it_is_given(charge_fC: np.ndarray) -> None:
    settings = ArraySettings(
        pixel_capacitance_fF=1000.0,
        on_resistance_MOhm=10.0,
        off_conductance_fS=100.0,
        full_well_fC=100.0,
        pedestal_fC=3.0,
    )
    switches = _maps(settings).switches
    before = charge_fC.copy()
    random = np.random.default_rng(0)
    accumulate(switches, charge_fC, charge_fC)
    hold(switches, transfer(switches, charge_fC))
    leak_off(charge_fC, off_loss(switches, 1.0), 1.0)
    inject(switches, charge_fC)
    add_delayed(charge_fC, charge_fC, charge_fC, random)
    np.testing.assert_array_equal(charge_fC, before)


@pytest.mark.parametrize(("capacitance_fF", "noise_e"), [(1000.0, 401.7), (4800.0, 880.0)])
def test_ktc_noise_is_that_of_the_capacitance(capacitance_fF: float, noise_e: float) -> None:
    # 1.380649e-23 J/K, 300 K and 1 pF: 64.4 uV, 401.7 electrons.
    assert reset_noise_e(capacitance_fF, 300.0) == pytest.approx(noise_e, rel=1e-3)
    warm = replace(ArraySettings(), pixel_capacitance_fF=capacitance_fF).switch_noise_e(1200.0)
    assert warm == pytest.approx(2 * noise_e, rel=1e-3)
    soft = ArraySettings(pixel_capacitance_fF=capacitance_fF, switch_noise=0.5)
    assert soft.switch_noise_e(300.0) == pytest.approx(noise_e / 2, rel=1e-3)
