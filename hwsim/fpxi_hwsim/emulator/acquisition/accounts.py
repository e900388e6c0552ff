"""What a stretch has moved by now: words on port B, items of streams, slots counted."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_hwsim.emulator.acquisition.requests import UPDATE, Requests
from fpxi_hwsim.emulator.acquisition.slot_counter import SlotCounter
from fpxi_hwsim.emulator.acquisition.stretch import Stretch
from fpxi_hwsim.emulator.acquisition.verdict import Verdict
from fpxi_hwsim.emulator.gpio import Gpio
from fpxi_hwsim.emulator.parts.part import State
from fpxi_hwsim.emulator.schedule import Event

REMEMBERED = 1024
"""stretches whose words are summed up once"""


@dataclass(slots=True)
class Playing:
    """The stretch at work."""

    start: int
    stretch: Stretch
    number: int
    """of the stretch"""
    state: State
    """of the panel when it began"""
    state_number: int
    verdict: Verdict
    updates: int = 0
    """of TIM8 that are accounted for"""
    events: tuple[Event, ...] = ()


class Accounts:
    """Counts the updates of TIM8 and lets happen what each moves beside the panel."""

    def __init__(self, port: Gpio, requests: Requests, slot_counter: SlotCounter) -> None:
        self.counting = False
        """whether TIM2 counts slots"""
        self._port = port
        self._requests = requests
        self._slot_counter = slot_counter
        self._sums: dict[int, tuple[int, int]] = {}
        """by number of a stretch: bits of port B that all its words leave, and that they set"""

    def count(self, playing: Playing, until: int) -> None:
        """Count the updates and what they moved, up to and with tick `until`."""
        stretch = playing.stretch
        if not stretch.slots:
            return
        length = min(until - playing.start + 1, stretch.length)
        updates = len(stretch.timers[0].times(0, length))
        fresh = updates - playing.updates
        if fresh == 0:
            return
        if stretch.words:
            self._requests.demand_unchanged(UPDATE, stretch.words[playing.updates : updates])
            self._port.played(self._played(playing, updates))
            self._requests.count(UPDATE, fresh)
        playing.updates = updates
        if self.counting:
            self._slot_counter.add(fresh)

    def _played(self, playing: Playing, updates: int) -> int:
        """Return what port B drives after so many words of a stretch."""
        words = playing.stretch.words
        whole = playing.updates == 0 and updates == len(words)
        sums = self._sums.get(playing.number) if whole else None
        if sums is None:
            kept, driven = 0xFFFF, 0
            for word in words[playing.updates : updates]:
                kept &= ~((word >> 16) | word)
                driven = driven & ~(word >> 16) | word & 0xFFFF
            sums = (kept, driven)
            if whole:
                if len(self._sums) >= REMEMBERED:
                    self._sums.clear()
                self._sums[playing.number] = sums
        kept, driven = sums
        return self._port.output & kept | driven
