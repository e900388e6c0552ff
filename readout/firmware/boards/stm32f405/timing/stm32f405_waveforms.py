"""Read the waveform tables of the STM32F405 board by compiling them for this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMING = Path(__file__).resolve().parent
BOARD = TIMING.parent
SOURCES = [TIMING / "print_waveforms.c"] + [
    BOARD / name for name in ("waveforms.c", "tft64.c", "cmos32.c")
]
GNU_FLAGS = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
MSVC_FLAGS = ["/nologo", "/std:c11", "/W4", "/WX"]


@dataclass(frozen=True, slots=True)
class Scan:
    """A waveform as it is played: one BSRR word of port B per slot of 1 us, in a circle."""

    name: str
    words: tuple[int, ...]
    slots: int
    token: bool
    """STV is set before it begins"""
    converts: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """How a panel is scanned, for one number of conversions of each pixel."""

    name: str
    panel: int
    converters: int
    conversions: int
    line_slots: int
    rows: int
    columns: int
    """of each converter"""
    began_slot: int
    ended_slot: int
    rearm_us: int
    """from the end of a scan to the start of the next"""
    signals: dict[str, int]
    """pins of port B"""
    ticks: dict[str, int]
    """phases of a slot, in ticks of 168 MHz"""
    scans: dict[str, Scan]
    """clear, reset, sample and rows, the last three _no_cds and _cds; those that there are"""
    word_index: list[list[list[int]]]
    """place of each conversion in the words of a row scan: [row][pass][column]"""


def build_printer(folder: Path, compiler: Any) -> Path:
    """Compile the tables and what prints them into a folder; return the program.

    compiler: a `build_native.Compiler`. Raises subprocess.CalledProcessError.
    """
    program = folder / ("print_waveforms" + (".exe" if sys.platform == "win32" else ""))
    names = [str(source) for source in SOURCES]
    if compiler.is_msvc:
        command = [*compiler.command, *MSVC_FLAGS, *names, f"/Fe:{program}"]
    else:
        command = [*compiler.command, *GNU_FLAGS, *names, "-o", str(program)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return program


def read_plan(program: Path, panel: int, converters: int, conversions: int = 1) -> Plan:
    """Return the plan of a panel (its id in the definition)."""
    command = [str(program), str(panel), str(converters), str(conversions)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    fields: dict[str, Any] = json.loads(printed)
    scans = {
        key: Scan(
            name=value["name"],
            words=tuple(value["words"]),
            slots=value["slots"],
            token=bool(value["token"]),
            converts=bool(value["converts"]),
        )
        for key, value in fields.items()
        if isinstance(value, dict) and "words" in value
    }
    kept = {
        key: fields[key]
        for key in Plan.__slots__
        if key in fields and key not in ("scans", "conversions")
    }
    return Plan(**kept, conversions=conversions, scans=scans)


def edges(plan: Plan, scan: Scan) -> list[tuple[int, str, bool]]:
    """Return (slot, signal, level) of every change of a signal, in the order of the slots.

    Before the first slot all signals are low, but for STV where the scan begins with a token.
    """
    level = dict.fromkeys(plan.signals, False)
    level["STV"] = scan.token
    found: list[tuple[int, str, bool]] = []
    events = [(slot, word) for slot, word in enumerate(scan.words) if word]
    for start in range(0, scan.slots, len(scan.words)):
        for slot, word in events:
            if start + slot < scan.slots:
                found += _changes(plan, level, start + slot, word)
    return found


def _changes(
    plan: Plan, level: dict[str, bool], slot: int, word: int
) -> list[tuple[int, str, bool]]:
    """Apply a BSRR word: bits 0 to 15 set pins, bits 16 to 31 clear them (RM0090, 8.4.7)."""
    found = []
    for signal, pin in plan.signals.items():
        sets, clears = bool(word >> pin & 1), bool(word >> (pin + 16) & 1)
        if (sets or clears) and level[signal] != sets:
            level[signal] = sets
            found.append((slot, signal, sets))
    return found
