"""The maps of a panel: their statistics, their independence of one another, and the ring."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.array.maps import PanelMaps, imaging_mask, make_panel_maps
from fpxi_hwsim.physics.array.settings import ArraySettings, Defects
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_readout.protocol.generated import PANELS

TFT64, CMOS32 = PANELS["tft64"], PANELS["cmos32"]
LARGE = replace(TFT64, rows=256, columns=256)
SIGMAS = 5.0
DEFECTS = Defects(
    dead=8,
    hot=8,
    hot_factor=40.0,
    noisy=6,
    noisy_factor=150.0,
    lagging=5,
    lagging_factor=6.0,
    blinking=3,
    blinking_factor=9.0,
    dead_column_rows=19,
)
ARRAY = ArraySettings(
    response_spread=0.06,
    film_spread=0.1,
    dark_spread=0.25,
    lag_spread=0.2,
    pedestal_fC=40.0,
    pedestal_spread_fC=4.0,
    pixel_capacitance_fF=1000.0,
    capacitance_spread=0.02,
    on_resistance_MOhm=4.0,
    off_conductance_fS=1.0,
    leakage_spread=0.3,
    full_well_fC=12_000.0,
    data_line_us=2.0,
    line_resistance_spread=0.03,
    defects=DEFECTS,
)
FRONT_END = FrontEndSettings(
    pixel_noise_e=1200.0,
    channel_spread=0.01,
    offset_counts=3000.0,
    channel_offset_spread_counts=800.0,
    outputs=2,
    output_offset_spread_counts=700.0,
    inl_counts=6.0,
    dnl_counts=0.15,
    reset_level_counts=1200.0,
    reset_level_spread_counts=300.0,
)


def _arrays(maps: object, prefix: str = "") -> dict[str, np.ndarray]:
    """All arrays of a tree of dataclasses, by name."""
    found = {}
    for field in fields(maps):
        value = getattr(maps, field.name)
        if is_dataclass(value):
            found |= _arrays(value, f"{field.name}.")
        elif value is not None:
            found[prefix + field.name] = value
    return found


def _changed(first: PanelMaps, second: PanelMaps) -> set[str]:
    ours, theirs = _arrays(first), _arrays(second)
    assert ours.keys() == theirs.keys()
    return {name for name in ours if not np.array_equal(ours[name], theirs[name])}


def test_the_same_seed_is_the_same_panel_and_another_seed_another() -> None:
    first, again, other = (make_panel_maps(ARRAY, FRONT_END, TFT64, seed) for seed in (1, 1, 2))
    assert _changed(first, again) == set()
    assert _changed(first, other) == _arrays(first).keys()


@pytest.mark.parametrize(
    ("change", "maps"),
    [
        ({"response_spread": 0.0}, {"response"}),
        ({"film_spread": 0.0}, {"response"}),
        ({"dark_spread": 0.0}, {"dark_factor"}),
        ({"lag_spread": 0.0}, {"lag_factor"}),
        ({"pedestal_spread_fC": 0.0}, {"switches.pedestal_fC"}),
        ({"leakage_spread": 0.0}, {"switches.leakage_per_s"}),
        ({"line_resistance_spread": 0.0}, {"channels.transfer"}),
        ({"defects": replace(DEFECTS, hot=0)}, {"hot", "dark_factor"}),
    ],
)
def test_an_effect_switched_off_leaves_the_other_maps_bit_for_bit(
    change: dict[str, object], maps: set[str]
) -> None:
    whole = make_panel_maps(ARRAY, FRONT_END, TFT64, seed=1)
    without = make_panel_maps(replace(ARRAY, **change), FRONT_END, TFT64, seed=1)
    changed = _changed(whole, without)
    if "defects" in change:
        # The kinds share the places, so that none has two.
        changed -= {"dead", "noisy", "lagging", "blinking", "response", "lag_factor"}
        changed -= {"pixel_noise_e"}
    assert changed == maps


def test_the_spreads_are_those_of_the_settings() -> None:
    array = replace(ARRAY, film_spread=0.0, gate_droop=0.0, defects=Defects())
    maps = make_panel_maps(array, FRONT_END, LARGE, seed=4)
    n = LARGE.rows * LARGE.columns
    bound = SIGMAS * np.sqrt(0.5 / n)
    assert maps.response.std() == pytest.approx(0.06, rel=bound)
    assert abs(maps.response.mean() - 1) < SIGMAS * 0.06 / np.sqrt(n)
    assert np.log(maps.dark_factor).std() == pytest.approx(0.25, rel=bound)
    assert abs(np.log(maps.dark_factor).mean()) < SIGMAS * 0.25 / np.sqrt(n)
    assert np.log(maps.lag_factor).std() == pytest.approx(0.2, rel=bound)
    switches = maps.switches
    assert switches.pedestal_fC is not None
    assert switches.leakage_per_s is not None
    assert switches.full_well_fC is not None
    assert (switches.pedestal_fC - 40).std() == pytest.approx(4.0, rel=bound)
    assert switches.full_well_fC.std() == pytest.approx(240.0, rel=bound)
    # 1 fS over 1 pF is 1e-3 / s; its spread is the conductance's and the capacitance's.
    leakage = np.log(switches.leakage_per_s)
    assert leakage.std() == pytest.approx(np.hypot(0.3, 0.02), rel=2 * bound)
    assert np.exp(np.median(leakage)) == pytest.approx(1e-3, rel=0.01)


def test_a_larger_pixel_holds_more_leaks_slower_and_empties_slower() -> None:
    array = replace(ARRAY, capacitance_spread=0.05, leakage_spread=0.0)
    switches = make_panel_maps(array, FRONT_END, LARGE, seed=4).switches
    assert switches.full_well_fC is not None
    assert switches.leakage_per_s is not None
    assert switches.remaining is not None
    size = switches.full_well_fC / 12_000
    assert size.std() == pytest.approx(0.05, rel=SIGMAS * np.sqrt(0.5 / size.size))
    np.testing.assert_allclose(switches.leakage_per_s, 1e-3 / size, rtol=1e-5)
    # 4 MOhm and 1 pF: 4 us.
    np.testing.assert_allclose(-33 / np.log(switches.remaining), 4 * size, rtol=1e-5)


def test_film_blotches_are_smooth_and_of_their_spread() -> None:
    array = ArraySettings(film_spread=0.1)
    film = make_panel_maps(array, FrontEndSettings(), LARGE, seed=4).response
    assert film.mean() == pytest.approx(1, abs=1e-5)
    assert film.std() == pytest.approx(0.1, rel=1e-4)
    assert np.abs(np.diff(film)).max() < 0.02


@pytest.mark.parametrize("seed", range(3))
def test_defects_show_in_the_maps_they_belong_to(seed: int) -> None:
    maps = make_panel_maps(ARRAY, FRONT_END, TFT64, seed)
    good = ~maps.defective
    for name in ("response", "dark_factor", "lag_factor"):
        assert not getattr(maps, name)[maps.dead].any()
    assert maps.response[~maps.dead].min() > 0
    assert maps.dark_factor[maps.hot].min() > 5 * maps.dark_factor[good].max() / 2
    assert (maps.pixel_noise_e[maps.noisy] == 180_000).all()
    assert (maps.pixel_noise_e[~maps.noisy] == 1200).all()
    assert maps.lag_factor[maps.lagging].mean() > 4 * maps.lag_factor[good].mean()
    assert maps.defective.sum() == 8 + 8 + 6 + 5 + 3 + 19 - _overlap(maps)


def _overlap(maps: PanelMaps) -> int:
    """Pixels drawn as defects that the dead end of the column took."""
    column = np.flatnonzero(maps.dead.sum(axis=0) >= 19)[0]
    kinds = [maps.hot, maps.noisy, maps.lagging, maps.blinking]
    seen = sum(int(kind.sum()) for kind in kinds)
    dead_elsewhere = int(maps.dead.sum()) - int(maps.dead[-19:, column].sum())
    return 30 - seen - dead_elsewhere


def test_the_process_ring_does_not_respond_and_has_its_own_level() -> None:
    array = replace(ARRAY, ring_pedestal_fC=120.0)
    maps = make_panel_maps(array, replace(FRONT_END, outputs=1), CMOS32, seed=1)
    ring = ~imaging_mask(CMOS32)
    assert ring.sum() == 4 * 31
    assert not maps.response[ring].any()
    assert not maps.dark_factor[ring].any()
    assert not maps.defective[ring].any()
    assert maps.switches.pedestal_fC is not None
    pedestal = maps.switches.pedestal_fC
    lifted_fC = pedestal[ring].mean() - pedestal[~ring].mean()
    assert abs(lifted_fC - 120) < SIGMAS * 4 / np.sqrt(ring.sum())


@pytest.mark.parametrize("shape", [(1, 1), (1, 64), (7, 11)])
def test_panels_of_any_shape_can_be_made(shape: tuple[int, int]) -> None:
    geometry = replace(TFT64, rows=shape[0], columns=shape[1])
    array = replace(ARRAY, defects=Defects())
    maps = make_panel_maps(array, replace(FRONT_END, outputs=1), geometry, seed=1)
    for name, values in _arrays(maps).items():
        assert np.isfinite(values).all(), name
    assert maps.response.shape == shape
    assert (maps.response > 0).all()


def test_a_neutral_panel_has_nothing_to_find() -> None:
    maps = make_panel_maps(ArraySettings(), FrontEndSettings(), TFT64, seed=1)
    assert set(_arrays(maps)) == {
        *("response", "dark_factor", "lag_factor", "pixel_noise_e"),
        *("channels.gain", "channels.transfer", "channels.offset_counts", "channels.level_counts"),
        *("dead", "hot", "noisy", "lagging", "blinking"),
    }
    assert (maps.response == 1).all()
    assert (maps.dark_factor == 1).all()
    assert not maps.defective.any()


def test_a_switch_too_slow_for_the_time_of_a_line_is_refused() -> None:
    slow = ArraySettings(pixel_capacitance_fF=1000.0, on_resistance_MOhm=1000.0)
    with pytest.raises(UnphysicalError, match="charge left by a read"):
        make_panel_maps(slow, FrontEndSettings(), TFT64, seed=1)
