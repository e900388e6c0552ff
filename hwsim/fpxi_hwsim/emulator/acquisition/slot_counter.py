"""TIM2: counts the updates of TIM8 and compares (RM0090, chapter 18; table 96 for its triggers)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.acquisition.timer import Listener, Timer

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine

IRQ = 28
EXTERNAL_CLOCK = 7
TS_TIM8 = 1
UIF = 1


class SlotCounter(Timer):
    """Counts in external clock mode 1 on ITR1; any other use is refused when it is switched on."""

    def __init__(self, machine: Machine, listener: Listener) -> None:
        super().__init__(machine, "TIM2", 0x4000_0000, listener)
        self.register(
            0x10, "SR", ignored=0xFFFF_FFFF, read=self._read_flags, write=self._clear_flags
        )
        self.register(0x50, "OR", writable=0xC00)
        self.cnt.reset = 0
        self._flags = 0
        dier_changed = self.dier.write
        assert dier_changed is not None

        def write_dier(value: int) -> None:
            dier_changed(value)
            self._update_irq()

        self.dier.write = write_dier

    def reset(self) -> None:
        """Stand still at 0."""
        super().reset()
        self._flags = 0

    @property
    def counting(self) -> bool:
        """Whether updates of TIM8 are counted."""
        if not self.enabled:
            return False
        if self.slave_mode != EXTERNAL_CLOCK or self.trigger != TS_TIM8:
            self.fail("SMCR", "only external clock mode 1 from TIM8 (ITR1) is modelled")
        return True

    def add(self, updates: int) -> None:
        """Count so many updates of TIM8."""
        before = self._stored_count
        after = self._stored_count = before + updates
        if after > self.arr.value:
            self.fail("CNT", "an overflow of the slot counter is not modelled")
        passed = 0
        for index, compare in enumerate(self.active_compare):
            if before < compare <= after:
                passed |= 2 << index
        if passed:
            self._flags |= passed
            self._update_irq()

    def interrupts_within(self, updates: int) -> list[int]:
        """After how many of the next updates an interrupt is asked for."""
        enabled, count = self.dier.value, self._stored_count
        return [
            compare - count
            for index, compare in enumerate(self.active_compare)
            if 0 < compare - count <= updates and enabled >> (index + 1) & 1
        ]

    def _updated_by_software(self) -> None:
        if not self.cr1.value & 4:  # URS
            self._flags |= UIF
            self._update_irq()

    def _read_flags(self) -> int:
        self.listener.count_up()
        return self._flags

    def _clear_flags(self, value: int) -> None:
        self.listener.count_up()
        self._flags &= value  # cleared by writing 0
        self._update_irq()

    def _update_irq(self) -> None:
        self.machine.irq(IRQ, bool(self._flags & self.dier.value & 0x5F))
