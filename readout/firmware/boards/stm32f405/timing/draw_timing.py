"""Draw the STM32F405 board's timing diagrams, and tabulate its frame rates, from its tables.

`python readout/firmware/boards/stm32f405/timing/draw_timing.py [--docs DIR] [--compiler NAME]`

Writes docs/board-timing.md and docs/images/timing-*.svg.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import build_native
import stm32f405_waveforms as waveforms
from timing_diagram import Axis, Signal, diagram

ROOT = Path(__file__).resolve().parents[5]
DOCS = ROOT / "docs"
DEFINITION = ROOT / "readout" / "protocol" / "protocol.toml"
TEXT = Path(__file__).with_name("board-timing.md.in")

SET_UPS = {"tft64-two": (1, 2), "tft64-one": (1, 1), "cmos32": (2, 1)}
SHOWN = ("STV", "CPV", "OE", "IRST", "SHR", "INTG", "SHS", "STI")
CONVERSIONS = (1, 2, 4, 16)
CONVERTER_SPS = 1_000_000
"""the converters' limit, samples per second"""

Plans = Mapping[str, Mapping[int, waveforms.Plan]]


def read_plans(compiler: Any) -> Plans:
    """Compile the tables; return the plans by set-up and number of conversions."""
    with tempfile.TemporaryDirectory() as folder:
        program = waveforms.build_printer(Path(folder), compiler)
        return {
            name: {n: waveforms.read_plan(program, *set_up, n) for n in CONVERSIONS}
            for name, set_up in SET_UPS.items()
        }


# --- diagrams -----------------------------------------------------------------------------------


def port_signals(plan: waveforms.Plan, scan: waveforms.Scan, first: int, last: int) -> list[Signal]:
    """Return the signals of port B from one slot to another; a word takes effect at its slot."""
    changes: dict[str, list[float]] = {name: [] for name in SHOWN}
    level = {name: name == "STV" and scan.token for name in SHOWN}
    for slot, signal, high in waveforms.edges(plan, scan):
        if slot < first:
            level[signal] = high
        elif slot <= last:
            changes[signal].append(float(slot))
    moving = [name for name in SHOWN if changes[name] or level[name]]
    return [Signal(name, level[name], changes[name]) for name in moving]


def slot_signals(plan: waveforms.Plan, first: int, last: int) -> list[Signal]:
    """Return what repeats in every slot: clock, conversions, words."""
    us = {name: ticks / plan.ticks["slot"] for name, ticks in plan.ticks.items()}
    slots = range(first, last + 1)
    read = us["conversion"] + us["word"]
    half = us["half_slot"]
    clock = [edge for slot in slots for edge in (slot + us["clock_rises"], slot + 1.0)]
    a = [edge for slot in slots for edge in (float(slot), slot + us["conversion"])]
    word_a = [edge for slot in slots for edge in (slot + us["conversion"], slot + read)]
    signals = [
        Signal("CLK", level=False, changes_us=clock),
        Signal("CNV_A", level=False, changes_us=a),
        Signal("A's word", level=False, changes_us=word_a),
    ]
    if plan.converters == 2:
        b = [edge + half for edge in a]
        word_b = [edge + half for edge in word_a]
        over = word_b[1] - 1.0  # the word of the slot before is still being read
        signals += [
            Signal("CNV_B", level=False, changes_us=b),
            Signal("B's word", level=True, changes_us=[over, *word_b]),
        ]
    return signals


def draw_line(plan: waveforms.Plan, key: str, title: str, first: int, last: int) -> str:
    """Return the diagram of some slots of a scan."""
    signals = port_signals(plan, plan.scans[key], first, last)
    if plan.scans[key].converts:
        signals += slot_signals(plan, first, last - 1)[:1]
    axis = Axis(first, last, max(10.0, min(40.0, 1100 / (last - first))), 1.0, 4.0)
    return diagram(title, signals, axis)


def draw_slot(plan: waveforms.Plan, title: str) -> str:
    """Return the diagram of the first three slots of a pass, in detail."""
    key = "rows_cds"
    sti = [s for s in port_signals(plan, plan.scans[key], 0, 3) if s.label == "STI"]
    marks = [(1.0, "A samples channel 0"), (2.0, "channel 1")]
    axis = Axis(0, 3, 260, 0.25, 0.25)
    return diagram(title, sti + slot_signals(plan, 0, 2), axis, marks)


