"""General-purpose ports (RM0090, chapter 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.peripheral import Peripheral
from fpxi_hwsim.emulator.pins import InputListener, OutputListener, Pins

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine

_BASE = 0x4002_0000
# Ports A and B wake with the debug pins in alternate function and pulled (RM0090, 8.4.1-8.4.4).
_MODER_RESET = {"A": 0xA800_0000, "B": 0x0000_0280}
_OSPEEDR_RESET = {"B": 0x0000_00C0}
_PUPDR_RESET = {"A": 0x6400_0000, "B": 0x0000_0100}
_FASTEST_HZ = (4_000_000, 25_000_000, 50_000_000, 100_000_000)


class Gpio(Peripheral):
    """One port.

    Attributes:
        before_access: called before the core or DMA reads or changes the port's levels, so that
            a model that plays output words in blocks can bring the port up to date.
        output: the output data register: what output pins drive.
        output_listeners: called as function(time, old, new) when `output` changes.
        input_listeners: by bit, called as function(time, level) when the outside changes it.

    """

    access_sizes = (1, 2, 4)

    def __init__(self, machine: Machine, pins: Pins, letter: str) -> None:
        super().__init__(machine, f"GPIO{letter}", _BASE + 0x400 * (ord(letter) - ord("A")))
        pins.ports[letter] = self
        self.before_access: list[Callable[[], None]] = []
        self.output_listeners: list[OutputListener] = []
        self.input_listeners: dict[int, list[InputListener]] = {}
        self.output = 0
        self._driven: dict[int, bool] = {}
        every = 0xFFFF_FFFF
        self._moder = self.register(
            0x00, "MODER", reset=_MODER_RESET.get(letter, 0), writable=every
        )
        self.register(0x04, "OTYPER", writable=0xFFFF)
        self._ospeedr = self.register(
            0x08, "OSPEEDR", reset=_OSPEEDR_RESET.get(letter, 0), writable=every
        )
        self._pupdr = self.register(
            0x0C, "PUPDR", reset=_PUPDR_RESET.get(letter, 0), writable=every
        )
        self.register(0x10, "IDR", ignored=0xFFFF, read=self._read_idr, write=lambda _value: None)
        self.register(0x14, "ODR", writable=0xFFFF, read=self._read_odr, write=self._write_odr)
        self.register(0x18, "BSRR", writable=every, read=lambda: 0, write=self._write_bsrr)
        self._lckr = self.register(0x1C, "LCKR", writable=0x1_FFFF)
        self._afr = (
            self.register(0x20, "AFRL", writable=every),
            self.register(0x24, "AFRH", writable=every),
        )

    def reset(self) -> None:
        """Return to inputs; what the outside drives stays driven."""
        super().reset()
        self._set_output(0)

    def mode(self, bit: int) -> int:
        """0 input, 1 output, 2 alternate function, 3 analogue."""
        return self._moder.value >> 2 * bit & 3

    def alternate(self, bit: int) -> int:
        """Alternate function number chosen for a pin."""
        return self._afr[bit >> 3].value >> 4 * (bit & 7) & 0xF

    def fastest_hz(self, bit: int) -> int:
        """Highest frequency that an output follows (data sheet, I/O AC characteristics)."""
        return _FASTEST_HZ[self._ospeedr.value >> 2 * bit & 3]

    def levels(self) -> int:
        """Levels at the 16 pins: outputs as driven, inputs as the outside or the pull says."""
        moder, pulls, word = self._moder.value, self._pupdr.value, 0
        for bit in range(16):
            mode = moder >> 2 * bit & 3
            if mode == 3:
                continue  # an analogue pin reads 0 (RM0090, 8.3.12)
            if mode == 1:
                level = bool(self.output >> bit & 1)
            else:
                level = self._driven.get(bit, (pulls >> 2 * bit & 3) == 1)
            word |= level << bit
        return word

    def drive(self, bit: int, level: bool | None) -> None:
        """Drive a pin from outside, or let go of it with None."""
        before = self.levels()
        if level is None:
            self._driven.pop(bit, None)
        else:
            self._driven[bit] = level
        after = self.levels()
        if (before ^ after) >> bit & 1:
            for function in self.input_listeners.get(bit, ()):
                function(self.schedule.now, bool(after >> bit & 1))

    def set_reset(self, word: int) -> None:
        """Act as a write to BSRR: low half sets, high half resets, set wins (RM0090, 8.4.7)."""
        self._set_output((self.output & ~(word >> 16)) | (word & 0xFFFF))

    def played(self, word: int) -> None:
        """Set the output register without telling the listeners: the caller has told them."""
        self.output = word & 0xFFFF

    def _update(self) -> None:
        for function in self.before_access:
            function()

    def _read_idr(self) -> int:
        self._update()
        return self.levels()

    def _read_odr(self) -> int:
        self._update()
        return self.output

    def _write_bsrr(self, word: int) -> None:
        self._update()
        self.set_reset(word)

    def _write_odr(self, value: int) -> None:
        self._update()
        self._set_output(value & 0xFFFF)

    def _set_output(self, new: int) -> None:
        old = self.output
        if new != old:
            self.output = new
            for function in self.output_listeners:
                function(self.schedule.now, old, new)
