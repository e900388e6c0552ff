"""What the parts at the panels' pins demand, checked on a waveform's words.

Written from the parts' requirements alone. Times are in nanoseconds from the start of the first
slot. A word is at the pins some time after its slot began, because DMA has to fetch it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

SLOT_NS = 1000
TICK_NS = 1000 / 168


class Trace:
    """A scan as a logic analyser would show it."""

    def __init__(self, edges: list[tuple[int, str, bool]], plan: Any, late_ns: float) -> None:
        self.plan = plan
        self.rises: dict[str, list[float]] = {name: [] for name in plan.signals}
        self.falls: dict[str, list[float]] = {name: [] for name in plan.signals}
        for slot, signal, level in edges:
            (self.rises if level else self.falls)[signal].append(slot * SLOT_NS + late_ns)

    def changes(self, signal: str) -> list[float]:
        return sorted(self.rises[signal] + self.falls[signal])

    def pulses(self, signal: str) -> list[tuple[float, float]]:
        """(rise, fall); the last one may go on after the end."""
        falls = self.falls[signal]
        found = []
        for rise in self.rises[signal]:
            later = bisect_right(falls, rise)
            found.append((rise, falls[later] if later < len(falls) else float("inf")))
        return found

    def high(self, signal: str, at_ns: float, initially: bool = False) -> bool:
        rises = bisect_right(self.rises[signal], at_ns)
        falls = bisect_right(self.falls[signal], at_ns)
        return initially + rises > falls

    def quiet(self, signal: str, from_ns: float, to_ns: float) -> bool:
        changes = self.changes(signal)
        return bisect_left(changes, to_ns) == bisect_right(changes, from_ns)

    def last_fall(self, signal: str, at_ns: float) -> float:
        falls = self.falls[signal]
        place = bisect_right(falls, at_ns)
        return falls[place - 1] if place else float("-inf")

    def clock_rise(self, slot: int) -> float:
        return slot * SLOT_NS + float(self.plan.ticks["clock_rises"]) * TICK_NS

    def sampled(self, slot: int, converter: int) -> float:
        """When a converter samples: at the rise of its CNV."""
        return slot * SLOT_NS + converter * float(self.plan.ticks["half_slot"]) * TICK_NS

    def passes(self) -> list[int]:
        """Slots in which the multiplexer's clock takes a token in."""
        return [int(rise // SLOT_NS) for rise in self.rises["STI"]]


def at_least(trace: Trace, signal: str, minimum_ns: float) -> list[str]:
    return [
        f"{signal} is high for {fall - rise:.0f} ns, {minimum_ns:.0f} are needed"
        for rise, fall in trace.pulses(signal)
        if fall - rise < minimum_ns
    ]


def gate_driver(trace: Trace, token: bool) -> list[str]:
    """STV around CPV, CPV's times, OE around CPV, time open, one token."""
    found = at_least(trace, "CPV", 500)
    rises = trace.rises["CPV"]
    for rise in rises:
        if rise - trace.last_fall("CPV", rise) < 500:
            found.append("CPV is low for less than 500 ns")
        if not trace.quiet("STV", rise - 200, rise + 200):
            found.append("STV changes around CPV's rise")
        low = not trace.high("OE", rise) and trace.quiet("OE", rise - 200, rise + 500)
        if not low:
            found.append("OE is not low around CPV's rise")
    entered = sum(trace.high("STV", rise, token) for rise in rises)
    if entered != int(token):
        found.append(f"{entered} tokens enter")
    if token and rises and not trace.high("STV", rises[0], token):
        found.append("the token does not enter with the first clock")
    return found


def multiplexer(trace: Trace) -> list[str]:
    """Token of the multiplexer, settling, and both converters' sampling."""
    found = []
    for rise, fall in trace.pulses("STI"):
        first = int(rise // SLOT_NS)
        clocks = [
            clock
            for clock in (trace.clock_rise(slot) for slot in range(first, first + 3))
            if rise <= clock < fall
        ]
        if len(clocks) != 1 and fall != float("inf"):
            found.append(f"{len(clocks)} clocks while STI is high")
        if clocks and clocks[0] - rise < 100:
            found.append("STI rises late")
    for converter in range(trace.plan.converters):
        if trace.sampled(1, converter) - trace.clock_rise(0) < 150:
            found.append("the multiplexer has not settled")
        if trace.sampled(1, converter) >= trace.clock_rise(1):
            found.append("the multiplexer goes on before the sample")
    return found


def converters(trace: Trace) -> list[str]:
    """16 bit converters of 1 MSPS on one data line."""
    ticks = trace.plan.ticks
    slot, conversion, word = (ticks[name] * TICK_NS for name in ("slot", "conversion", "word"))
    latest = conversion + word + 150  # DMA may take that long to ask for the word
    found = []
    if slot < 1000 - 1e-6:
        found.append("conversions follow too fast")
    if conversion < 320:
        found.append("CNV is too short")
    if latest > slot - 10:
        found.append("a word is still read when the next conversion begins")
    half = ticks["half_slot"] * TICK_NS
    if trace.plan.converters == 2 and not (half >= word + 10 and slot - half >= word + 10):
        found.append("both converters drive the data line")
    return found


def front_end(trace: Trace, cds: bool) -> list[str]:
    """Reset, samples and integration of the charge-integrating front end."""
    found = at_least(trace, "IRST", 3000) + at_least(trace, "SHR", 1000)
    found += at_least(trace, "SHS", 2000) + at_least(trace, "OE", 15_000)
    for fall in trace.falls["SHR"]:
        if cds and (trace.high("IRST", fall) or fall - trace.last_fall("IRST", fall) < 1000):
            found.append("SHR falls too soon after the reset")
        if not cds and not trace.high("IRST", fall):
            found.append("SHR falls after the reset")
    for signal in ("OE", "INTG"):
        for rise in trace.rises[signal]:
            since_reset = trace.last_fall("IRST", rise)
            sampled = trace.last_fall("SHR", rise)
            fresh = sampled > since_reset if cds else sampled > since_reset - 5000
            if trace.high("SHR", rise) or trace.high("IRST", rise) or not fresh:
                found.append(f"{signal} rises before the reset level was sampled")
    for rise in trace.rises["SHS"]:
        if trace.high("OE", rise) or rise - trace.last_fall("OE", rise) < 1000:
            found.append("SHS rises too soon after the gate closed")
    return found + held(trace)


def held(trace: Trace) -> list[str]:
    """SHS's fall overwrites what is being sampled."""
    plan = trace.plan
    passes = trace.passes()
    found = []
    for fall in trace.falls["SHS"]:
        for first in passes:
            last = trace.sampled(first + plan.columns, plan.converters - 1)
            if trace.clock_rise(first) <= fall < last:
                found.append("SHS falls before the last channel was sampled")
    return found


def die(trace: Trace, cds: bool) -> list[str]:
    """Reset and samples of the CMOS die."""
    found = []
    for signal in ("IRST", "SHR", "SHS"):
        found += at_least(trace, signal, 1000)
    for fall in trace.falls["SHR"]:
        if cds and (trace.high("IRST", fall) or fall - trace.last_fall("IRST", fall) < 1000):
            found.append("SHR falls too soon after the reset")
        if not cds and not trace.high("IRST", fall):
            found.append("SHR falls after the reset")
    for rise in trace.rises["IRST"]:
        if trace.high("SHS", rise):
            found.append("the reset comes while the signal is sampled")
    return found


def rows_by_gate(trace: Trace, token: bool) -> list[tuple[float, int]]:
    """(time, row) from which on the token is in a row."""
    found = []
    row: int | None = None
    for rise in trace.rises["CPV"]:
        if trace.high("STV", rise, token):
            row = 0
        elif row is not None:
            row += 1
        if row is not None:
            found.append((rise, row))
    return found


def row_of_pass(trace: Trace, token: bool, rolling: bool, slot: int) -> int | None:
    """Row that a pass of the multiplexer beginning in a slot converts."""
    at_ns = trace.clock_rise(slot)
    if rolling:  # what was held when SHS last fell, of the gate that was open before
        taken_over = trace.last_fall("SHS", at_ns)
        at_ns = trace.last_fall("OE", taken_over)
    row = None
    for since, where in rows_by_gate(trace, token):
        if since <= at_ns and where < trace.plan.rows:
            row = where
    return row


def order(trace: Trace, scan: Any, rolling: bool) -> dict[tuple[int, int, int], int]:
    """Place of every conversion of a pixel among the words: {(row, pass, column): index}."""
    plan = trace.plan
    seen: dict[int, int] = {}
    places = {}
    for slot in trace.passes():
        row = row_of_pass(trace, scan.token, rolling, slot)
        if row is None or slot + plan.columns >= scan.slots:
            continue
        number = seen.setdefault(row, 0)
        seen[row] += 1
        for converter in range(plan.converters):
            for channel in range(plan.columns):
                column = converter * plan.columns + channel
                index = (slot + 1 + channel) * plan.converters + converter
                places[row, number, column] = index
    return places
