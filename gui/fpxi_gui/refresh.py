"""When to read which of the values that the device alone changes, so that no link is slowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fpxi.source import FrameSource
from fpxi_readout.protocol.dictionary import Dictionary

STATE = "state"
_SHARE = 0.05
"""Of the link's time, at most so much goes into reading values."""
_SOONEST_S = 0.25
_LATEST_S = 1.0


@dataclass(frozen=True)
class Reading:
    """Values read one after the other, and how long the link was busy with that."""

    values: Mapping[str, int]
    took_s: float


def read(source: FrameSource, names: tuple[str, ...], clock: Callable[[], float]) -> Reading:
    """Read values from a device, in the link thread."""
    began_s = clock()
    values = {name: source.get(name) for name in names}
    return Reading(values, clock() - began_s)


class Refresh:
    """Everything at least once a second where the link is fast enough, else the state alone.

    The session itself reads one value after the other, which a slow link has to do with.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._reading = False
        self._ended_s: float | None = None
        """when the last reading ended; None before the first since the connection"""
        self._one_took_s = 0.0

    def due(self, dictionary: Dictionary) -> tuple[str, ...]:
        """Return the names of the values to read now; none while a reading is on its way."""
        names = tuple(info.name for info in dictionary.parameters.values() if info.access == "ro")
        least = (STATE,) if STATE in names else names[:1]
        if self._reading:
            return ()
        if self._ended_s is None:
            return least
        waited_s = self._clock() - self._ended_s
        all_s = max(_SOONEST_S, len(names) * self._one_took_s / _SHARE)
        if all_s <= _LATEST_S:
            return names if waited_s >= all_s else ()
        return least if waited_s >= _LATEST_S else ()

    def begun(self) -> None:
        """Note that a reading is on its way."""
        self._reading = True

    def succeeded(self, reading: Reading) -> None:
        """Note what a reading took of the link's time."""
        self._one_took_s = reading.took_s / len(reading.values)
        self.failed()

    def failed(self) -> None:
        """Note that a reading has ended."""
        self._reading = False
        self._ended_s = self._clock()

    def connected(self) -> None:
        """Note a new connection: values are wanted at once, and nothing is known of its pace."""
        self._ended_s = None
