"""The pins of the microcontroller: who drives them, at what level, and who wants to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.errors import EmulationError

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.gpio import Gpio

#: function(time, old output word, new output word), time in ticks.
OutputListener = Callable[[int, int, int], None]
#: function(time, level of the pin)
InputListener = Callable[[int, bool], None]


def split(pin: str) -> tuple[str, int]:
    """Port letter and bit of a pin name: "PC6" is ("C", 6)."""
    return pin[1], int(pin[2:])


def _wrong(gpio: Gpio, pin: str, register: str, reason: str) -> EmulationError:
    """Return an error about a pin, with when and where the core made use of it."""
    return EmulationError(
        pin,
        register,
        reason,
        tick=gpio.schedule.now,
        program_counter=gpio.machine.program_counter(),
    )


class Pins:
    """All ports. Pin names are as on the data sheet: "PC6"."""

    def __init__(self) -> None:
        self.ports: dict[str, Gpio] = {}

    def on_change(self, port: str, function: OutputListener) -> None:
        """Be told of every change of a port's output word: function(time, old, new)."""
        self.ports[port].output_listeners.append(function)

    def on_input(self, pin: str, function: InputListener) -> None:
        """Be told when the outside changes the level of a pin: function(time, level)."""
        port, bit = split(pin)
        self.ports[port].input_listeners.setdefault(bit, []).append(function)

    def drive(self, pin: str, level: bool | None) -> None:
        """Drive a pin from outside; None lets go of it, so that its pull resistor decides."""
        port, bit = split(pin)
        self.ports[port].drive(bit, level)

    def output(self, pin: str) -> bool:
        """Level that the microcontroller drives; raises if the pin is no output."""
        port, bit = split(pin)
        gpio = self.ports[port]
        if gpio.mode(bit) != 1:
            raise EmulationError(
                pin,
                "MODER",
                "the pin is not a general-purpose output",
                tick=gpio.schedule.now,
                program_counter=gpio.machine.program_counter(),
            )
        return bool(gpio.output >> bit & 1)

    def level(self, pin: str) -> bool:
        """Level at the pin, whoever drives it."""
        port, bit = split(pin)
        return bool(self.ports[port].levels() >> bit & 1)

    def require(self, pin: str, *, af: int | None = None) -> None:
        """Demand that a pin is in alternate function `af`, or an output if `af` is None.

        Raises EmulationError naming the pin if it is not, or if its port has no clock.
        """
        port, bit = split(pin)
        gpio = self.ports[port]
        if af is None:
            if gpio.mode(bit) != 1:
                raise _wrong(gpio, pin, "MODER", "the pin must be an output")
        elif gpio.mode(bit) != 2 or gpio.alternate(bit) != af:
            is_af = (
                f"alternate function {gpio.alternate(bit)}"
                if gpio.mode(bit) == 2
                else (("an input", "an output", "", "analogue")[gpio.mode(bit)])
            )
            reason = f"the pin must be in alternate function {af} but is {is_af}"
            raise _wrong(gpio, pin, "AFR", reason)

    def require_speed(self, pin: str, hz: float) -> None:
        """Demand that an output follows a frequency; EmulationError if OSPEEDR is too low."""
        port, bit = split(pin)
        gpio = self.ports[port]
        if hz > gpio.fastest_hz(bit):
            reason = f"the output follows {gpio.fastest_hz(bit)} Hz at most, not {hz:.0f} Hz"
            raise _wrong(gpio, pin, "OSPEEDR", reason)

    def is_alternate(self, pin: str, af: int) -> bool:
        """Whether a pin is in this alternate function."""
        port, bit = split(pin)
        gpio = self.ports[port]
        return gpio.mode(bit) == 2 and gpio.alternate(bit) == af
