"""SPI1: the converters' words come in, clocked by what DMA writes to DR (RM0090, chapter 28).

The core may read a word, and clear an overrun, but start no transfer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.peripheral import Peripheral

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.acquisition.timer import Listener
    from fpxi_hwsim.emulator.machine import Machine

CPHA, CPOL, MSTR, SPE, LSBFIRST, SSI, SSM, DFF = 1, 2, 4, 1 << 6, 1 << 7, 1 << 8, 1 << 9, 1 << 11
RXDMAEN = 1
RXNE, TXE, OVR = 1, 2, 1 << 6
TICKS_PER_PCLK2 = 2


class SpiReceiver(Peripheral):
    """SPI1 as master of the converters."""

    access_sizes = (2, 4)

    def __init__(self, machine: Machine, listener: Listener) -> None:
        super().__init__(machine, "SPI1", 0x4001_3000)
        self._listener = listener
        self._cr1 = self.register(0x00, "CR1", writable=0xFFFF, write=self._write_cr1)
        self._cr2 = self.register(0x04, "CR2", writable=0xF7, write=self._write_cr2)
        self.register(0x08, "SR", writable=0x10, ignored=0x1EF, read=self._read_sr)
        self.register(0x0C, "DR", writable=0xFFFF, read=self._read_dr, write=self._write_dr)
        self.register(0x10, "CRCPR", reset=7, writable=0xFFFF)
        self.register(0x1C, "I2SCFGR", writable=0)
        self._word: int | None = None
        """received and not read"""
        self._last = 0
        self._overrun = False
        self._read_since_overrun = False

    def reset(self) -> None:
        """Forget what was received."""
        super().reset()
        self._word = None
        self._last = 0
        self._overrun = False

    @property
    def asks_for_dma(self) -> bool:
        """RXDMAEN."""
        return bool(self._cr2.value & RXDMAEN)

    @property
    def clock_period(self) -> int:
        """Ticks of one SCK."""
        return TICKS_PER_PCLK2 << ((self._cr1.value >> 3 & 7) + 1)

    def require_ready(self) -> None:
        """Refuse settings under which no converter's word could be taken."""
        value = self._cr1.value
        if not self.clocked:
            self.fail("CR1", "the peripheral's clock is off (RCC enable bit)")
        for bit, name in ((SPE, "SPE"), (MSTR, "MSTR"), (DFF, "DFF (16 bits)")):
            if not value & bit:
                self.fail("CR1", f"{name} must be set when converters are read")
        if value & (CPHA | CPOL | LSBFIRST):
            self.fail("CR1", "the converters need mode 0, the highest bit first")
        if value & SSM and not value & SSI:
            self.fail("CR1", "SSM without SSI takes the master's role away (MODF)")

    def receive(self, word: int) -> None:
        """Take a word that no DMA stream takes; a second one is an overrun, and is refused."""
        if self._word is not None:
            self._overrun = True
            self._read_since_overrun = False
            self.fail("DR", "overrun: a word came before the last was read, and no DMA takes them")
        self._word = self._last = word

    def _write_cr1(self, value: int) -> None:
        self._listener.before_change()
        self._cr1.value = value
        self._listener.after_change()

    def _write_cr2(self, value: int) -> None:
        self._listener.before_change()
        self._cr2.value = value
        self._listener.after_change()

    def _read_sr(self) -> int:
        self._listener.catch_up()
        flags = TXE | (self._word is not None) * RXNE | self._overrun * OVR
        if self._read_since_overrun:
            self._overrun = False
        return flags

    def _read_dr(self) -> int:
        self._listener.catch_up()
        self._word = None
        self._read_since_overrun = True
        return self._last

    def _write_dr(self, _value: int) -> None:
        self.fail("DR", "written by the core: converters are read by DMA in step with CNV")
