"""The analogue multiplexer at the end of a front end or die: STI starts its token, CLK moves it.

Channel 0 is at the output after the one rise of CLK with STI high, the next after the next rise.
Without a token the output is idle.
"""

from __future__ import annotations

from typing import Any

from fpxi_hwsim.emulator.parts.part import HORIZON_TICKS, Emit, Part, State, age, nowhere

STI_SETUP_NS = 100
SETTLING_NS = 150


class Multiplexer(Part):
    """Emits ("token", None) when channel 0 comes to the output."""

    SIGNALS = ("STI", "CLK")

    def __init__(self, name: str, channels: int, emit: Emit = nowhere) -> None:
        super().__init__(emit)
        self.NAME = name
        self._channels = channels
        self.channel: int | None = None
        """at the output"""
        self._starts = 0
        """rises of CLK since STI is high"""
        self._last_sampled = -HORIZON_TICKS

    @property
    def unread(self) -> bool:
        """Whether a channel that is or will come to the output was not sampled."""
        if self.channel is None:
            return False
        return self.channel + 1 < self._channels or self._last_sampled < self.rose["CLK"]

    def sample(self, tick: int) -> int | None:
        """Return the channel that a converter finds at the output; None: idle.

        Raises
        ------
        PinError
            The output has not settled.

        """
        if self.channel is not None:
            self._demand(
                "CLK", "output settling after its rise", SETTLING_NS, self.rose["CLK"], tick
            )
        self._last_sampled = tick
        return self.channel

    def _STI_rises(self, _tick: int) -> None:
        self._starts = 0

    def _STI_falls(self, tick: int) -> None:
        if self._starts != 1:
            self._refuse("STI", f"{self._starts} rises of CLK while it was high, not one", tick)

    def _CLK_rises(self, tick: int) -> None:
        if self.level["STI"]:
            self._demand("STI", "set-up before CLK's rise", STI_SETUP_NS, self.rose["STI"], tick)
            self._starts += 1
            if self._starts > 1:
                self._refuse("STI", "more than one rise of CLK while it was high", tick)
            self.channel = 0
            self.emit(tick, "token", None)
        elif self.channel is not None:
            self.channel = self.channel + 1 if self.channel + 1 < self._channels else None

    def _forget(self) -> None:
        self.channel = None

    def _memory(self, now: int) -> State:
        return (self.channel, self._starts, age(self._last_sampled, now))

    def _remember(self, now: int, memory: Any) -> None:
        self.channel, self._starts, last_sampled = memory
        self._last_sampled = now + last_sampled
