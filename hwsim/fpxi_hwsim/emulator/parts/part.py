"""What every part has in common: levels, the times of the last edges, and a state to return to.

Times are in ticks of the microcontroller's 168 MHz clock.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NoReturn

from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.schedule import TICKS_PER_US

HORIZON_TICKS = 16 * TICKS_PER_US
"""no requirement looks further back: edges older than this are all alike"""

Emit = Callable[[int, str, Any], None]
"""takes what a part does: (time, what, value)"""
State = tuple[Hashable, ...]


def to_ns(ticks: int) -> float:
    """Return the duration of so many ticks."""
    return ticks * 1000 / TICKS_PER_US


def nowhere(_tick: int, _what: str, _value: Any) -> None:
    """Take what a part does, for nobody."""


class Part:
    """A part with digital inputs. Edges must come in the order of their times."""

    NAME = ""
    SIGNALS: tuple[str, ...] = ()

    def __init__(self, emit: Emit = nowhere) -> None:
        self.emit = emit
        self.level = dict.fromkeys(self.SIGNALS, False)
        self.rose = dict.fromkeys(self.SIGNALS, -HORIZON_TICKS)
        self.fell = dict.fromkeys(self.SIGNALS, -HORIZON_TICKS)

    def drive(self, tick: int, signal: str, level: bool) -> None:
        """Put a signal to a level; no change is no edge.

        Raises
        ------
        PinError
            The part does not bear it.

        """
        if level == self.level[signal]:
            return
        self.level[signal] = level
        handler = getattr(self, f"_{signal}_{'rises' if level else 'falls'}", None)
        if handler is not None:
            handler(tick)
        (self.rose if level else self.fell)[signal] = tick

    def release(self, tick: int) -> None:
        """Let every input fall, unjudged: the microcontroller lost its power or was reset."""
        for signal, level in self.level.items():
            if level:
                self.fell[signal] = tick
        self.level = dict.fromkeys(self.SIGNALS, False)
        self._forget()

    def snapshot(self, now: int) -> State:
        """Return all that future verdicts depend on, its times relative to `now`."""
        return (
            tuple(self.level.values()),
            tuple(age(tick, now) for tick in self.rose.values()),
            tuple(age(tick, now) for tick in self.fell.values()),
            self._memory(now),
        )

    def restore(self, now: int, state: Any) -> None:
        """Return to a state that `snapshot` gave, as if it had been taken at `now`."""
        levels, rose, fell, memory = state
        self.level = dict(zip(self.SIGNALS, levels, strict=True))
        self.rose = {s: now + age for s, age in zip(self.SIGNALS, rose, strict=True)}
        self.fell = {s: now + age for s, age in zip(self.SIGNALS, fell, strict=True)}
        self._remember(now, memory)

    def _forget(self) -> None:
        """Drop what does not outlast the loss of all inputs."""

    def _memory(self, _now: int) -> State:
        """Return what this part remembers beside its edges."""
        return ()

    def _remember(self, _now: int, _memory: Any) -> None:
        """Take up what `_memory` gave."""

    def _demand(self, signal: str, reason: str, needed_ns: float, since: int, tick: int) -> None:
        """Raise PinError unless so much time has passed from `since` to `tick`."""
        if (tick - since) * 1000 < needed_ns * TICKS_PER_US:
            raise PinError(
                self.NAME,
                signal,
                reason,
                required_ns=needed_ns,
                actual_ns=to_ns(tick - since),
                tick=tick,
            )

    def _refuse(self, signal: str, reason: str, tick: int) -> NoReturn:
        raise PinError(self.NAME, signal, reason, tick=tick)


def age(tick: int, now: int) -> int:
    """Return a time relative to `now`, all times beyond the horizon alike."""
    return max(tick - now, -HORIZON_TICKS)