def draw_all(plans: Plans) -> dict[str, str]:
    """Return the diagrams by the name of their file."""
    two, one, cmos = (plans[name][1] for name in SET_UPS)
    twice = plans["tft64-two"][2]
    titles = {
        "rows_cds": "reset level sampled after the reset (CDS on)",
        "rows_no_cds": "reset level sampled during the reset (CDS off)",
    }
    drawn = {
        f"timing-{name}-{key.removeprefix('rows_').replace('_', '-')}.svg": draw_line(
            plan, key, f"{plan.name}: first line, {title}", 0, plan.line_slots + 2
        )
        for name, plan in (("tft64-two", two), ("tft64-one", one))
        for key, title in titles.items()
    }
    drawn["timing-tft64-two-reset.svg"] = draw_line(
        two, "reset_cds", "tft64, two converters: first line of the reset scan", 0, 35
    )
    drawn["timing-tft64-two-oversampled.svg"] = draw_line(
        twice, "rows_cds", "tft64, two converters: first line, two conversions of each pixel", 0, 68
    )
    drawn["timing-cmos32-sample.svg"] = draw_line(
        cmos, "sample_cds", "cmos32: sample line (the same in every pixel)", 0, 13
    )
    drawn["timing-cmos32-row.svg"] = draw_line(
        cmos, "rows_cds", "cmos32: first row", 0, cmos.line_slots + 2
    )
    drawn["timing-slot-two.svg"] = draw_slot(two, "Within a slot, two converters")
    drawn["timing-slot-one.svg"] = draw_slot(one, "Within a slot, one converter")
    return drawn


# --- tables -------------------------------------------------------------------------------------


def readout_us(plan: waveforms.Plan, panel: Mapping[str, Any]) -> int:
    """Return how long a read-out takes, by the panel's definition: what the host reckons with."""
    lines = int(panel["rows"]) + int(panel["extra_lines"])
    return lines * plan.line_slots * plan.conversions + int(panel["rearm_us"])


def frame_us(plan: waveforms.Plan, panel: Mapping[str, Any]) -> int:
    """Return the shortest time from one frame to the next: exposure as long as the read-out.

    On the die an exposure begins some slots after the last one's end.
    """
    return readout_us(plan, panel) + plan.began_slot - plan.ended_slot


def rate_row(plan: waveforms.Plan, panel: Mapping[str, Any]) -> str:
    """Return a row of the table of frame rates."""
    frame = frame_us(plan, panel)
    samples = plan.rows * plan.columns * plan.conversions
    limit = CONVERTER_SPS / samples
    rate = 1e6 / frame
    cells = (
        plan.name,
        f"{plan.conversions}",
        f"{plan.line_slots * plan.conversions}",
        f"{readout_us(plan, panel)}",
        f"{frame}",
        f"{rate:.1f}",
        f"{limit:.1f}",
        f"{100 * rate / limit:.1f} %",
    )
    return "| " + " | ".join(cells) + " |"


def rate_table(plans: Plans) -> str:
    """Return the Markdown table of line times and frame rates."""
    panels = tomllib.loads(DEFINITION.read_text(encoding="utf-8"))["panels"]
    by_id = {panel["id"]: panel for panel in panels.values()}
    heads = (
        "panel and converters",
        "conversions",
        "line, us",
        "read-out, us",
        "shortest frame, us",
        "frames/s",
        "converters' limit",
        "share",
    )
    rows = [
        rate_row(plan, by_id[plan.panel])
        for by_count in plans.values()
        for plan in by_count.values()
    ]
    return "\n".join(["| " + " | ".join(heads) + " |", "| --- " + "| ---: " * 7 + "|", *rows])


def phase_table(plans: Plans) -> str:
    """Return the Markdown table of what happens within a slot."""
    ticks = plans["tft64-two"][1].ticks
    half, read = ticks["half_slot"], ticks["conversion"] + ticks["word"]
    phases = [
        (0, "word of the waveform due (DMA puts it on the pins some ticks later); CNV_A rises"),
        (ticks["conversion"], "CNV_A falls; converter A's word is clocked out"),
        (half, "CNV_B rises"),
        (ticks["clock_rises"], "CLK rises: the multiplexer goes on to the next channel"),
        (read, "A's word is there, at the earliest"),
        (half + ticks["conversion"], "CNV_B falls; converter B's word is clocked out"),
        (ticks["slot"], "CLK falls; next slot"),
        (half + read, "B's word is there, at the earliest (in the next slot)"),
    ]
    rows = [f"| {tick} | {tick * 1000 / 168:.0f} | {text} |" for tick, text in sorted(phases)]
    return "\n".join(["| tick | ns | |", "| ---: | ---: | --- |", *rows])


def page(plans: Plans) -> str:
    """Return the page of the documentation."""
    text = TEXT.read_text(encoding="utf-8")
    return text.replace("{rates}", rate_table(plans)).replace("{phases}", phase_table(plans))


def write_all(docs: Path, plans: Plans) -> None:
    """Write the page and its diagrams."""
    (docs / "images").mkdir(parents=True, exist_ok=True)
    for name, drawing in draw_all(plans).items():
        (docs / "images" / name).write_text(drawing, encoding="utf-8", newline="\n")
    (docs / "board-timing.md").write_text(page(plans), encoding="utf-8", newline="\n")


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of the documentation")
    parser.add_argument("--compiler", help="command to call, or `zig`; default: the first found")
    options = parser.parse_args()
    named = options.compiler
    compiler = build_native.named_compiler(named) if named else build_native.find_compiler()
    if compiler is None:
        parser.error(
            "no C compiler on this machine: install gcc or clang, or `pip install ziglang`"
        )
    write_all(options.docs, read_plans(compiler))
    return 0


if __name__ == "__main__":
    sys.exit(main())
