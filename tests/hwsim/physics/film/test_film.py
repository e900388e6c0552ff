"""The film as a whole: what composes, what a static scene keeps, and what no film can do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.draws import PanelDraws
from fpxi_hwsim.physics.film.arrhenius import REFERENCE_K
from fpxi_hwsim.physics.film.dark_current import DarkCurrent
from fpxi_hwsim.physics.film.film import Film, FilmResponse
from fpxi_hwsim.physics.film.film_noise import FilmNoise
from fpxi_hwsim.physics.film.ghosting import Ghosting
from fpxi_hwsim.physics.film.ion_migration import IonMigration
from fpxi_hwsim.physics.film.maps import FilmMaps, draw_drift
from fpxi_hwsim.physics.film.settings import FilmSettings
from fpxi_hwsim.physics.film.traps import Traps, rate_response
from hypothesis import given
from hypothesis import strategies as st

Map = npt.NDArray[np.float32]
AREA_CM2 = 4e-4
SIGNAL = np.array([[1.0, 2.0, 3.0], [5.0, 8.0, 13.0]], np.float32)
SPREAD = np.array([[0.5, 1.0, 1.5], [2.0, 3.0, 0.0]], np.float32)
MAPS = FilmMaps(dark=SPREAD, drift=SPREAD[::-1].copy(), lag=SPREAD[:, ::-1].copy())
DARK = DarkCurrent(1e-8, 0.4, 50.0)
SETTINGS = FilmSettings(
    dark=DARK,
    migration=IonMigration(285.0, 0.9, ((0.5, 100.0), (-0.2, 1e4)), 0.1),
    lag=((0.05, 0.02), (0.02, 5.0)),
    ghosting=Ghosting(0.03, 500.0, 300.0),
    traps=Traps(2.0, 3.0, 1e4),
)


def _film(settings: FilmSettings, **changes: Any) -> Film:
    defaults: dict[str, Any] = {
        "pixel_area_cm2": AREA_CM2,
        "thickness_um": 300.0,
        "signal_pA": SIGNAL,
        "bias_V": -3.0,
        "maps": MAPS,
    }
    return Film(settings, **defaults | changes)


def _expose(film: Film, began_s: float, **changes: Any) -> FilmResponse:
    defaults: dict[str, Any] = {
        "integration_s": 0.1,
        "signal_pA": SIGNAL,
        "bias_V": -3.0,
        "temperature_K": 300.0,
        "random": np.random.Generator(np.random.Philox(7)),
    }
    conditions = defaults | changes
    conditions.setdefault("beam_s", conditions["integration_s"])
    return film.expose(began_s=began_s, **conditions)


def _collected_fC(response: FilmResponse, signal: Map, beam_s: float) -> npt.NDArray[np.float64]:
    assert response.sensitivity is not None
    assert response.lag_fC is not None
    return signal * beam_s * 1e3 * response.sensitivity.astype(float) + response.lag_fC


def test_a_film_without_effects_does_nothing() -> None:
    assert _expose(_film(FilmSettings()), 1.0) == FilmResponse(None, None, None)


def test_a_static_scene_gives_the_same_bits_whatever_the_gaps() -> None:
    film = _film(SETTINGS)
    first = _expose(film, 0.0)
    began_s = 0.1
    for gap_s in (0.0, 1e-6, 0.35, 86_400.0):
        began_s += gap_s
        later = _expose(film, began_s)
        began_s += 0.1
        for name in ("dark_fC", "lag_fC", "sensitivity"):
            np.testing.assert_array_equal(getattr(later, name), getattr(first, name), name)


def test_in_equilibrium_all_charge_is_collected() -> None:
    film = _film(replace(SETTINGS, ghosting=Ghosting()))
    density = SIGNAL * 1e-3 / AREA_CM2
    expected = SIGNAL * 100.0 * rate_response(SETTINGS.traps, density.astype(float))
    np.testing.assert_allclose(_collected_fC(_expose(film, 0.0), SIGNAL, 0.1), expected, rtol=1e-5)


def test_dark_charge_is_density_times_area_time_and_spread() -> None:
    film = _film(FilmSettings(dark=DarkCurrent(1e-8)))
    dark_fC = _expose(film, 0.0, temperature_K=REFERENCE_K).dark_fC
    expected_pA = 1e-8 * (-3.0 / 300e-4) * AREA_CM2 * 1e12
    np.testing.assert_allclose(dark_fC, SPREAD * expected_pA * 0.1 * 1e3, rtol=1e-6)


def test_pixels_differ_in_their_ionic_currents() -> None:
    dark = DarkCurrent(1e-8)
    maps = replace(MAPS, dark=None)
    film = _film(FilmSettings(dark=dark, migration=IonMigration(300.0)), maps=maps)
    plain = _film(FilmSettings(dark=dark), maps=maps)
    total, electrons = (_expose(f, 0.0).dark_fC for f in (film, plain))
    np.testing.assert_allclose(total, electrons * (1.0 + MAPS.drift), rtol=1e-6)


def test_a_step_of_the_bias_drifts_and_settles() -> None:
    settings = FilmSettings(dark=DARK, migration=IonMigration(250.0, 0.1, ((1.0, 100.0),)))
    film = _film(settings)
    _expose(film, 0.0)
    dark = [
        float(_expose(film, began_s, bias_V=-6.0).dark_fC[0, 0])  # type: ignore[index]
        for began_s in (1.0, 30.0, 1e4, 2e4)
    ]
    assert dark[0] > dark[1] > dark[2]  # negative bias: the current grows in magnitude
    assert dark[2] == pytest.approx(dark[3], rel=1e-6)


def test_a_ghost_fades_whenever_there_is_no_beam() -> None:
    ghosting = Ghosting(loss=0.3, filling_nC_cm2=0.01, recovery_s=2.0)
    density = SIGNAL.astype(float) * 1e-3 / AREA_CM2
    balance = density / 0.01 / (density / 0.01 + 1 / 2.0)
    for integration_s, gap_s in ((1.0, 0.0), (0.01, 0.99), (0.3, 0.7)):
        film = _film(FilmSettings(ghosting=ghosting))
        _expose(film, 0.0, integration_s=1.0)
        short = {"integration_s": integration_s, "beam_s": 1e-9}
        _expose(film, 1.0, **short)
        sensitivity = _expose(film, 1.0 + integration_s + gap_s, **short).sensitivity
        expected = 1 - 0.3 * balance * np.exp(-1.0 / 2.0)
        np.testing.assert_allclose(sensitivity, expected, rtol=1e-4)


def test_noise_fluctuates_about_the_dark_charge() -> None:
    shape = (64, 64)
    noise = FilmNoise(1e-4, 1e-2, 1e2)
    signal = np.zeros(shape, np.float32)
    films = [
        _film(FilmSettings(dark=DARK, noise=n), signal_pA=signal, maps=None)
        for n in (noise, FilmNoise())
    ]
    noisy, plain = (_expose(f, 0.0, signal_pA=signal, integration_s=1e-4).dark_fC for f in films)
    relative = noisy / plain - 1.0
    expected = noise.variance**0.5
    assert relative.std() == pytest.approx(expected, rel=5.0 / (2 * relative.size) ** 0.5)


def test_after_the_beam_the_trapped_charge_comes_out() -> None:
    film = _film(replace(SETTINGS, ghosting=Ghosting(), traps=Traps()))
    _expose(film, 0.0)
    frames = []
    for n in range(600):
        frames.append(_expose(film, (n + 1) * 0.1, signal_pA=SIGNAL * np.float32(0)).lag_fC)
    released = np.sum(frames, axis=0, dtype=float)
    trapped = SIGNAL * MAPS.lag * (0.05 * 0.02 + 0.02 * 5.0) * 1e3
    np.testing.assert_allclose(released, trapped, rtol=1e-4)


def test_a_beam_shorter_than_the_integration_is_off_until_the_next() -> None:
    settings = FilmSettings(lag=((0.1, 1.0),))
    off, on = _film(settings, maps=None), _film(settings, maps=None)
    _expose(off, 0.0, beam_s=0.05)
    _expose(on, 0.0)
    dark = SIGNAL * np.float32(0)
    after_off, after_on = (_expose(f, 30.0, signal_pA=dark).lag_fC for f in (off, on))
    assert np.all(after_off < 1e-9 * after_on)


def test_the_caller_s_maps_are_not_changed() -> None:
    signal, dark, drift, lag = (m.copy() for m in (SIGNAL, MAPS.dark, MAPS.drift, MAPS.lag))
    film = _film(SETTINGS, signal_pA=signal, maps=FilmMaps(dark, drift, lag))
    response = _expose(film, 0.0, signal_pA=signal)
    for result in (response.dark_fC, response.lag_fC, response.sensitivity):
        assert result is not None
        result[:] = -1.0
    for given_map, kept in ((signal, SIGNAL), (dark, MAPS.dark), (lag, MAPS.lag)):
        np.testing.assert_array_equal(given_map, kept)
    again = _expose(_film(SETTINGS), 0.0)
    np.testing.assert_array_equal(_expose(film, 5.0).lag_fC, again.lag_fC)


def test_a_signal_changed_in_its_place_is_seen_to_have_changed() -> None:
    signal = SIGNAL.copy()
    film = _film(SETTINGS, signal_pA=signal)
    _expose(film, 0.0, signal_pA=signal)
    signal *= np.float32(3.0)
    expected = _film(SETTINGS)
    _expose(expected, 0.0)
    np.testing.assert_array_equal(
        _expose(film, 0.1, signal_pA=signal).sensitivity,
        _expose(expected, 0.1, signal_pA=SIGNAL * np.float32(3.0)).sensitivity,
    )


def test_results_are_float32_maps() -> None:
    response = _expose(_film(SETTINGS), 0.0)
    for result in (response.dark_fC, response.lag_fC, response.sensitivity):
        assert result is not None
        assert result.dtype == np.float32
        assert result.shape == SIGNAL.shape


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("integration_s", {"integration_s": 0.0, "beam_s": 0.0}),
        ("beam_s", {"beam_s": 0.2}),
        ("beam_s", {"beam_s": -0.1}),
        ("temperature_K", {"temperature_K": 27.0}),
        ("field_V_per_cm", {"bias_V": 1e9}),
        ("began_s", {"began_s": 0.05}),
    ],
)
def test_impossible_exposures_are_refused_by_name(name: str, changes: dict[str, float]) -> None:
    film = _film(SETTINGS)
    _expose(film, 0.0)
    began_s = changes.pop("began_s", 1.0)
    with pytest.raises(UnphysicalError) as caught:
        _expose(film, began_s, **changes)
    assert caught.value.name == name


@pytest.mark.parametrize("name", ["pixel_area_cm2", "thickness_um"])
def test_impossible_pixels_are_refused_by_name(name: str) -> None:
    with pytest.raises(UnphysicalError, match=name):
        _film(SETTINGS, **{name: 0.0})


def test_the_drift_map_has_mean_one_and_its_spread() -> None:
    drift = draw_drift(IonMigration(spread=0.2), (200, 200), PanelDraws(3))
    assert drift is not None
    assert drift.mean() == pytest.approx(1.0, abs=5 * 0.2 / 200)
    assert np.log(drift).std() == pytest.approx(0.2, rel=0.02)
    assert draw_drift(IonMigration(), (4, 4), PanelDraws(3)) is None


films = st.builds(
    FilmSettings,
    dark=st.builds(DarkCurrent, st.floats(0.0, 1e-9), st.floats(0.0, 1.0), st.floats(0.0, 1e4)),
    migration=st.builds(IonMigration, st.just(0.0) | st.floats(270.0, 330.0), st.floats(0.0, 1.5)),
    noise=st.builds(FilmNoise, st.just(0.0) | st.floats(1e-12, 1e-4)),
    lag=st.lists(st.tuples(st.floats(0.0, 0.3), st.floats(1e-9, 1e9)), max_size=3).map(tuple),
    ghosting=st.builds(Ghosting, st.floats(-2.0, 1.0), st.floats(1e-6, 1e12), st.floats(1e-9, 1e9)),
    traps=st.builds(
        Traps, st.floats(-1.0, 1e3), st.floats(1e-9, 1e6), st.just(0.0) | st.floats(1e-3, 1e9)
    ),
)
scans = st.lists(
    st.tuples(
        st.just(0.0) | st.floats(1e-6, 1e6),  # gap
        st.floats(1e-6, 1e6),  # integration
        st.floats(0.0, 1.0),  # beam's part of it
        st.floats(-1e3, 1e3),  # relative signal
        st.floats(-100.0, 100.0),  # bias
    ),
    min_size=1,
    max_size=5,
)


@given(films, scans, st.floats(250.0, 350.0))
def test_no_legal_film_creates_charge_or_leaves_the_numbers(
    settings: FilmSettings,
    scans: list[tuple[float, float, float, float, float]],
    temperature_K: float,
) -> None:
    film = _film(settings, thickness_um=2000.0)
    most = max(1.0 + settings.traps.excess_gain, 1.0) * max(1.0 - settings.ghosting.loss, 1.0)
    began_s = 0.0
    for gap_s, integration_s, duty, relative, bias_V in scans:
        signal = SIGNAL * np.float32(relative)
        beam_s = integration_s * duty
        response = _expose(
            film,
            began_s + gap_s,
            integration_s=integration_s,
            beam_s=beam_s,
            signal_pA=signal,
            bias_V=bias_V,
            temperature_K=temperature_K,
        )
        began_s += gap_s + integration_s
        if response.dark_fC is not None:
            assert np.isfinite(response.dark_fC).all()
            assert np.all(response.dark_fC * np.sign(bias_V) >= 0.0)
        if response.sensitivity is not None:
            assert np.all(response.sensitivity >= 0.0)
            assert np.all(response.sensitivity <= most * (1.0 + 1e-6))
        if response.lag_fC is not None:
            assert np.isfinite(response.lag_fC).all()


@given(
    st.lists(st.tuples(st.floats(0.0, 0.33), st.floats(1e-9, 1e6)), min_size=1, max_size=3),
    st.lists(st.tuples(st.floats(1e-6, 1e6), st.floats(0.0, 1.0)), min_size=1, max_size=5),
)
def test_what_is_generated_is_collected_at_last_and_never_before(
    components: list[tuple[float, float]], exposures: list[tuple[float, float]]
) -> None:
    dark = SIGNAL * np.float32(0)
    film = _film(FilmSettings(lag=tuple(components)), signal_pA=dark)
    began_s, generated, collected = 0.0, np.zeros(SIGNAL.shape), np.zeros(SIGNAL.shape)
    for integration_s, duty in exposures:
        beam_s = integration_s * duty
        response = _expose(film, began_s, integration_s=integration_s, beam_s=beam_s)
        began_s += integration_s
        generated += SIGNAL * (beam_s * 1e3)
        collected += _collected_fC(response, SIGNAL, beam_s)
        assert np.all(collected <= generated * (1.0 + 1e-5))
    last = _expose(film, began_s, integration_s=1e9, signal_pA=dark)
    # float32 has no digits left for beams of less than 1e-30 s.
    np.testing.assert_allclose(collected + last.lag_fC, generated, rtol=1e-5, atol=1e-30)
