"""Scans are queued, timed, given up and handed over right, whenever the main loop comes round."""

from __future__ import annotations

import ctypes
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

OK, AGAIN, FAILED = 0, 1, -1
WORDS = 4290
"""in the receive ring"""

Bench = Any  # scan_board.Bench


@pytest.fixture(scope="module")
def scan_library(
    scan_board: ModuleType, build_native: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    if sys.platform == "win32":
        pytest.skip("the bench exports all its symbols, as ELF and Mach-O do")
    folder = tmp_path_factory.mktemp("scan")
    library: Path = scan_board.compile_scan(folder, build_native.find_compiler())
    return library


@pytest.fixture
def bench(
    scan_board: ModuleType,
    scan_library: Path,
    waveforms: ModuleType,
    waveform_printer: Path,
    tmp_path: Path,
) -> Callable[..., Bench]:
    """Makes boards: `bench(panel, converters, conversions)`; each has a library of its own."""
    made: list[Bench] = []

    def make(panel: int, converters: int, conversions: int = 1, **others: Any) -> Bench:
        copy = tmp_path / f"scan{len(made)}.so"
        shutil.copy(scan_library, copy)
        plan = waveforms.read_plan(waveform_printer, panel, converters, conversions)
        made.append(scan_board.Bench(copy, plan, **others))
        return made[-1]

    return make


SET_UPS = [(1, 2), (1, 1), (2, 1)]
every_set_up = pytest.mark.parametrize("set_up", SET_UPS, ids=str)


@pytest.mark.parametrize(
    ("set_up", "conversions"), [*((each, n) for each in SET_UPS for n in (1, 3)), ((2, 1), 16)]
)
def test_rows_are_those_of_the_exposure(
    bench: Callable[..., Bench], set_up: tuple[int, int], conversions: int
) -> None:
    board = bench(*set_up, conversions)
    exposure_us = board.readout_us + 77
    began = board.begin_exposure(exposure_us)
    assert began is not None
    board.run_to(began + exposure_us)
    assert board.begin_readout() == 0
    assert board.rows() == board.expected(len(board.log) - 1)
    assert board.wrong == 0
    assert [entry.played for entry in board.log] == [entry.slots for entry in board.log]


@every_set_up
def test_an_exposure_lasts_to_the_microsecond(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up)
    exposure_us = board.readout_us + 1234
    began = board.begin_exposure(exposure_us)
    assert began is not None
    board.run(2 * exposure_us)
    resets, reads = (1, 2) if set_up != (2, 1) else (1, -2)
    start = board.log[resets].start_us + board.plan.began_slot
    end = board.log[reads].start_us + board.plan.ended_slot
    assert (start, end - start) == (began, exposure_us)


@every_set_up
@pytest.mark.parametrize("conversions", [1, 3])
def test_the_next_exposure_begins_with_the_read_out(
    bench: Callable[..., Bench], set_up: tuple[int, int], conversions: int
) -> None:
    board = bench(*set_up, conversions)
    exposure_us = board.readout_us
    began = board.begin_exposure(exposure_us)
    assert began is not None
    for number in range(6):
        board.run_to(began + exposure_us)
        following = board.begin_readout(exposure_us, gain_setting=number)
        assert following is not None
        assert following == began + exposure_us + board.plan.began_slot - board.plan.ended_slot
        rows = board.rows()
        reads = [i for i, entry in enumerate(board.log) if entry.converts]
        assert rows == board.expected(reads[number])
        began = following
    assert board.wrong == 0
    assert [entry.range for entry in board.log if entry.converts][:6] == [0, 0, 1, 2, 3, 4]


@every_set_up
def test_rows_can_be_taken_while_the_next_ones_land(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up)
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    board.run_to(began + board.readout_us)
    assert board.begin_readout(board.readout_us) is not None
    board.run(board.readout_us + board.readout_us // 2)
    reads = [i for i, entry in enumerate(board.log) if entry.converts]
    assert len(reads) == 2
    assert board.log[-1].started
    assert board.rows() == board.expected(reads[0])


@every_set_up
def test_a_row_is_not_there_before_its_last_word(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up, 2)
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    board.run_to(began + board.readout_us)
    assert board.begin_readout() == 0
    assert board.row(0)[0] == AGAIN
    rows = [entry for entry in board.log if entry.converts] or [board.log[-1]]
    first = board.plan.word_index[0][-1][-1] // board.plan.converters
    line_us = board.plan.line_slots * 2
    start = rows[0].start_us if rows[0].converts else rows[0].start_us + line_us
    board.run_to(start + first)
    assert board.row(0)[0] == AGAIN
    board.run(4)
    assert board.row(0) == (OK, board.expected(len(board.log) - 1)[0])


@every_set_up
def test_a_row_overwritten_in_the_ring_is_told(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up, 16)
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    board.run_to(began + board.readout_us)
    assert board.begin_readout() == 0
    lines = WORDS // (board.plan.line_slots * 16 * board.plan.converters)
    line_us = board.plan.line_slots * 16
    board.run((lines + 3) * line_us)
    assert board.row(0)[0] == FAILED
    assert board.row(3 if set_up[0] == 1 else 4)[0] == OK
    board.run(board.readout_us)
    assert board.row(board.plan.rows - lines - 1)[0] == FAILED
    assert board.row(board.plan.rows - lines)[0] == OK
    assert board.row(board.plan.rows - 1)[0] == OK
    assert board.row(0)[0] == FAILED


@every_set_up
@pytest.mark.parametrize("conversions", [1, 2, 4, 5, 9, 16])
def test_the_main_loop_is_woken_before_the_ring_comes_round(
    bench: Callable[..., Bench], set_up: tuple[int, int], conversions: int
) -> None:
    board = bench(*set_up, conversions)
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    board.run_to(began + board.readout_us + 33 * conversions)
    (rows,) = (entry for entry in board.log if entry.converts)
    line = board.plan.line_slots * conversions
    if rows.slots * board.plan.converters <= WORDS:
        assert rows.wake_slots == 0
    else:
        assert rows.wake_slots % line == 0
        assert line <= rows.wake_slots <= WORDS // board.plan.converters // 2


@every_set_up
def test_rows_that_land_before_the_main_loop_sleeps_keep_it_awake(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up, 16)
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    line_us = board.plan.line_slots * board.plan.conversions
    board.run_to(began + board.readout_us + line_us + 20)
    (rows,) = (entry for entry in board.log if entry.converts)
    for _ in range(3):
        board.c.fpxi_scan_poll_begins()
        assert not board.pending
        board.run(rows.wake_slots)
        assert board.pending
    board.c.fpxi_scan_poll_begins()
    board.run(2 * board.readout_us)
    board.c.fpxi_scan_poll_begins()
    board.run(2 * board.readout_us)
    assert not board.pending


@every_set_up
def test_other_interrupts_do_not_make_an_exposure_miss_its_start(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up)
    board.c.bench_delay(45)
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    board.c.fpxi_scan_abandon()
    assert board.begin_exposure(board.readout_us) is not None
    assert board.wrong == 0


@every_set_up
def test_an_exposure_of_another_kind_cannot_begin_with_a_read_out(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    for others in ({"cds": False}, {"oversampling": 2}, {"request_beam": True}):
        board = bench(*set_up)
        began = board.begin_exposure(board.readout_us)
        assert began is not None
        board.run_to(began + board.readout_us)
        assert board.begin_readout(2 * board.readout_us, **others) is None


@every_set_up
def test_a_lost_word_fails_the_read_out(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up)
    board.c.bench_lose_word(500)
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    board.run(3 * board.readout_us)
    assert board.row(0)[0] == FAILED
    assert board.begin_readout() is None


@every_set_up
def test_exposures_given_up_anywhere_cut_no_pulse_and_leave_no_token(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up, now_us=2**32 - 20_000)
    chance = random.Random(1)
    token_left = True
    seen = 0
    for _ in range(60):
        assert board.begin_exposure(board.readout_us) is not None
        board.run(chance.randrange(3 * board.readout_us))
        board.c.fpxi_scan_abandon()
        board.run(chance.choice([0, 10, 100, 300]))
        assert board.wrong == 0
        log = board.log
        for entry in log[seen:-1]:
            complete = entry.started and entry.played == entry.slots
            assert not (entry.started and entry.token and token_left)
            token_left = (token_left or bool(entry.started)) and not complete
        seen = len(log) - 1
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    board.run_to(began + board.readout_us)
    assert board.begin_readout() == 0
    assert board.rows() == board.expected(board.c.bench_log_count() - 1)


@every_set_up
def test_an_exposure_given_up_as_it_starts_is_not_cut(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up)
    for calls in range(40):
        began = board.begin_exposure(board.readout_us)
        assert began is not None
        board.run_to(began + board.readout_us - board.plan.ended_slot - 3)
        for _ in range(calls):  # each takes a fraction of a microsecond
            board.c.fpxi_time_now_us()
        board.c.fpxi_scan_abandon()
        assert board.wrong == 0


@every_set_up
def test_a_token_is_cleared_away_at_once_and_delays_only_an_exposure_that_comes_sooner(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up)

    def scans_of_an_exposure() -> int:
        before: int = board.c.bench_log_count()
        assert board.begin_exposure(board.readout_us) is not None
        board.run(3 * board.readout_us)
        count: int = board.c.bench_log_count()
        return count - before

    usual = scans_of_an_exposure()
    assert scans_of_an_exposure() == usual
    for pause_us, more in ((200, 0), (5, 1)):
        assert board.begin_exposure(board.readout_us) is not None
        board.run(board.readout_us * 3 // 2)
        board.c.fpxi_scan_abandon()
        board.run(pause_us)
        assert scans_of_an_exposure() == usual + more


def test_giving_up_is_harmless_before_and_after_everything(bench: Callable[..., Bench]) -> None:
    board = bench(1, 2)
    board.c.fpxi_scan_safe()
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    board.run_to(began - 1)
    for _ in range(3):
        board.c.fpxi_scan_safe()
        board.run(1)
    assert board.wrong == 0
    assert board.begin_readout() is None
    assert board.row(0)[0] == FAILED
    assert not board.log[-1].started or board.log[-1].played % 33 == 0


@every_set_up
def test_no_exposure_needs_a_prompt_interrupt(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up)
    exposure_us = 2 * board.readout_us
    began = board.begin_exposure(exposure_us)
    assert began is not None
    board.run_to(began + exposure_us - 10)
    lateness_us = 5 if set_up == (2, 1) else board.readout_us // 2
    board.run(10 + lateness_us, masked=True)
    assert board.begin_readout() == 0
    assert board.rows() == board.expected(board.c.bench_log_count() - 1)
    assert board.wrong == 0


def test_rows_of_the_die_that_could_not_be_armed_in_time_are_told(
    bench: Callable[..., Bench],
) -> None:
    board = bench(2, 1)
    began = board.begin_exposure(1000)
    assert began is not None
    board.run_to(began + 1000 - 10)
    board.run(100, masked=True)
    assert board.begin_readout() is None
    assert board.row(0)[0] == FAILED


def test_a_processor_that_stalls_for_a_whole_scan_is_told(bench: Callable[..., Bench]) -> None:
    board = bench(1, 2)
    exposure_us = 2 * board.readout_us
    began = board.begin_exposure(exposure_us)
    assert began is not None
    board.run_to(began + exposure_us - 10)
    board.run(2 * board.readout_us, masked=True)
    assert board.begin_readout() is None
    again = board.begin_exposure(exposure_us)
    assert again is not None
    board.run_to(again + exposure_us)
    assert board.begin_readout() == 0
    assert board.rows() == board.expected(board.c.bench_log_count() - 1)


@every_set_up
def test_a_next_exposure_that_is_asked_for_too_late_is_refused(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up)
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    board.run_to(began + 3 * board.readout_us)
    assert board.begin_readout(board.readout_us) is None
    assert board.wrong == 0


@pytest.mark.parametrize("others", [{"oversampling": 2}, {"request_beam": True}], ids=str)
def test_a_next_exposure_that_cannot_follow_is_refused(
    bench: Callable[..., Bench], others: dict[str, Any]
) -> None:
    board = bench(1, 2)
    began = board.begin_exposure(board.readout_us)
    assert began is not None
    board.run_to(began + board.readout_us)
    assert board.begin_readout(2 * board.readout_us, **others) is None


@every_set_up
def test_the_beam_is_asked_for_while_the_whole_array_integrates(
    bench: Callable[..., Bench], set_up: tuple[int, int]
) -> None:
    board = bench(*set_up)
    began = board.begin_exposure(700, request_beam=True)
    assert began is not None
    length = ctypes.c_uint32()
    on_us = board.c.bench_beam(ctypes.byref(length))
    assert (on_us, length.value) == (began + board.readout_us, 700)
    board.run(5 * board.readout_us)
    reset, read = board.log[1], board.log[2]
    assert reset.start_us + reset.slots < on_us
    assert read.start_us + board.plan.ended_slot == on_us + 700
    board.c.fpxi_scan_abandon()
    assert board.c.bench_beam(ctypes.byref(length)) == 0


def test_a_short_exposure_of_the_die_is_exact(bench: Callable[..., Bench]) -> None:
    board = bench(2, 1)
    began = board.begin_exposure(100)
    assert began is not None
    board.run_to(began + 100)
    assert board.begin_readout() == 0
    assert board.rows() == board.expected(board.c.bench_log_count() - 1)
    assert board.log[-2].start_us + board.plan.ended_slot == began + 100
    assert board.wrong == 0
