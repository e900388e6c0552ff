"""General-purpose 32-bit timer (RM0090, chapter 18): TIM5, the board's clock.

Modelled: up-counting from 0 to ARR, compare channels (frozen, match, forced, PWM), TRGO from
OC1REF, capture of LSI on channel 4, update and compare interrupts. Everything else is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.peripheral import Peripheral
from fpxi_hwsim.emulator.rcc import LSI_HZ, Rcc
from fpxi_hwsim.emulator.schedule import TICKS_PER_SECOND

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine
    from fpxi_hwsim.emulator.schedule import Event

_WORD = 0xFFFF_FFFF
_CEN, _UDIS, _URS, _OPM, _ARPE = 1, 2, 4, 8, 1 << 7
_UIF = 1
_MMS_RESET, _MMS_OC1REF = 0, 4
_TI4_LSI = 1
_FROZEN, _ACTIVE, _INACTIVE, _TOGGLE, _LOW, _HIGH = range(6)
_CHANNELS = (1, 2, 3, 4)


class Timer(Peripheral):
    """TIM5.

    Attributes:
        on_trgo: called as function(tick, level) at every edge of the trigger output.
        oc1ref: level of the reference output of channel 1.

    """

    access_sizes = (2, 4)

    def __init__(self, machine: Machine, rcc: Rcc, *, name: str, base: int, irq: int) -> None:
        super().__init__(machine, name, base)
        self._rcc = rcc
        self._irq = irq
        self.on_trgo: list[Callable[[int, bool], None]] = []
        self.oc1ref = False
        self._origin = 0  # tick at which the counter was 0, or would have been
        self._held = 0  # counter while stopped
        self._event: Event | None = None
        self._capture_event: Event | None = None
        self._prescaler = 0  # the active one; PSC is preloaded
        self._period: Fraction | int = 1
        self._cr1 = self.register(0x00, "CR1", writable=0x03FF, write=self._write_cr1)
        self._cr2 = self.register(0x04, "CR2", writable=0xF8, write=self._write_cr2)
        self.register(0x08, "SMCR")
        self._dier = self.register(0x0C, "DIER", writable=0x1F, write=self._write_dier)
        self._sr = self.register(0x10, "SR", writable=_WORD, write=self._write_sr)
        self.register(0x14, "EGR", writable=1, read=lambda: 0, write=self._write_egr)
        self._ccmr = (
            self.register(0x18, "CCMR1", writable=0xFFFF, write=self._write_ccmr1),
            self.register(0x1C, "CCMR2", writable=0xFFFF, write=self._write_ccmr2),
        )
        self._ccer = self.register(0x20, "CCER", writable=0xBBBB, write=self._write_ccer)
        self.register(0x24, "CNT", writable=_WORD, read=self.count, write=self._write_cnt)
        self._psc = self.register(0x28, "PSC", writable=0xFFFF)
        self._arr = self.register(0x2C, "ARR", reset=_WORD, writable=_WORD, write=self._write_arr)
        self._ccr = [
            self.register(
                0x30 + 4 * channel, f"CCR{channel}", writable=_WORD, write=self._ccr_writer(channel)
            )
            for channel in _CHANNELS
        ]
        self._ccr[3].read = self._read_ccr4
        self._or = self.register(0x50, "OR", writable=0xC0, write=self._write_or)

    def reset(self) -> None:
        """Stop at 0."""
        super().reset()
        self.schedule.cancel(self._event)
        self.schedule.cancel(self._capture_event)
        self._event = self._capture_event = None
        self._held = self._prescaler = 0
        self._set_oc1ref(False)
        self.machine.irq(self._irq, False)

    # ---- counter

    @property
    def running(self) -> bool:
        """Whether the counter counts."""
        return bool(self._cr1.value & _CEN)

    def count(self) -> int:
        """Counter value now."""
        if not self.running:
            return self._held
        return int((self.schedule.now - self._origin) // self._period) % (self._arr.value + 1)

    def next_change(self, offset: int) -> int | None:
        """Tick of the next count, for loops that wait on CNT."""
        if offset != 0x24 or not self.running:
            return None
        counts = (self.schedule.now - self._origin) // self._period + 1
        return self._origin + _ceil(counts * self._period)

    def _tick_of(self, count: int) -> int:
        """First tick after now at which the counter reaches `count`."""
        now = self.schedule.now
        turn = (self._arr.value + 1) * self._period
        first = self._origin + count * self._period
        turns = max((now - first) // turn + 1, 0)
        return _ceil(first + turns * turn)

    def _start_at(self, count: int) -> None:
        """Let the counter stand at `count` from now on."""
        period = Fraction(TICKS_PER_SECOND * (self._prescaler + 1), self._rcc.timer1_hz)
        self._period = int(period) if period.denominator == 1 else period
        self._held = count
        self._origin = self.schedule.now - int(count * self._period)
        self._plan()

    def _plan(self) -> None:
        self.schedule.cancel(self._event)
        self._event = None
        if not self.running:
            return
        targets = [0] if self._wants_update() else []
        targets += [
            self._ccr[channel - 1].value
            for channel in _CHANNELS
            if self._wants_match(channel) and self._ccr[channel - 1].value <= self._arr.value
        ]
        if targets:
            self._event = self.schedule.at(min(map(self._tick_of, targets)), self._reach)

    def _wants_update(self) -> bool:
        # The flag is needed even without its interrupt: software reads it to extend the count.
        return not self._cr1.value & _UDIS

    def _wants_match(self, channel: int) -> bool:
        return not self._is_capture(channel)

    def _reach(self) -> None:
        """Handle the count that the counter has just reached."""
        count = self.count()
        flags = 0
        if count == 0 and self._wants_update():
            flags |= _UIF
            self._prescaler = self._psc.value
        for channel in _CHANNELS:
            if self._ccr[channel - 1].value == count and not self._is_capture(channel):
                flags |= 1 << channel
                self._match(channel)
        self._raise(flags)
        self._plan()

    def _match(self, channel: int) -> None:
        if channel == 1:
            mode = self._mode(1)
            if mode in {_ACTIVE, _INACTIVE, _TOGGLE}:
                self._set_oc1ref(mode == _ACTIVE or (mode == _TOGGLE and not self.oc1ref))

    # ---- outputs

    def _mode(self, channel: int) -> int:
        return self._ccmr[channel > 2].value >> (8 * ((channel - 1) % 2) + 4) & 7

    def _is_capture(self, channel: int) -> bool:
        return bool(self._ccmr[channel > 2].value >> 8 * ((channel - 1) % 2) & 3)

    def _set_oc1ref(self, level: bool) -> None:
        if level != self.oc1ref:
            self.oc1ref = level
            if self._cr2.value >> 4 & 7 == _MMS_OC1REF:
                for function in self.on_trgo:
                    function(self.schedule.now, level)

    # ---- flags

    def _raise(self, flags: int) -> None:
        self._sr.value |= flags
        self._update_irq()

    def _update_irq(self) -> None:
        self.machine.irq(self._irq, bool(self._sr.value & self._dier.value & 0x1F))

    # ---- registers

    def _write_cr1(self, value: int) -> None:
        if value & ~(_CEN | _UDIS | _URS | _ARPE):
            self.fail("CR1", f"{value:#x}: only up-counting without one-pulse mode is modelled")
        count = self.count()
        was = self.running
        self._cr1.value = value
        if not self.running:
            self._held = count
        elif not was:
            self._start_at(count)
            return
        self._plan()

    def _write_cr2(self, value: int) -> None:
        if value & ~0x70 or value >> 4 & 7 not in {_MMS_RESET, _MMS_OC1REF}:
            self.fail("CR2", f"{value:#x}: TRGO is modelled from OC1REF alone")
        self._cr2.value = value

    def _write_dier(self, value: int) -> None:
        self._dier.value = value
        self._update_irq()

    def _write_sr(self, value: int) -> None:
        self._sr.value &= value  # flags are cleared by writing 0
        self._update_irq()

    def _write_egr(self, value: int) -> None:
        if value & 1:
            self._prescaler = self._psc.value
            self._start_at(0)
            if not self._cr1.value & _URS:
                self._raise(_UIF)

    def _write_ccmr1(self, value: int) -> None:
        if value & 0x8F8F & ~0x0808:
            self.fail("CCMR1", f"{value:#x}: channels 1 and 2 are modelled as compare outputs")
        self._ccmr[0].value = value
        mode = self._mode(1)
        if mode > _HIGH:
            self.fail("CCMR1", "PWM modes of this timer are not modelled")
        if mode in {_LOW, _HIGH}:
            self._set_oc1ref(mode == _HIGH)

    def _write_ccmr2(self, value: int) -> None:
        if value & 3 or value >> 8 & 3 not in {0, 1}:
            self.fail("CCMR2", f"{value:#x}: of captures, TI4 on channel 4 is modelled")
        self._ccmr[1].value = value
        self._plan_capture()
        self._plan()

    def _write_ccer(self, value: int) -> None:
        self._ccer.value = value
        self._plan_capture()

    def _write_or(self, value: int) -> None:
        self._or.value = value
        self._plan_capture()

    def _write_cnt(self, value: int) -> None:
        self._start_at(value)

    def _write_arr(self, value: int) -> None:
        if self.running and value != self._arr.value:
            self.fail("ARR", "changed while the counter runs")
        self._arr.value = value

    def _ccr_writer(self, channel: int) -> Callable[[int], None]:
        def write(value: int) -> None:
            if self._is_capture(channel):
                self.fail(f"CCR{channel}", "written while the channel captures")
            self._ccr[channel - 1].value = value
            self._plan()

        return write

    def _read_ccr4(self) -> int:
        if self._is_capture(4):
            self._sr.value &= ~(1 << 4)  # reading the capture clears its flag (18.4.5)
            self._update_irq()
        return self._ccr[3].value

    # ---- capture of the LSI on channel 4 (18.4.21: TI4_RMP = 01)

    def _plan_capture(self) -> None:
        self.schedule.cancel(self._capture_event)
        self._capture_event = None
        enabled = self._ccer.value >> 12 & 1 and self._is_capture(4)
        if enabled and self._or.value >> 6 & 3 == _TI4_LSI:
            edges = 1 << (self._ccmr[1].value >> 10 & 3)
            ticks = edges * TICKS_PER_SECOND // LSI_HZ
            self._capture_event = self.schedule.after(ticks, self._capture)

    def _capture(self) -> None:
        if self._rcc.lsi_on:
            over = self._sr.value >> 4 & 1
            self._ccr[3].value = self.count()
            self._raise(1 << 4 | over << 12)
        self._plan_capture()


def _ceil(value: Fraction | int) -> int:
    return -int(-value // 1)
