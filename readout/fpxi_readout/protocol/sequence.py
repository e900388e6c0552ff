"""The running number of the packets that a device sends unasked."""

from __future__ import annotations

NUMBERS = 256
# Numbers up to half a turn ahead are new, the others old.
AHEAD = NUMBERS // 2


class SequenceTracker:
    """Counts packets that are missing from a running u8 number.

    An event may overtake frame packets that were numbered before it: a number counts as missing
    until the packet comes after all, or is half a turn old.
    """

    def __init__(self) -> None:
        self.lost = 0
        """packets missing so far"""
        self._next: int | None = None
        self._missing: set[int] = set()

    def restart(self, sequence: int) -> None:
        """Begin anew: the device has restarted."""
        self._next = (sequence + 1) % NUMBERS
        self._missing.clear()

    def take(self, sequence: int) -> None:
        """Take the number of a packet that has arrived."""
        if self._next is None:
            self._next = sequence
        ahead = (sequence - self._next) % NUMBERS
        if ahead < AHEAD:
            if ahead:
                self._skip(ahead)
            self._next = (sequence + 1) % NUMBERS
            if self._missing:
                self._missing.discard((sequence + AHEAD) % NUMBERS)
        elif sequence in self._missing:
            self._missing.discard(sequence)
            self.lost -= 1

    def unbroken(self, earlier: int, later: int) -> bool:
        """Tell whether every packet between two that have arrived has arrived as well."""
        if not self._missing:
            return True
        between = (later - earlier) % NUMBERS
        return not any((missing - earlier) % NUMBERS < between for missing in self._missing)

    def _skip(self, count: int) -> None:
        assert self._next is not None
        self.lost += count
        for offset in range(count):
            number = (self._next + offset) % NUMBERS
            self._missing.add(number)
            self._missing.discard((number + AHEAD) % NUMBERS)
