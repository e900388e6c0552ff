"""The expose-request output: for how long it asked for the beam."""

from __future__ import annotations

from fpxi_hwsim.emulator.schedule import TICKS_PER_US

KEPT = 4
"""requests remembered: one exposure holds one"""


class BeamRequest:
    """Follows the pin."""

    def __init__(self) -> None:
        self._since: int | None = None
        self._requests: list[tuple[int, int]] = []

    @property
    def level(self) -> bool:
        """Whether the beam is asked for."""
        return self._since is not None

    def drive(self, tick: int, level: bool) -> None:
        """Take an edge of the pin."""
        if level and self._since is None:
            self._since = tick
        elif not level and self._since is not None:
            self._requests = [*self._requests[1 - KEPT :], (self._since, tick)]
            self._since = None

    def duration_us(self, began: int, ended: int) -> int:
        """For how long within an integration the beam was wanted, to the nearest microsecond.

        Where nothing asks for it, it is wanted all the time.
        """
        requests = list(self._requests)
        if self._since is not None:
            requests.append((self._since, ended))
        overlaps = (min(ended, until) - max(began, since) for since, until in requests)
        wanted = [overlap for overlap in overlaps if overlap > 0]
        return round((sum(wanted) if wanted else ended - began) / TICKS_PER_US)
