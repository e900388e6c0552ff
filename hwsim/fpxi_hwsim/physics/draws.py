"""Randomness: one stream for each effect of each scan, and for each map of a panel.

A stream is a pure function of its seeds, so that frames depend on no thread, no clock, and not on
which other effects are switched on.
"""

from __future__ import annotations

import hashlib

import numpy as np

from fpxi_hwsim.physics.effects import Effect, PanelMap

_WORD = 64
"""bits of a word of the Philox counter"""


class ScanDraws:
    """The streams of one scan."""

    __slots__ = ("_key", "_scan")

    def __init__(self, key: int, scan: int) -> None:
        self._key = key
        self._scan = scan

    def of(self, effect: Effect) -> np.random.Generator:
        """Begin the stream of an effect; asked twice, it begins again."""
        counter = (self._scan << 2 * _WORD) | (effect << 3 * _WORD)
        return np.random.Generator(np.random.Philox(key=self._key, counter=counter))


class PanelDraws:
    """The streams from which one panel's maps are drawn."""

    __slots__ = ("_seed",)

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of(self, panel_map: PanelMap) -> np.random.Generator:
        """Begin the stream of a map; asked twice, it begins again."""
        counter = panel_map << 3 * _WORD
        return np.random.Generator(np.random.Philox(key=self._seed, counter=counter))


def key_of(*conditions: object) -> int:
    """Return the key of the streams under these conditions, all of them with a lasting `repr`."""
    return int.from_bytes(hashlib.blake2b(repr(conditions).encode(), digest_size=16).digest())
