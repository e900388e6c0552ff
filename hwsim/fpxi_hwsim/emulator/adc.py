"""ADC1 (RM0090, chapter 13): single conversions started by software."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.peripheral import Peripheral
from fpxi_hwsim.emulator.schedule import TICKS_PER_SECOND, TICKS_PER_US

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine
    from fpxi_hwsim.emulator.pins import Pins
    from fpxi_hwsim.emulator.rcc import Rcc
    from fpxi_hwsim.emulator.schedule import Event

REFERENCE_V = 3.3
_FULL_SCALE = 4095
_EOC, _STRT, _OVR = 1 << 1, 1 << 4, 1 << 5
_ADON, _EOCS, _SWSTART = 1 << 0, 1 << 10, 1 << 30
_SAMPLE_CYCLES = (3, 15, 28, 56, 84, 112, 144, 480)
_CONVERSION_CYCLES = 12
_LIMIT_HZ = 36_000_000
_STABLE_US = 3
_PINS = tuple([f"PA{n}" for n in range(8)] + ["PB0", "PB1"] + [f"PC{n}" for n in range(6)])


class Adc(Peripheral):
    """The converter and the common control register.

    Attributes:
        inputs: function by channel that gives the voltage at its pin.

    """

    def __init__(self, machine: Machine, pins: Pins, rcc: Rcc) -> None:
        super().__init__(machine, "ADC1", 0x4001_2000)
        self._pins = pins
        self._rcc = rcc
        self.inputs: dict[int, Callable[[], float]] = {}
        self._ready_at = 0
        self._event: Event | None = None
        word = 0xFFFF_FFFF
        self._sr = self.register(
            0x00, "SR", writable=0x3F, ignored=0xFFFF_FFC0, write=self._write_sr
        )
        self._cr1 = self.register(0x04, "CR1", writable=0x0300_0000)
        self._cr2 = self.register(
            0x08, "CR2", writable=_ADON | _EOCS | _SWSTART, write=self._write_cr2
        )
        self._smpr = (
            self.register(0x10, "SMPR2", writable=0x3FFF_FFFF),
            self.register(0x0C, "SMPR1", writable=0x07FF_FFFF),
        )
        for index in range(4):
            self.register(0x14 + 4 * index, f"JOFR{index + 1}", writable=0xFFF)
        self.register(0x24, "HTR", reset=0xFFF, writable=0xFFF)
        self.register(0x28, "LTR", writable=0xFFF)
        self._sqr1 = self.register(0x2C, "SQR1", writable=0x00FF_FFFF)
        self.register(0x30, "SQR2", writable=0x3FFF_FFFF)
        self._sqr3 = self.register(0x34, "SQR3", writable=0x3FFF_FFFF)
        self.register(0x38, "JSQR", writable=0x003F_FFFF)
        self._dr = self.register(0x4C, "DR", ignored=word, read=self._read_dr)
        self.register(0x300, "CSR")
        self._ccr = self.register(0x304, "CCR", writable=0x0003_0000)

    def reset(self) -> None:
        """Switch off."""
        super().reset()
        self.schedule.cancel(self._event)
        self._event = None

    def _write_sr(self, value: int) -> None:
        self._sr.value &= value  # flags are cleared by writing 0

    def _write_cr2(self, value: int) -> None:
        now = self.schedule.now
        if value & _ADON & ~self._cr2.value:
            self._ready_at = now + _STABLE_US * TICKS_PER_US
        self._cr2.value = value & ~_SWSTART
        if value & _SWSTART:
            if not value & _ADON or now < self._ready_at:
                self.fail("CR2", f"started less than {_STABLE_US} us after ADON")
            if self._event is not None:
                self.fail("CR2", "started while a conversion runs")
            self._start()

    def _start(self) -> None:
        if self._sqr1.value >> 20 & 0xF:
            self.fail("SQR1", "sequences of several conversions are not modelled")
        clock = self._rcc.pclk2_hz // (2 * ((self._ccr.value >> 16 & 3) + 1))
        if clock > _LIMIT_HZ:
            self.fail("CCR", f"the converter's clock of {clock} Hz exceeds {_LIMIT_HZ} Hz")
        channel = self._sqr3.value & 0x1F
        if channel not in self.inputs:
            self.fail("SQR3", f"nothing is connected to channel {channel}")
        port, bit = _PINS[channel][1], int(_PINS[channel][2:])
        if self._pins.ports[port].mode(bit) != 3:
            self.fail("SQR3", f"{_PINS[channel]} of channel {channel} is not in analogue mode")
        setting = self._smpr[channel >= 10].value >> 3 * (channel % 10) & 7
        sample = _SAMPLE_CYCLES[setting] * TICKS_PER_SECOND // clock
        total = (_SAMPLE_CYCLES[setting] + _CONVERSION_CYCLES) * TICKS_PER_SECOND // clock
        self._sr.value |= _STRT
        end = self.schedule.now + total

        def hold() -> None:
            volts = self.inputs[channel]()
            code = min(max(round(volts / REFERENCE_V * _FULL_SCALE), 0), _FULL_SCALE)
            self._event = self.schedule.at(end, lambda: self._finish(code))

        self._event = self.schedule.after(sample, hold)

    def _finish(self, code: int) -> None:
        self._event = None
        self._dr.value = code
        self._sr.value |= _EOC

    def _read_dr(self) -> int:
        self._sr.value &= ~_EOC
        return self._dr.value
