"""System control space of the core: SCB, NVIC, SysTick, FPU control (ARMv7-M, B3.2 to B3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.nvic import EXCEPTION_COUNT, FIRST_IRQ, NMI, PEND_SV, SYS_TICK
from fpxi_hwsim.emulator.peripheral import Peripheral
from fpxi_hwsim.emulator.systick import SysTick

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine

_WORD = 0xFFFF_FFFF
_IRQ_WORDS = 3  # 82 interrupts
_PRIORITY_BITS = 0xF0F0_F0F0
_CPUID = 0x410F_C241  # Cortex-M4 r0p1
_VECTKEY, _VECTKEYSTAT = 0x05FA, 0xFA05
_SYSRESETREQ = 1 << 2
_STKALIGN = 1 << 9
_ASPEN, _LSPEN = 1 << 31, 1 << 30
_FORCED = 1 << 30
_TRCENA = 1 << 24


class SystemControl(Peripheral):
    """Registers from 0xE000E000 on."""

    access_sizes = (1, 2, 4)

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine, "SCS", 0xE000_E000, 0x1000)
        self._nvic = machine.nvic
        self.register(0x004, "ICTR", reset=2)
        self.systick = SysTick(self)
        self._declare_nvic()
        self._declare_scb()

    def reset(self) -> None:
        """Reset the core's own registers."""
        super().reset()
        self.systick.reset()

    # ---- NVIC

    def _declare_nvic(self) -> None:
        nvic = self._nvic
        for index in range(_IRQ_WORDS):
            shift = FIRST_IRQ + 32 * index

            def enabled(shift: int = shift) -> int:
                return nvic.enabled >> shift & _WORD

            def pending(shift: int = shift) -> int:
                return nvic.pending >> shift & _WORD

            def active(shift: int = shift) -> int:
                return sum(1 << e for e in nvic.active if e >= FIRST_IRQ) >> shift & _WORD

            def enable(value: int, shift: int = shift) -> None:
                self._check_irqs(value, shift)
                nvic.enabled |= value << shift
                self.machine.cpu.interrupt_changed()

            def disable(value: int, shift: int = shift) -> None:
                nvic.enabled &= ~(value << shift)

            def pend(value: int, shift: int = shift) -> None:
                self._check_irqs(value, shift)
                nvic.pending |= value << shift
                self.machine.cpu.interrupt_changed()

            def unpend(value: int, shift: int = shift) -> None:
                for bit in range(32):
                    if value >> bit & 1:
                        nvic.unpend(shift + bit)

            at = 4 * index
            any_bit = {"writable": _WORD}
            self.register(0x100 + at, f"ISER{index}", read=enabled, write=enable, **any_bit)
            self.register(0x180 + at, f"ICER{index}", read=enabled, write=disable, **any_bit)
            self.register(0x200 + at, f"ISPR{index}", read=pending, write=pend, **any_bit)
            self.register(0x280 + at, f"ICPR{index}", read=pending, write=unpend, **any_bit)
            self.register(0x300 + at, f"IABR{index}", read=active)
        for index in range((EXCEPTION_COUNT - FIRST_IRQ + 3) // 4):
            self._declare_priorities(0x400 + 4 * index, f"IPR{index}", FIRST_IRQ + 4 * index)
        self.register(0xF00, "STIR", writable=0x1FF, write=self._trigger)

    def _check_irqs(self, value: int, shift: int) -> None:
        if value << shift >> EXCEPTION_COUNT:
            self.fail("ISER", f"{value:#x} names an interrupt that the STM32F405 does not have")

    def _trigger(self, value: int) -> None:
        self._check_irqs(1 << value, FIRST_IRQ)
        self.machine.pend(value)

    def _declare_priorities(self, offset: int, name: str, first: int) -> None:
        def write(value: int) -> None:
            register.value = value & _PRIORITY_BITS
            for index in range(4):
                if first + index < EXCEPTION_COUNT:
                    self._nvic.priority[first + index] = register.value >> 8 * index & 0xFF
            self.machine.cpu.interrupt_changed()

        register = self.register(offset, name, writable=_WORD, write=write)

    # ---- SCB

    def _declare_scb(self) -> None:
        self.register(0xD00, "CPUID", reset=_CPUID)
        self.register(0xD04, "ICSR", writable=_WORD, read=self._read_icsr, write=self._write_icsr)
        self.register(
            0xD08, "VTOR", writable=0x3FFF_FF80, read=self._read_vtor, write=self._write_vtor
        )
        self._aircr = self.register(
            0xD0C, "AIRCR", reset=_VECTKEYSTAT << 16, writable=_WORD, write=self._write_aircr
        )
        self.register(0xD10, "SCR", writable=0x16, write=self._write_scr)
        # Its traps (unaligned access, division by zero) are not modelled, so they cannot be set.
        self.register(0xD14, "CCR", reset=_STKALIGN)
        for index, first in enumerate((4, 8, 12)):
            self._declare_priorities(0xD18 + 4 * index, f"SHPR{index + 1}", first)
        self.register(0xD24, "SHCSR", writable=0, ignored=0xFFFF)
        self._cfsr = self.register(0xD28, "CFSR", writable=_WORD, write=self._clear_cfsr)
        self._hfsr = self.register(0xD2C, "HFSR", writable=_WORD, write=self._clear_hfsr)
        self.register(0xD34, "MMFAR", writable=_WORD)
        self._bfar = self.register(0xD38, "BFAR", writable=_WORD)
        self._cpacr = self.register(0xD88, "CPACR", writable=0xF << 20, write=self._write_cpacr)
        # DEMCR: TRCENA switches the cycle counter on.
        self.demcr = self.register(0xDFC, "DEMCR", writable=_TRCENA)
        self._fpccr = self.register(
            0xF34, "FPCCR", reset=_ASPEN | _LSPEN, writable=_ASPEN | _LSPEN, write=self._write_fpccr
        )
        self.register(0xF38, "FPCAR", writable=0xFFFF_FFF8)
        self.register(0xF3C, "FPDSCR", writable=0x07C0_0000)

    def _read_icsr(self) -> int:
        nvic = self._nvic
        waiting = nvic.waiting() or 0
        value = (nvic.active[-1] if nvic.active else 0) | waiting << 12
        value |= (len(nvic.active) < 2) << 11
        value |= (nvic.pending >> FIRST_IRQ != 0) << 22
        value |= (nvic.pending >> SYS_TICK & 1) << 26
        return value | (nvic.pending >> PEND_SV & 1) << 28

    def _write_icsr(self, value: int) -> None:
        nvic = self._nvic
        for set_bit, clear_bit, exception in (
            (31, None, NMI),
            (28, 27, PEND_SV),
            (26, 25, SYS_TICK),
        ):
            if value >> set_bit & 1:
                nvic.pend(exception)
            elif clear_bit is not None and value >> clear_bit & 1:
                nvic.unpend(exception)
        self.machine.cpu.interrupt_changed()

    def _read_vtor(self) -> int:
        return self.machine.cpu.exceptions.vector_table

    def _write_vtor(self, value: int) -> None:
        # The table is aligned to its size rounded up to a power of two (B3.2.5): 98 words.
        if value & 0x1FF:
            self.fail("VTOR", f"{value:#010x} is not aligned to 512 bytes, as 98 vectors need")
        self.machine.cpu.exceptions.vector_table = value

    def _write_aircr(self, value: int) -> None:
        if value >> 16 != _VECTKEY:
            self.fail("AIRCR", "write without the key 0x05FA")
        group = value >> 8 & 7
        self._nvic.group_mask = 0xFF & ~((1 << group + 1) - 1)
        self._aircr.value = _VECTKEYSTAT << 16 | group << 8
        if value & _SYSRESETREQ:
            self.machine.request_software_reset()

    def _write_scr(self, value: int) -> None:
        if value:
            self.fail(
                "SCR", f"{value:#x}: deep sleep, sleep-on-exit and SEVONPEND are not modelled"
            )

    def _clear_cfsr(self, value: int) -> None:
        self._cfsr.value &= ~value

    def _clear_hfsr(self, value: int) -> None:
        self._hfsr.value &= ~value

    def note_fault(self, status: int, address: int | None) -> None:
        """Show a fault escalated to HardFault."""
        self._cfsr.value |= status
        self._hfsr.value |= _FORCED
        if address is not None:
            self._bfar.value = address

    def _write_cpacr(self, value: int) -> None:
        access = value >> 20 & 0xF
        if access not in {0, 0xF}:
            self.fail("CPACR", f"CP10 and CP11 must both be off or in full access, not {access:#x}")
        exceptions = self.machine.cpu.exceptions
        exceptions.check_float()
        exceptions.float_enabled = access == 0xF
        self._cpacr.value = value

    def _write_fpccr(self, value: int) -> None:
        self._fpccr.value = value & (_ASPEN | _LSPEN)
        self.machine.cpu.exceptions.float_automatic = bool(value & _ASPEN)

    # ---- SysTick

    def next_change(self, offset: int) -> int | None:
        """Tell the tick at which SysTick's counter changes."""
        return self.systick.next_change() if offset in {0x10, 0x18} else None
