"""Power controller (RM0090, 5.4): the regulator's scale, which limits the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.peripheral import Peripheral

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine
    from fpxi_hwsim.emulator.rcc import Rcc

_VOS, _DBP = 1 << 14, 1 << 8
_VOSRDY = 1 << 14
_SCALE_2_LIMIT_HZ = 144_000_000


class Pwr(Peripheral):
    """Scale 1 is on after reset."""

    access_sizes = (2, 4)

    def __init__(self, machine: Machine, rcc: Rcc) -> None:
        super().__init__(machine, "PWR", 0x4000_7000)
        self._cr = self.register(0x00, "CR", reset=_VOS, writable=_VOS | _DBP)
        self.register(0x04, "CSR", reset=_VOSRDY, ignored=0x431F, write=lambda _value: None)
        rcc.before_clock.append(self._check_clock)

    def _check_clock(self, hclk_hz: int) -> None:
        if hclk_hz > _SCALE_2_LIMIT_HZ and not self._cr.value & _VOS:
            self.fail("CR", f"{hclk_hz} Hz needs the regulator's scale 1 (VOS)")
