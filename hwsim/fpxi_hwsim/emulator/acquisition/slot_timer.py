"""TIM1 and TIM8: one period is a slot of the acquisition (RM0090, chapter 17).

They run while TIM5's TRGO opens their gate, or ungated. Other slave modes, compare modes other
than forced levels and PWM, inverted outputs and a repetition counter other than 0 are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.acquisition.stretch import Output, TimerWave
from fpxi_hwsim.emulator.acquisition.timer import Listener, Timer

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine

UDE = 1 << 8
MOE = 1 << 15
SMS_OFF, SMS_GATED = 0, 5
MMS_UPDATE = 2
FROZEN, FORCE_INACTIVE, FORCE_ACTIVE, PWM1, PWM2 = 0, 4, 5, 6, 7


class SlotTimer(Timer):
    """TIM1 or TIM8: one period is a slot; runs while TIM5's TRGO opens its gate."""

    def __init__(
        self,
        machine: Machine,
        name: str,
        base: int,
        listener: Listener,
        *,
        gate: int,
        outputs: dict[int, str],
    ) -> None:
        super().__init__(machine, name, base, listener)
        self._gate = gate
        """TS that selects TIM5 (RM0090, table 93)"""
        self.outputs = outputs
        """signal by channel"""
        self.rcr = self._changing(0x30, "RCR", 0xFF)
        self.bdtr = self._changing(0x44, "BDTR", 0xFFFF)
        self.register(
            0x10, "SR", ignored=0xFFFF_FFFF, read=self._read_flags, write=self._clear_flags
        )
        self._ran = False

    def reset(self) -> None:
        """Stand still, outputs off."""
        super().reset()
        self._ran = False

    def run(self, running: bool) -> None:
        """Note that flags may be set from now on."""
        self._ran = self._ran or running
        super().run(running)

    def opened(self, gate_level: bool) -> bool:
        """Whether the counter counts, with TIM5's TRGO at a level."""
        if not self.enabled:
            return False
        if self.slave_mode == SMS_OFF:
            return True
        if self.slave_mode != SMS_GATED:
            self.fail("SMCR", f"slave mode {self.slave_mode} is not modelled")
        return self.trigger == self._gate and gate_level

    def requests(self, channel: int) -> bool:
        """Whether a channel's compare event asks for DMA."""
        return bool(self.dier.value >> (8 + channel) & 1)

    @property
    def update_requests(self) -> bool:
        """Whether an update asks for DMA."""
        return bool(self.dier.value & UDE)

    @property
    def signals_updates(self) -> bool:
        """Whether TRGO tells other timers of each update (MMS = 010)."""
        return self.master_mode == MMS_UPDATE

    def waves(self) -> tuple[Output, ...]:
        """Return the outputs that are switched on; raises for a mode that is not modelled."""
        found = []
        for channel, signal in self.outputs.items():
            if not (self.bdtr.value & MOE and self.ccer.value >> 4 * (channel - 1) & 1):
                continue
            if self.ccer.value >> 4 * (channel - 1) & 2:
                self.fail("CCER", f"channel {channel}: inverted outputs are not modelled")
            mode = self.mode(channel)
            if mode in (PWM1, PWM2):
                compare = self.compare_in_force(channel)
            elif mode in (FORCE_INACTIVE, FROZEN, FORCE_ACTIVE):
                compare = self.arr.value + 1 if mode == FORCE_ACTIVE else 0
            else:
                self.fail("CCMR", f"channel {channel}: compare mode {mode} is not modelled")
            found.append(Output(signal, compare, mode == PWM2))
        return tuple(found)

    def output_settings(self) -> tuple[object, ...]:
        """Return all that the outputs' levels depend on while the timer stands still."""
        return (
            self.count(),
            self.ccmr[0].value,
            self.ccmr[1].value,
            self.ccer.value,
            self.bdtr.value,
            self.arr.value,
            *self.active_compare,
        )

    def level(self, signal: str) -> bool:
        """Level of an output while the timer stands still; an output that is off is low."""
        return any(out.level(self.count()) for out in self.waves() if out.signal == signal)

    def wave(self, word_at: int | None, *, fresh: bool) -> TimerWave:
        """Return what the timer does from now on."""
        self.require_plain()
        if self.rcr.value != 0:
            self.fail("RCR", "an update in each slot needs a repetition counter of 0")
        return TimerWave(self.count(), self.arr.value + 1, self.waves(), word_at, fresh)

    def _read_flags(self) -> int:
        if self._ran:
            self.fail("SR", "the flags of a slot timer that has run are not modelled")
        return 0

    def _clear_flags(self, _value: int) -> None:
        pass
