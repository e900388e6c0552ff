"""Streams are pure functions of their seeds."""

from __future__ import annotations

import itertools

import numpy as np
from fpxi_hwsim.physics.draws import PanelDraws, ScanDraws, key_of
from fpxi_hwsim.physics.effects import Effect, PanelMap


def test_an_effect_asked_twice_begins_its_stream_again() -> None:
    draws = ScanDraws().begin(key_of(1, "dark"), 7)
    first, second = (draws.of(Effect.PHOTONS).integers(2**32, size=100) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_every_effect_scan_and_condition_has_a_stream_of_its_own() -> None:
    streams = [
        ScanDraws().begin(key_of(seed), scan).of(effect).integers(2**32, size=1000)
        for seed in (1, 2)
        for scan in (0, 1, 2**40)
        for effect in Effect
    ]
    for one, other in itertools.combinations(streams, 2):
        assert np.count_nonzero(one == other) < 3


def test_a_stream_is_the_same_whatever_was_drawn_before() -> None:
    draws = ScanDraws()
    fresh = draws.begin(key_of(5), 9).of(Effect.RESET).standard_normal(50)
    # An odd number of 32-bit draws leaves half a word, which must not be found later.
    draws.begin(key_of(1), 2).of(Effect.RESET).integers(2**32, size=7, dtype=np.uint32)
    again = draws.begin(key_of(5), 9).of(Effect.RESET).standard_normal(50)
    np.testing.assert_array_equal(again, fresh)


def test_every_map_of_a_panel_has_a_stream_of_its_own() -> None:
    streams = [
        PanelDraws(seed).of(panel_map).standard_normal(1000)
        for seed in (1, 2)
        for panel_map in PanelMap
    ]
    assert np.abs(np.corrcoef(streams) - np.eye(len(streams))).max() < 0.2


def test_the_key_holds_for_ever() -> None:
    assert key_of(1, 0, "letters-caep", 10_000).hex() == "62b35b4339fb043d5cf08334039c382c"
