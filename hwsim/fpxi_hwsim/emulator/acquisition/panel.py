"""The parts at the panel's pins, wired together: one object for each kind of panel.

When power comes, a shift register holds anything: here, a token in some row. A panel is driven by
edges and tells what happened: `effects` in the order of time, and `words`, what each SPI word
stands for. It knows no counts: those are the charges' (`charges`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fpxi_readout.protocol.generated import PanelDescription

from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.parts.cmos_die import CmosDie
from fpxi_hwsim.emulator.parts.converter import BITS, Converter, ConverterLine
from fpxi_hwsim.emulator.parts.front_end import FrontEnd
from fpxi_hwsim.emulator.parts.gate_driver import GateDriver
from fpxi_hwsim.emulator.parts.multiplexer import Multiplexer
from fpxi_hwsim.emulator.parts.part import Part, State

GATE_CLOSES, BANK, RESET, SAMPLE, ROW = "gate_closes", "bank", "reset", "sample", "row"
SOURCES = (BANK, ROW)
"""what puts other values before the multiplexer"""


class Effect(NamedTuple):
    """What happened to the pixels."""

    tick: int
    what: str
    value: Any


class Sampled(NamedTuple):
    """What a converter found: a column of one pass over one source of values."""

    source: int
    """counted from the source at hand when the count began, 0"""
    reading: int
    """pass of the multiplexer over the source, from 0"""
    column: int | None
    """None: nothing was at the output"""


NOTHING = Sampled(0, 0, None)


class Panel:
    """The parts that all panels have: the multiplexer and the converters behind it."""

    SIGNALS: tuple[str, ...] = ()

    def __init__(self, geometry: PanelDescription, converters: int) -> None:
        self.geometry = geometry
        self.columns = geometry.columns
        self.effects: list[Effect] = []
        self.words: list[Sampled] = []
        self._source = 0
        self._reading = -1
        self._next_bit = 0
        self._per_output = geometry.columns // converters
        self.multiplexer = Multiplexer("multiplexer", self._per_output, self._on_token)
        names = "AB"[:converters]
        self.converters = {name: Converter(name, self._on_sample) for name in names}
        self._line = ConverterLine(*self.converters.values())
        self._held = dict.fromkeys(names, NOTHING)
        self._inputs: dict[str, list[Part]] = {}
        self._parts: list[Part] = []
        self._wire(self.multiplexer)
        for name, converter in self.converters.items():
            self._wire(converter, {"CNV": f"CNV_{name}"})

    def has(self, signal: str) -> bool:
        """Whether a signal goes to any part."""
        return signal in self._inputs

    def drive(self, tick: int, signal: str, level: bool) -> None:
        """Put a signal to a level; CNV_A and CNV_B are the converters'.

        Raises
        ------
        PinError
            A part does not bear it.

        """
        for part in self._inputs.get(signal, ()):
            part.drive(tick, signal if signal in part.level else "CNV", level)

    def clock_bit(self, tick: int, bit: int) -> None:
        """Let SCK rise for bit 0 to 15 of a word; PinError where no one converter answers."""
        if bit != self._next_bit:
            reason = f"bit {bit} where bit {self._next_bit} is due: two words at once"
            raise PinError("converters", "SCK", reason, tick=tick)
        self._next_bit = (bit + 1) % BITS
        converter = self._line.clock(tick, bit)
        if bit == 0:
            self.words.append(self._held[converter.NAME[-1]])

    def release(self, tick: int) -> None:
        """Let all inputs fall, unjudged."""
        self.begin()
        for part in self._parts:
            part.release(tick)
        self._next_bit = 0

    def begin(self) -> None:
        """Forget effects and words, and count sources anew from the one at hand."""
        for name, held in self._held.items():
            self._held[name] = held._replace(source=held.source - self._source)
        self._source = 0
        self.effects = []
        self.words = []

    def snapshot(self, now: int) -> State:
        """Return all that future verdicts depend on; to be taken after `begin`."""
        return (
            tuple(part.snapshot(now) for part in self._parts),
            tuple(self._held.values()),
            self._reading,
            self._next_bit,
            self._line.talking,
        )

    def restore(self, now: int, state: Any) -> None:
        """Return to a state, as if it had been taken at `now`."""
        parts, held, self._reading, self._next_bit, self._line.talking = state
        for part, memory in zip(self._parts, parts, strict=True):
            part.restore(now, memory)
        self._held = dict(zip(self._held, held, strict=True))
        self._source = 0
        self.begin()

    def _wire(self, part: Part, names: dict[str, str] | None = None) -> None:
        self._parts.append(part)
        for signal in part.SIGNALS:
            name = (names or {}).get(signal, signal)
            self._inputs.setdefault(name, []).append(part)

    def _note(self, tick: int, what: str, value: Any) -> None:
        self.effects.append(Effect(tick, what, value))
        if what in SOURCES:
            self._source += 1
            self._reading = -1

    def _on_token(self, _tick: int, _what: str, _value: Any) -> None:
        self._reading += 1

    def _on_sample(self, tick: int, _what: str, name: str) -> None:
        channel = self.multiplexer.sample(tick)
        column = None if channel is None else channel + self._offset(name)
        self._held[name] = Sampled(self._source, max(self._reading, 0), column)

    def _offset(self, name: str) -> int:
        return 0 if name == "A" else self._per_output


class TftPanel(Panel):
    """Gate driver, pixels and front end: rows integrate one after the other."""

    def __init__(self, geometry: PanelDescription, converters: int) -> None:
        super().__init__(geometry, converters)
        self.gate_driver = GateDriver(geometry.rows, self._on_gate, geometry.rows // 3)
        self.front_end = FrontEnd(self.multiplexer, self._note)
        # The front end sees a common edge of OE and INTG before the gate driver closes the gate.
        self._wire(self.front_end)
        self._wire(self.gate_driver)

    def _on_gate(self, tick: int, what: str, row: int) -> None:
        if what == GATE_CLOSES:
            self.front_end.take_charge(tick, row)
            self._note(tick, what, row)
        else:
            self.front_end.open_gate(tick)


class CmosPanel(Panel):
    """A die whose pixels hold their signal: all rows integrate at once."""

    def __init__(self, geometry: PanelDescription) -> None:
        super().__init__(geometry, 1)
        self._wire(CmosDie(geometry.rows, self._note, geometry.rows // 3))


def make_panel(geometry: PanelDescription, converters: int) -> Panel:
    """Make the parts of a panel; a die with a global shutter has one converter."""
    if geometry.shutter == "global":
        return CmosPanel(geometry)
    return TftPanel(geometry, converters)
