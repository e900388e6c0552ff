"""16-bit converters of 1 MSPS with an SPI port, and the line on which they share MISO.

CNV's rise samples and starts a conversion; while CNV is low afterwards, the converter drives MISO
until it has given its 16 bits.
"""

from __future__ import annotations

from typing import Any

from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.parts.part import Emit, Part, State, nowhere

CYCLE_NS = 1000
CONVERSION_NS = 320
SCK_AFTER_CNV_NS = 10
CNV_AFTER_SCK_NS = 10
BITS = 16


class Converter(Part):
    """Emits ("samples", name) at CNV's rise."""

    SIGNALS = ("CNV",)

    def __init__(self, name: str, emit: Emit = nowhere) -> None:
        super().__init__(emit)
        self.NAME = f"converter {name}"
        self._name = name
        self._bits_left = 0
        self._last_clock = self.rose["CNV"]

    @property
    def drives(self) -> bool:
        """Whether it drives MISO."""
        return self._bits_left > 0 and not self.level["CNV"]

    def clock(self, tick: int) -> None:
        """Give out one bit at a rise of SCK."""
        if self._bits_left == BITS:
            self._demand("SCK", "after CNV's fall", SCK_AFTER_CNV_NS, self.fell["CNV"], tick)
        self._bits_left -= 1
        self._last_clock = tick

    def _CNV_rises(self, tick: int) -> None:
        self._demand("CNV", "cycle", CYCLE_NS, self.rose["CNV"], tick)
        if 0 < self._bits_left < BITS:
            given = BITS - self._bits_left
            self._refuse("SCK", f"{given} of {BITS} bits between two rises of CNV", tick)
        self._demand("CNV", "rise after the 16th SCK", CNV_AFTER_SCK_NS, self._last_clock, tick)
        self._bits_left = 0
        self.emit(tick, "samples", self._name)

    def _CNV_falls(self, tick: int) -> None:
        self._demand("CNV", "high (conversion)", CONVERSION_NS, self.rose["CNV"], tick)
        self._bits_left = BITS

    def _forget(self) -> None:
        self._bits_left = 0

    def _memory(self, now: int) -> State:
        return (self._bits_left, max(self._last_clock - now, -1000))

    def _remember(self, now: int, memory: Any) -> None:
        self._bits_left, last_clock = memory
        self._last_clock = now + last_clock


class ConverterLine:
    """The SPI line that the converters share."""

    def __init__(self, *converters: Converter) -> None:
        self.converters = converters
        self.talking: int | None = None
        """number of the converter whose word is, or was last, clocked"""

    def clock(self, tick: int, bit: int) -> Converter:
        """Clock bit 0 to 15 of a word; return the converter whose word it is.

        Raises
        ------
        PinError
            Two converters drive MISO, none does because none has converted, or another than the
            one that began the word.

        """
        driving = [n for n, converter in enumerate(self.converters) if converter.drives]
        if len(driving) > 1:
            raise PinError("converters", "MISO", "two converters drive it at once", tick=tick)
        if not driving:
            reason = "clocks a word that no converter has: CNV is missing"
            raise PinError("converters", "SCK", reason, tick=tick)
        (number,) = driving
        if bit > 0 and number != self.talking:
            reason = "another converter took the line in the midst of a word"
            raise PinError("converters", "MISO", reason, tick=tick)
        self.talking = number
        converter = self.converters[number]
        converter.clock(tick)
        return converter
