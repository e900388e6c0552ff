"""The outcome of the last action, for as long as it is worth reading."""

from __future__ import annotations

from collections.abc import Callable

from fpxi_readout.errors import FpxiError

from fpxi_gui.state import Level

_STAYS_S = {Level.GOOD: 5.0, Level.BUSY: 5.0, Level.WARNING: 20.0, Level.ERROR: 20.0}


class Messages:
    """One message at a time; bad news stays longer."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._text = ""
        self._level = Level.GOOD
        self._said_at = 0.0
        self.failure: FpxiError | None = None
        """What went wrong last, if anything has."""

    @property
    def level(self) -> Level:
        """How much the message matters."""
        return self._level

    @property
    def text(self) -> str:
        """The message, or nothing once it is old news."""
        old = self._clock() - self._said_at > _STAYS_S[self._level]
        return "" if old else self._text

    def say(self, text: str, level: Level = Level.GOOD) -> None:
        """Replace the message."""
        self._text, self._level, self._said_at = text, level, self._clock()

    def fail(self, error: FpxiError) -> None:
        """Say what went wrong, and what was noted about it."""
        self.failure = error
        self.say(" ".join([str(error), *getattr(error, "__notes__", ())]), Level.ERROR)
