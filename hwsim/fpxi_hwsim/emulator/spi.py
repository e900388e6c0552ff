"""SPI master (RM0090, chapter 28), polled: SPI2, which feeds the bias DAC."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.peripheral import Peripheral
from fpxi_hwsim.emulator.schedule import TICKS_PER_SECOND

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine
    from fpxi_hwsim.emulator.pins import Pins
    from fpxi_hwsim.emulator.schedule import Event

_CPHA, _CPOL, _MSTR, _SPE, _SSI, _SSM = 1, 2, 1 << 2, 1 << 6, 1 << 8, 1 << 9
_DFF = 1 << 11
_ALLOWED_CR1 = _CPHA | _CPOL | _MSTR | 7 << 3 | _SPE | _SSI | _SSM | _DFF
_RXNE, _TXE, _OVR, _BSY = 1, 2, 1 << 6, 1 << 7
_AF5 = 5


class Spi(Peripheral):
    """A master without MISO: it receives ones.

    Attributes:
        on_transfer: called as function(tick of the first clock edge, clock period in ticks,
            bits, value) for every frame, at that tick.

    """

    access_sizes = (1, 2, 4)

    def __init__(
        self,
        machine: Machine,
        pins: Pins,
        *,
        name: str,
        base: int,
        required_pins: tuple[str, ...],
        clock_hz: Callable[[], int],
    ) -> None:
        super().__init__(machine, name, base)
        self._pins = pins
        self._required_pins = required_pins
        self._clock_hz = clock_hz
        self.on_transfer: list[Callable[[int, int, int, int], None]] = []
        self._waiting: int | None = None
        self._shifting = False
        self._event: Event | None = None
        self._received = 0
        self._flags = 0
        self._overrun_seen = 0
        self._cr1 = self.register(0x00, "CR1", writable=0xFFFF, write=self._write_cr1)
        self.register(0x04, "CR2", writable=0)
        self.register(0x08, "SR", reset=_TXE, ignored=0xFFFF, read=self._read_sr)
        self.register(0x0C, "DR", writable=0xFFFF, read=self._read_dr, write=self._write_dr)
        self.register(0x10, "CRCPR", reset=7, writable=0xFFFF)
        self.register(0x1C, "I2SCFGR", writable=0)
        self.register(0x20, "I2SPR", reset=2)

    def reset(self) -> None:
        """Stop."""
        super().reset()
        self.schedule.cancel(self._event)
        self._event = None
        self._waiting = None
        self._shifting = False
        self._flags = 0

    def _write_cr1(self, value: int) -> None:
        if value & ~_ALLOWED_CR1 or (value & _SPE and not value & _MSTR):
            self.fail("CR1", f"{value:#x}: a full-duplex master, MSB first, is modelled")
        if value & _SPE and not (value & _SSM and value & _SSI):
            self.fail("CR1", "a master without SSM and SSI high faults on its NSS pin (MODF)")
        busy = self._shifting or self._waiting is not None
        if busy and value != self._cr1.value:
            self.fail("CR1", "changed while a frame is being sent (BSY)")
        self._cr1.value = value

    def _read_sr(self) -> int:
        value = self._flags | (self._waiting is None) * _TXE
        self._overrun_seen = value & _OVR
        return value | (self._shifting or self._waiting is not None) * _BSY

    def _read_dr(self) -> int:
        self._flags &= ~_RXNE
        return self._received

    def _write_dr(self, value: int) -> None:
        if not self._cr1.value & _SPE:
            self.fail("DR", "written while the SPI is off (SPE)")
        if self._waiting is not None:
            self.fail("DR", "written while TXE is 0: the frame before it is lost")
        if self._flags & _OVR:
            self.fail("SR", "overrun: a received frame was not read before the next one came")
        for pin in self._required_pins:
            self._pins.require(pin, af=_AF5)
            self._pins.require_speed(pin, self._clock_hz() / (2 << (self._cr1.value >> 3 & 7)))
        self._waiting = value
        if not self._shifting:
            self._begin()

    def _begin(self) -> None:
        value, self._waiting = self._waiting or 0, None
        self._shifting = True
        bits = 16 if self._cr1.value & _DFF else 8
        divisor = 2 << (self._cr1.value >> 3 & 7)
        period = divisor * TICKS_PER_SECOND // self._clock_hz()
        for function in self.on_transfer:
            function(self.schedule.now, period, bits, value & ((1 << bits) - 1))
        self._event = self.schedule.after(bits * period, self._end)

    def _end(self) -> None:
        self._shifting = False
        self._received = 0xFFFF if self._cr1.value & _DFF else 0xFF
        if self._flags & _RXNE:
            self._flags |= _OVR
        self._flags |= _RXNE
        if self._waiting is not None:
            self._begin()
