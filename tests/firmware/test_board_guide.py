"""The board guide's pin map and waveforms are those of the firmware."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "readout" / "firmware" / "boards" / "stm32f405"
GUIDE = ROOT / "docs" / "board.md"

CALL = re.compile(r"fpxi_pin_(output|input|analog|alternate)\(GPIO([A-D]), ([^;]*)\);")
DEFINE = re.compile(r"^#define (\w+) (\d+)u\b", re.MULTILINE)
NAMES_OF_NUMBERS = {"GAIN_0": "GAIN0", "PANEL_ID_0": "PANEL_ID0", "PANEL_ID_1": "PANEL_ID1"}
PULLS = {"PULL_NONE": "", "PULL_UP": ", pull-up", "PULL_DOWN": ", pull-down"}


def table(header: str) -> list[list[str]]:
    """Return the rows of the guide's table with this header."""
    lines = iter(GUIDE.read_text("utf-8").splitlines())
    found = next(line for line in lines if line == header)
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    assert rows, found
    return rows


def set_up_pins() -> Iterator[tuple[str, str, str]]:
    """Go through the pins that the sources set up: pin, name or "", how."""
    shared = "".join((BOARD / name).read_text("utf-8") for name in ("pins.h", "waveforms.h"))
    for path in sorted(BOARD.glob("*.c")):
        source = path.read_text("utf-8")
        numbers = {name: int(value) for name, value in DEFINE.findall(shared + source)}
        for mode, port, arguments in CALL.findall(source):
            yield from _pins(source, numbers, mode, port, arguments.split(", "))


def _pins(
    source: str, numbers: dict[str, int], mode: str, port: str, arguments: list[str]
) -> Iterator[tuple[str, str, str]]:
    wanted, *rest = arguments
    how = {"output": "output", "analog": "analog", "input": "input"}.get(mode, "")
    if mode == "alternate":
        how = f"AF{numbers[rest[0]]}"
    if mode in ("input", "alternate"):
        how += PULLS[rest[-1]]
    if wanted == "signals[i]":
        signals = re.search(r"signals\[\] = \{([^}]*)\}", source)
        assert signals is not None
        names = [name.strip() for name in signals[1].split(",")]
        yield from ((f"P{port}{numbers[name]}", name.split("_", 1)[1], how) for name in names)
    elif wanted.endswith(" + i"):
        first = numbers[wanted.removesuffix(" + i")]
        yield from ((f"P{port}{first + i}", f"GAIN{i}", how) for i in range(3))
    elif wanted.isdecimal():
        yield f"P{port}{wanted}", "", how
    else:
        name = wanted.split("_", 1)[1]
        yield f"P{port}{numbers[wanted]}", NAMES_OF_NUMBERS.get(name, name), how


def test_the_pin_map_is_the_firmwares() -> None:
    rows = table("| pin | signal | set up as | what it is |")
    guide = {pin: (signal, how) for pin, signal, how, _ in rows}
    assert len(guide) == len(rows)
    sources = list(set_up_pins())
    assert {pin: how for pin, (_, how) in guide.items()} == {pin: how for pin, _, how in sources}
    named = {pin: name for pin, name, _ in sources if name}
    assert {pin: guide[pin][0] for pin in named} == named
    assert len(named) > 20


SET_UPS = {"tft64, two converters": (1, 2), "tft64, one converter": (1, 1), "cmos32": (2, 1)}


@pytest.mark.parametrize("set_up", SET_UPS)
def test_the_analysers_table_is_that_of_the_waveforms(
    set_up: str, waveforms: ModuleType, waveform_rules: ModuleType, waveform_printer: Path
) -> None:
    plan = waveforms.read_plan(waveform_printer, *SET_UPS[set_up])
    measured: dict[str, list[str]] = {}
    for key, start_us in (("sample_cds", 0), ("rows_cds", plan.line_slots)):
        if key in plan.scans:
            begins = start_us if "sample_cds" in plan.scans else 0
            measured |= _pulses(waveforms, waveform_rules, plan, key, begins)
    rows = table("| set-up | signal | pulses | high for | every | first rise |")
    assert {row[1]: row[2:] for row in rows if row[0] == set_up} == measured


def _pulses(
    waveforms: ModuleType, waveform_rules: ModuleType, plan: Any, key: str, begins_us: int
) -> dict[str, list[str]]:
    trace = waveform_rules.Trace(waveforms.edges(plan, plan.scans[key]), plan, 0.0)
    found = {}
    for signal in plan.signals:
        pulses = trace.pulses(signal)
        if pulses:
            widths = {round((fall - rise) / 1000) for rise, fall in pulses if fall != float("inf")}
            distances = {round((b[0] - a[0]) / 1000) for a, b in itertools.pairwise(pulses)}
            (width,) = widths
            every = [str(distance) for distance in distances] or [""]
            first = str(round(pulses[0][0] / 1000) + begins_us)
            found[signal] = [str(len(pulses)), str(width), *every, first]
    return found
