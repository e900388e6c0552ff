"""How long the device has been away."""

from __future__ import annotations

from collections.abc import Callable

from fpxi.connection import ConnectionState


class Outage:
    """Timed from the loss of a connection until the next one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began_s: float | None = None

    @property
    def so_far_s(self) -> float | None:
        """How long it lasts already; None while there is none."""
        return None if self._began_s is None else self._clock() - self._began_s

    def note(self, state: ConnectionState) -> float | None:
        """Note how the connection stands; return how long an outage lasted that has just ended."""
        lasted_s = self.so_far_s
        if state is ConnectionState.RECONNECTING:
            if self._began_s is None:
                self._began_s = self._clock()
            return None
        self._began_s = None
        return lasted_s if state is ConnectionState.CONNECTED else None


def duration_text(duration_s: float) -> str:
    """Return a duration in whole seconds."""
    minutes, seconds = divmod(round(duration_s), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
