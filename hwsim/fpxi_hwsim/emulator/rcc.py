"""Reset and clock control (RM0090, chapter 7): clock tree, peripheral gates, reset causes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.machine import ResetCause
from fpxi_hwsim.emulator.peripheral import Peripheral, Register
from fpxi_hwsim.emulator.schedule import TICKS_PER_US

if TYPE_CHECKING:
    from collections.abc import Callable

    from fpxi_hwsim.emulator.machine import Machine
    from fpxi_hwsim.emulator.schedule import Event

HSI_HZ = 16_000_000
LSI_HZ = 32_000
_WORD = 0xFFFF_FFFF

# Start-up times (data sheet, tables 38, 42 and 43: typical, PLL maximal).
_HSE_US, _PLL_US, _LSI_US, _HSI_US = 2000, 200, 15, 3

_HSION, _HSIRDY = 1 << 0, 1 << 1
_HSEON, _HSERDY, _HSEBYP, _CSSON = 1 << 16, 1 << 17, 1 << 18, 1 << 19
_PLLON, _PLLRDY = 1 << 24, 1 << 25
_PLLI2SON, _PLLI2SRDY = 1 << 26, 1 << 27
_LSION, _LSIRDY = 1 << 0, 1 << 1
_RMVF = 1 << 24
_RESET_FLAGS = {
    ResetCause.POWER: 0x0E00_0000,  # BORRSTF, PINRSTF, PORRSTF
    ResetCause.PIN: 0x0400_0000,
    ResetCause.SOFTWARE: 0x1400_0000,
    ResetCause.WATCHDOG: 0x2400_0000,
}

# Gates of the peripherals that this board's firmware may use (RM0090, 7.3.10 to 7.3.14).
_AHB1 = {**{n: f"GPIO{c}" for n, c in enumerate("ABCDEFGHI")}, 12: "CRC", 21: "DMA1", 22: "DMA2"}
_APB1 = {0: "TIM2", 3: "TIM5", 14: "SPI2", 17: "USART2", 28: "PWR"}
_APB2 = {0: "TIM1", 1: "TIM8", 4: "USART1", 8: "ADC1", 12: "SPI1", 14: "SYSCFG"}
_AHB1_BITS, _APB1_BITS, _APB2_BITS = 0x7E7D_91FF, 0x36FE_C9FF, 0x0007_5F33


class Rcc(Peripheral):
    """Clock tree and gates.

    Attributes:
        hse_hz: frequency of the board's crystal; None: none is fitted, or it is broken.
        before_clock: called with the new AHB frequency before it is switched to.

    """

    access_sizes = (1, 2, 4)

    def __init__(self, machine: Machine, hse_hz: int | None = 8_000_000) -> None:
        super().__init__(machine, "RCC", 0x4002_3800)
        self.hse_hz = hse_hz
        self.before_clock: list[Callable[[int], None]] = []
        self._events: dict[int, Event] = {}
        self._flags = 0
        self._cr = self.register(
            0x00,
            "CR",
            reset=0x83,
            writable=0x050D_00F9,
            ignored=_HSIRDY | _HSERDY | _PLLRDY | _PLLI2SRDY | 0xFF00,
            write=self._write_cr,
        )
        self._pllcfgr = self.register(
            0x04, "PLLCFGR", reset=0x2400_3010, writable=0x0F43_7FFF, write=self._write_pllcfgr
        )
        self._cfgr = self.register(
            0x08, "CFGR", writable=0xFFFF_FCF3, ignored=0xC, write=self._write_cfgr
        )
        self.register(0x0C, "CIR")
        self._declare_gates()
        self.register(0x70, "BDCR", writable=0x0001_8305)
        self._csr = self.register(
            0x74,
            "CSR",
            reset=0x0E00_0000,
            writable=_LSION | _RMVF,
            ignored=0xFE00_0002,
            read=self._read_csr,
            write=self._write_csr,
        )
        self.register(0x80, "SSCGR")
        self.register(0x84, "PLLI2SCFGR", reset=0x2000_3000, writable=0x7000_7FC0)
        machine.on_reset.append(self._note_reset)

    def _declare_gates(self) -> None:
        for offset, bus, gates, bits, low_power in (
            (0x10, "AHB1", _AHB1, _AHB1_BITS, 0x7E67_91FF),
            (0x14, "AHB2", {}, 0xF1, 0xF1),
            (0x18, "AHB3", {}, 1, 1),
            (0x20, "APB1", _APB1, _APB1_BITS, 0x36FE_C9FF),
            (0x24, "APB2", _APB2, _APB2_BITS, 0x0007_5F33),
        ):
            reset = self.register(offset, f"{bus}RSTR", writable=bits)
            reset.write = self._reset_writer(reset, gates, bits)
            enable = self.register(
                offset + 0x20, f"{bus}ENR", reset=0x0010_0000 if bus == "AHB1" else 0, writable=bits
            )
            enable.write = self._enable_writer(enable, gates)
            self.register(offset + 0x40, f"{bus}LPENR", reset=low_power, writable=low_power | bits)

    def _reset_writer(
        self, register: Register, gates: dict[int, str], bits: int
    ) -> Callable[[int], None]:
        def write(value: int) -> None:
            rising = value & ~register.value & bits
            register.value = value
            for bit, name in gates.items():
                peripheral = self.machine.peripherals.get(name)
                if rising >> bit & 1 and peripheral is not None:
                    peripheral.reset()

        return write

    def _enable_writer(self, register: Register, gates: dict[int, str]) -> Callable[[int], None]:
        def write(value: int) -> None:
            register.value = value
            self._gate(value, gates)

        return write

    def _gate(self, value: int, gates: dict[int, str]) -> None:
        for bit, name in gates.items():
            peripheral = self.machine.peripherals.get(name)
            if peripheral is not None:
                peripheral.clocked = bool(value >> bit & 1)

    def reset(self) -> None:
        """Return to the 16 MHz of the HSI with every gate closed; reset causes stay."""
        for event in self._events.values():
            self.schedule.cancel(event)
        self._events.clear()
        super().reset()
        for gates in (_AHB1, _APB1, _APB2):
            self._gate(0, gates)

    def _note_reset(self, cause: ResetCause) -> None:
        kept = 0 if cause is ResetCause.POWER else self._flags
        self._flags = kept | _RESET_FLAGS[cause]

    # ---- oscillators

    def _write_cr(self, value: int) -> None:
        register = self._cr
        if self._system_source() == 2 and not value & _PLLON:
            self.fail("CR", "the PLL is switched off while it is the system clock")
        if value & _PLLON and not register.value & _PLLON:
            self._check_pll()
        register.value = (register.value & ~0x050D_00F9) | (value & 0x050D_00F9)
        self._follow(register, _HSION, _HSIRDY, _HSI_US)
        self._follow(register, _HSEON, _HSERDY, _HSE_US if self.hse_hz else None)
        source_ok = self.hse_hz is not None or not self._pllcfgr.value & 1 << 22
        self._follow(register, _PLLON, _PLLRDY, _PLL_US if source_ok else None)
        self._follow(register, _PLLI2SON, _PLLI2SRDY, _PLL_US)

    def _follow(self, register: Register, on: int, ready: int, delay_us: int | None) -> None:
        """Let a ready flag follow its enable bit: falling at once, rising after the start-up."""
        key = ready | (register is self._csr)
        if not register.value & on:
            register.value &= ~ready
            self.schedule.cancel(self._events.pop(key, None))
        elif not register.value & ready and key not in self._events and delay_us is not None:

            def is_ready() -> None:
                register.value |= ready
                self._events.pop(key)

            self._events[key] = self.schedule.after(delay_us * TICKS_PER_US, is_ready)

    def _write_pllcfgr(self, value: int) -> None:
        if self._cr.value & _PLLON:
            self.fail("PLLCFGR", "the PLL may be configured only while it is off")
        self._pllcfgr.value = value

    def _check_pll(self) -> None:
        """Refuse frequencies outside the PLL's ranges (RM0090, 7.3.2)."""
        value = self._pllcfgr.value
        divisor, factor = value & 0x3F, value >> 6 & 0x1FF
        if value >> 22 & 1 and not self._cr.value & _HSERDY:
            self.fail("PLLCFGR", "the PLL is started from the HSE, which is not ready")
        if divisor < 2 or not 50 <= factor <= 432:
            self.fail("PLLCFGR", f"M {divisor} or N {factor} is out of range")
        comparison = self._pll_input() / divisor
        if not 0.95e6 <= comparison <= 2.1e6:
            self.fail("PLLCFGR", f"the PLL's input of {comparison:g} Hz is not 1 to 2 MHz")
        if not 100e6 <= comparison * factor <= 432e6:
            self.fail("PLLCFGR", f"the VCO's {comparison * factor:g} Hz is not 100 to 432 MHz")

    def _pll_input(self) -> int:
        return (self.hse_hz or 0) if self._pllcfgr.value & 1 << 22 else HSI_HZ

    def _pll_hz(self) -> int:
        value = self._pllcfgr.value
        post = 2 * ((value >> 16 & 3) + 1)
        return self._pll_input() * (value >> 6 & 0x1FF) // ((value & 0x3F) * post)

    # ---- clock tree

    def _system_source(self) -> int:
        return self._cfgr.value & 3

    def _write_cfgr(self, value: int) -> None:
        source = value & 3
        ready = {0: _HSIRDY, 1: _HSERDY, 2: _PLLRDY}.get(source)
        if ready is None:
            self.fail("CFGR", "SW = 3 is not allowed")
        if not self._cr.value & ready:
            # The switch waits for the source; firmware that waits for SWS first never errs.
            self.fail("CFGR", "the system clock is switched to a source that is not ready")
        new = (value & ~0xC) | source << 2
        for function in self.before_clock:
            function(self._system_hz(source) // self._ahb_divisor(new))
        self._cfgr.value = new
        for name, hz, limit in (
            ("HCLK", self.hclk_hz, 168_000_000),
            ("PCLK1", self.pclk1_hz, 42_000_000),
            ("PCLK2", self.pclk2_hz, 84_000_000),
        ):
            if hz > limit:
                self.fail("CFGR", f"{name} becomes {hz} Hz; {limit} Hz is its limit")

    def _system_hz(self, source: int) -> int:
        return (HSI_HZ, self.hse_hz or 0, self._pll_hz())[source]

    @staticmethod
    def _ahb_divisor(cfgr: int) -> int:
        code = cfgr >> 4 & 0xF
        return 1 if code < 8 else (2, 4, 8, 16, 64, 128, 256, 512)[code - 8]

    def _apb_divisor(self, shift: int) -> int:
        code = self._cfgr.value >> shift & 7
        return 1 if code < 4 else 2 << (code - 4)

    @property
    def hclk_hz(self) -> int:
        """Frequency of the core and the AHB."""
        return self._system_hz(self._system_source()) // self._ahb_divisor(self._cfgr.value)

    @property
    def pclk1_hz(self) -> int:
        """Frequency of APB1."""
        return self.hclk_hz // self._apb_divisor(10)

    @property
    def pclk2_hz(self) -> int:
        """Frequency of APB2."""
        return self.hclk_hz // self._apb_divisor(13)

    @property
    def timer1_hz(self) -> int:
        """Frequency of the timers on APB1: twice PCLK1 unless its divisor is 1."""
        return self.pclk1_hz * (1 if self._apb_divisor(10) == 1 else 2)

    @property
    def timer2_hz(self) -> int:
        """Frequency of the timers on APB2."""
        return self.pclk2_hz * (1 if self._apb_divisor(13) == 1 else 2)

    # ---- CSR

    @property
    def lsi_on(self) -> bool:
        """Whether the low-speed oscillator runs and is stable."""
        return bool(self._csr.value & _LSIRDY)

    def start_lsi(self) -> None:
        """Start the low-speed oscillator, as the independent watchdog does."""
        self._csr.value |= _LSION
        self._follow(self._csr, _LSION, _LSIRDY, _LSI_US)

    def _read_csr(self) -> int:
        return (self._csr.value & 3) | self._flags

    def _write_csr(self, value: int) -> None:
        if value & _RMVF:
            self._flags = 0
        self._csr.value = (self._csr.value & ~_LSION) | (value & _LSION)
        self._follow(self._csr, _LSION, _LSIRDY, _LSI_US)
