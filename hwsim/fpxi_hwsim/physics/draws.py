"""Randomness: one stream for each effect of each scan, and for each map of a panel.

A stream is a pure function of its seeds, so that frames depend on no thread, no clock, and not on
which other effects are switched on. All are Philox streams: the key is of the conditions, the upper
half of the counter says of which scan and effect.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from fpxi_hwsim.physics.effects import Effect, PanelMap

WORD = 64
"""bits of a word of the key and the counter"""
MASK = 2**WORD - 1
USED_UP = 4
"""position in the buffer from which the next number is computed anew"""


class ScanDraws:
    """The streams of one panel's scans, each of its own generator.

    `begin` goes to a scan; `of` then begins the stream of an effect in it. A generator is valid
    until the same effect's stream is begun again.
    """

    def __init__(self) -> None:
        self._streams = {effect: _Stream(effect) for effect in Effect}
        self._key = 0
        self._scan = 0

    def begin(self, key: int, scan: int) -> ScanDraws:
        """Go to a scan under the conditions of this key; returns itself."""
        self._key, self._scan = key, scan
        return self

    def of(self, effect: Effect) -> np.random.Generator:
        """Begin the stream of an effect; asked twice, it begins again."""
        return self._streams[effect].begin(self._key, self._scan)


class _Stream:
    """One generator that can go to any place: eight times faster than a new one for each."""

    def __init__(self, effect: Effect) -> None:
        self._philox = np.random.Philox(0)
        self._generator = np.random.Generator(self._philox)
        self._state: Any = self._philox.state
        self._state["state"]["counter"][:] = (0, 0, 0, effect)
        self._state["buffer_pos"] = USED_UP

    def begin(self, key: int, scan: int) -> np.random.Generator:
        state = self._state["state"]
        state["key"][:] = (key & MASK, key >> WORD)
        state["counter"][2] = scan
        self._philox.state = self._state
        return self._generator


class PanelDraws:
    """The streams from which one panel's maps are drawn."""

    __slots__ = ("_seed",)

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of(self, panel_map: PanelMap) -> np.random.Generator:
        """Begin the stream of a map; asked twice, it begins again."""
        counter = panel_map << 3 * WORD
        return np.random.Generator(np.random.Philox(key=self._seed, counter=counter))


def key_of(*conditions: object) -> int:
    """Return the key of the streams under these conditions, all of them with a lasting `repr`."""
    return int.from_bytes(hashlib.blake2b(repr(conditions).encode(), digest_size=16).digest())
