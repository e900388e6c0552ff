"""Errors of the emulated board."""

from __future__ import annotations

from fpxi_hwsim.errors import SimulationError


class EmulatorMissingError(SimulationError):
    """A package that the emulator needs is not installed."""

    def __init__(self, package: str) -> None:
        self.package = package
        super().__init__(
            f"the emulated board needs the package {package!r}; install it with "
            "`pip install fpxi[emulator]`"
        )


class FirmwareImageError(SimulationError):
    """A firmware image cannot be loaded into the emulated microcontroller."""

    def __init__(self, image: str, reason: str) -> None:
        self.image = image
        self.reason = reason
        super().__init__(f"firmware image {image}: {reason}")


class EmulationError(SimulationError):
    """The firmware did something that the microcontroller forbids or leaves undefined.

    Attributes:
        part: the peripheral or core part that complains, "DMA2" for instance.
        register: the register concerned, or "" if none is.
        reason: what is wrong and what the reference manual asks for.
        program_counter: address of the instruction being executed, None outside the core.
        tick: virtual time in ticks of 168 MHz, None if unknown.

    """

    def __init__(
        self,
        part: str,
        register: str,
        reason: str,
        *,
        program_counter: int | None = None,
        tick: int | None = None,
    ) -> None:
        self.part = part
        self.register = register
        self.reason = reason
        self.program_counter = program_counter
        self.tick = tick
        where = f"{part}->{register}" if register else part
        at = "" if program_counter is None else f", at pc {program_counter:#010x}"
        when = "" if tick is None else f", tick {tick}"
        super().__init__(f"{where}: {reason}{at}{when}")


class PinError(EmulationError):
    """A signal at the pins breaks what a part on the board demands.

    Attributes:
        signal: name of the signal.
        required_ns: what the part demands, None if the demand is no time.
        actual_ns: what it got, None likewise.

    """

    def __init__(
        self,
        part: str,
        signal: str,
        reason: str,
        *,
        required_ns: float | None = None,
        actual_ns: float | None = None,
        tick: int | None = None,
    ) -> None:
        self.signal = signal
        self.required_ns = required_ns
        self.actual_ns = actual_ns
        if required_ns is not None:
            reason += f": {required_ns:g} ns required"
        if actual_ns is not None:
            reason += f", {actual_ns:g} ns given"
        super().__init__(part, signal, reason, tick=tick)
