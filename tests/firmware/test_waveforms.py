"""The board's waveform tables meet what every part demands, and rows are sorted as they come."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SET_UPS = [(1, 2), (1, 1), (2, 1)]
SHORTEST_NS, LONGEST_NS = 4 * 1000 / 168, 150.0
"""how late a word is at the pins after its slot began"""


@pytest.fixture(scope="session")
def plan(waveforms: ModuleType, waveform_printer: Path) -> Callable[..., Any]:
    """Reads a plan: `plan(panel, converters, conversions)`."""
    kept: dict[tuple[int, int, int], Any] = {}

    def read(panel: int, converters: int, conversions: int = 1) -> Any:
        key = (panel, converters, conversions)
        if key not in kept:
            kept[key] = waveforms.read_plan(waveform_printer, *key)
        return kept[key]

    return read


@pytest.fixture(scope="session")
def complaints(waveforms: ModuleType, waveform_rules: ModuleType) -> Callable[..., list[str]]:
    """All that the parts have to say about a scan of a plan."""

    def check(plan: Any, key: str, scan: Any = None) -> list[str]:
        scan = scan or plan.scans[key]
        found = list(waveform_rules.converters(waveform_rules.Trace([], plan, 0.0)))
        for late_ns in (SHORTEST_NS, LONGEST_NS):
            edges = waveforms.edges(plan, scan)
            trace = waveform_rules.Trace(edges, plan, late_ns)
            found += waveform_rules.gate_driver(trace, scan.token)
            found += waveform_rules.multiplexer(trace)
            part = waveform_rules.front_end if plan.panel == 1 else waveform_rules.die
            found += part(trace, "no_cds" not in scan.name)
        return found

    return check


def changed(scan: Any, signals: dict[str, int], signal: str, moves: dict[int, int]) -> Any:
    """The scan with changes of a signal moved to other slots; a slot of -1 drops them."""
    mask = (1 << signals[signal]) * 0x10001
    words = list(scan.words)
    taken = {start: words[start] & mask for start in moves}
    for start in moves:
        words[start] &= ~mask
    for start, end in moves.items():
        if end >= 0:
            words[end] |= taken[start]
    return dataclasses.replace(scan, words=tuple(words))


@pytest.mark.parametrize("conversions", [1, 2, 3, 16])
@pytest.mark.parametrize("set_up", SET_UPS, ids=str)
def test_every_scan_meets_what_the_parts_demand(
    plan: Callable[..., Any],
    complaints: Callable[..., list[str]],
    set_up: tuple[int, int],
    conversions: int,
) -> None:
    read = plan(*set_up, conversions)
    for key in read.scans:
        assert complaints(read, key) == [], key


@pytest.mark.parametrize("conversions", [1, 3])
@pytest.mark.parametrize("key", ["rows_cds", "rows_no_cds"])
@pytest.mark.parametrize("set_up", SET_UPS, ids=str)
def test_every_word_is_sorted_to_the_pixel_that_was_converted(
    plan: Callable[..., Any],
    waveforms: ModuleType,
    waveform_rules: ModuleType,
    set_up: tuple[int, int],
    key: str,
    conversions: int,
) -> None:
    read = plan(*set_up, conversions)
    scan = read.scans[key]
    trace = waveform_rules.Trace(waveforms.edges(read, scan), read, SHORTEST_NS)
    seen = waveform_rules.order(trace, scan, rolling=read.panel == 1)
    stated = {
        (row, number, column): index
        for row, passes in enumerate(read.word_index)
        for number, columns in enumerate(passes)
        for column, index in enumerate(columns)
    }
    assert seen == stated
    assert len(seen) == read.rows * conversions * read.columns * read.converters


@pytest.mark.parametrize("conversions", [1, 2, 16])
@pytest.mark.parametrize("set_up", SET_UPS, ids=str)
def test_a_read_out_lasts_as_long_as_the_definition_says(
    plan: Callable[..., Any], set_up: tuple[int, int], conversions: int
) -> None:
    read = plan(*set_up, conversions)
    assert read.line_slots == {(1, 2): 33, (1, 1): 65, (2, 1): 32}[set_up]
    whole = (read.rows + 1) * read.line_slots * conversions
    rows = read.scans["rows_cds"].slots
    if "sample_cds" in read.scans:
        line = read.line_slots * conversions
        assert read.scans["sample_cds"].slots + 5 <= line, "the rows can be armed in time"
        rows += line
    assert whole <= rows <= whole + 1
    assert read.scans["rows_cds"].slots == read.scans["rows_no_cds"].slots


@pytest.mark.parametrize("set_up", [(1, 2), (1, 1)], ids=str)
def test_reset_and_read_out_close_each_gate_at_the_same_time(
    plan: Callable[..., Any], waveforms: ModuleType, set_up: tuple[int, int]
) -> None:
    read = plan(*set_up, 2)
    closes = [
        [
            slot
            for slot, signal, level in waveforms.edges(read, read.scans[key])
            if signal == "OE" and not level
        ]
        for key in ("reset_cds", "rows_cds", "rows_no_cds")
    ]
    assert closes[0] == closes[1] == closes[2]
    assert len(closes[0]) == read.rows + 1


def test_the_reset_scan_leaves_the_multiplexer_alone(
    plan: Callable[..., Any], waveforms: ModuleType
) -> None:
    for set_up in SET_UPS:
        read = plan(*set_up)
        for key in ("reset_cds", "reset_no_cds"):
            assert not [e for e in waveforms.edges(read, read.scans[key]) if e[1] == "STI"]


def test_the_clear_scan_moves_a_token_out_from_anywhere(
    plan: Callable[..., Any], waveforms: ModuleType
) -> None:
    for set_up in SET_UPS:
        read = plan(*set_up)
        clear = read.scans["clear"]
        edges = waveforms.edges(read, clear)
        assert sum(signal == "CPV" and level for _, signal, level in edges) == read.rows
        assert not clear.token


def test_exposures_of_the_die_begin_and_end_where_the_plan_says(
    plan: Callable[..., Any], waveforms: ModuleType
) -> None:
    read = plan(2, 1)
    for key in ("sample_cds", "sample_no_cds"):
        edges = waveforms.edges(read, read.scans[key])
        assert (read.began_slot, "IRST", False) in edges
        assert (read.ended_slot, "SHS", False) in edges
    for key in ("reset_cds", "reset_no_cds"):
        assert (read.began_slot, "IRST", False) in waveforms.edges(read, read.scans[key])


@pytest.mark.parametrize("cds", [True, False])
def test_the_die_clamps_its_reset_level_alike_after_a_pause_and_after_a_frame(
    plan: Callable[..., Any], waveforms: ModuleType, cds: bool
) -> None:
    read = plan(2, 1)
    kind = "cds" if cds else "no_cds"
    after_pause, after_frame = (
        [edge for edge in waveforms.edges(read, read.scans[key]) if edge[1] in ("IRST", "SHR")]
        for key in (f"reset_{kind}", f"sample_{kind}")
    )
    assert after_pause == after_frame


@pytest.mark.parametrize(
    ("set_up", "key", "signal", "moves", "complaint"),
    [
        ((1, 2), "rows_cds", "STV", {8: 5}, "STV changes around CPV's rise"),
        ((1, 2), "rows_cds", "STV", {8: -1}, "tokens enter"),
        ((1, 2), "rows_cds", "STV", {8: 2}, "0 tokens enter"),
        ((1, 2), "rows_cds", "OE", {8: 5}, "OE is not low around CPV's rise"),
        ((1, 2), "rows_cds", "OE", {28: 22}, "OE is high for 14000 ns"),
        ((1, 2), "rows_cds", "OE", {28: 30}, "SHS rises too soon"),
        ((1, 2), "rows_cds", "IRST", {5: 3}, "IRST is high for 2000 ns"),
        ((1, 2), "rows_cds", "IRST", {5: 7}, "SHR falls too soon after the reset"),
        ((1, 2), "rows_no_cds", "SHR", {3: 5, 4: 6}, "SHR falls after the reset"),
        ((1, 2), "rows_cds", "INTG", {8: 6}, "INTG rises before"),
        ((1, 2), "rows_cds", "SHS", {30: 32}, "SHS is high for 1000 ns"),
        ((1, 2), "rows_cds", "SHS", {0: 32}, "SHS falls before the last channel"),
        ((1, 1), "rows_cds", "SHS", {0: 63}, "SHS falls before the last channel"),
        ((1, 2), "rows_cds", "STI", {1: 2}, "2 clocks while STI is high"),
        ((2, 1), "sample_cds", "IRST", {8: 12}, "SHR falls too soon after the reset"),
        ((2, 1), "sample_cds", "SHR", {10: 6, 12: 7}, "SHR falls too soon after the reset"),
        ((2, 1), "sample_no_cds", "SHR", {7: 9}, "SHR falls after the reset"),
        ((2, 1), "sample_cds", "SHS", {4: 7}, "while the signal is sampled"),
        ((2, 1), "rows_cds", "STV", {4: -1}, "tokens enter"),
    ],
)
def test_a_wrong_table_is_found_out(
    plan: Callable[..., Any],
    complaints: Callable[..., list[str]],
    set_up: tuple[int, int],
    key: str,
    signal: str,
    moves: dict[int, int],
    complaint: str,
) -> None:
    read = plan(*set_up)
    wrong = changed(read.scans[key], read.signals, signal, moves)
    assert wrong != read.scans[key]
    found = complaints(read, key, wrong)
    assert any(complaint in text for text in found), found


@pytest.mark.parametrize(
    ("ticks", "complaint"),
    [
        ({"slot": 160}, "conversions follow too fast"),
        ({"conversion": 50}, "CNV is too short"),
        ({"conversion": 85}, "a word is still read"),
        ({"half_slot": 60}, "both converters drive"),
        ({"clock_rises": 150}, "has not settled"),
        ({"clock_rises": 80}, "goes on before the sample"),
    ],
)
def test_wrong_phases_are_found_out(
    plan: Callable[..., Any],
    complaints: Callable[..., list[str]],
    ticks: dict[str, int],
    complaint: str,
) -> None:
    read = plan(1, 2)
    wrong = dataclasses.replace(read, ticks={**read.ticks, **ticks})
    assert complaint in " ".join(complaints(wrong, "rows_cds"))


def test_a_row_taken_from_the_wrong_line_is_found_out(
    plan: Callable[..., Any], waveforms: ModuleType, waveform_rules: ModuleType
) -> None:
    read = plan(1, 2)
    scan = read.scans["rows_cds"]
    without = changed(scan, read.signals, "SHS", {0: 20, 30: 31})
    seen = [
        waveform_rules.order(
            waveform_rules.Trace(waveforms.edges(read, each), read, SHORTEST_NS), each, True
        )
        for each in (scan, without)
    ]
    assert seen[0] != seen[1]
