"""Randomness: one stream for each effect of each scan, and for each map of a panel.

A stream is a pure function of its seeds, so that frames depend on no thread, no clock, and not on
which other effects are switched on. Those of scans are SFC64 streams that begin in states hashed
from the conditions, the number of the scan and the effect: chance overlaps are as unlikely as
equal hashes.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from fpxi_hwsim.physics.effects import Effect, PanelMap

WORD_BYTES = 8
STATE_WORDS = 3
"""of SFC64, besides its counter"""


class ScanDraws:
    """The streams of one panel's scans, each of its own generator.

    `begin` goes to a scan; `of` then begins the stream of an effect in it. A generator is valid
    until the same effect's stream is begun again.
    """

    def __init__(self) -> None:
        self._streams = {effect: _Stream() for effect in Effect}
        self._seed = b""

    def begin(self, key: bytes, scan: int) -> ScanDraws:
        """Go to a scan under the conditions of this key; returns itself."""
        self._seed = key + scan.to_bytes(WORD_BYTES, "little")
        return self

    def of(self, effect: Effect) -> np.random.Generator:
        """Begin the stream of an effect; asked twice, it begins again."""
        return self._streams[effect].begin(self._seed + effect.to_bytes(1, "little"))


class _Stream:
    """One generator that can go to any place: many times faster than a new one for each."""

    def __init__(self) -> None:
        self._bits = np.random.SFC64(0)
        self._generator = np.random.Generator(self._bits)
        self._state: Any = self._bits.state

    def begin(self, seed: bytes) -> np.random.Generator:
        digest = hashlib.blake2b(seed, digest_size=STATE_WORDS * WORD_BYTES).digest()
        words = self._state["state"]["state"]
        words[:STATE_WORDS] = np.frombuffer(digest, "<u8")
        words[STATE_WORDS] = 1
        self._bits.state = self._state
        return self._generator


class PanelDraws:
    """The streams from which one panel's maps are drawn."""

    __slots__ = ("_seed",)

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of(self, panel_map: PanelMap) -> np.random.Generator:
        """Begin the stream of a map; asked twice, it begins again."""
        counter = panel_map << 3 * 8 * WORD_BYTES
        return np.random.Generator(np.random.Philox(key=self._seed, counter=counter))


def key_of(*conditions: object) -> bytes:
    """Return the key of the streams under these conditions, all of them with a lasting `repr`."""
    return hashlib.blake2b(repr(conditions).encode(), digest_size=16).digest()
