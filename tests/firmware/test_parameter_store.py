"""Saving and loading: wherever the power is cut, the old set or the new one is there."""

from __future__ import annotations

import struct
import zlib

import pytest
from fpxi_readout.protocol import generated as p
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXPOSURE, ROWS = 1, 7
DEFAULT_US = 10_000
SLOT_SIZE = 16384
SLOT_WORDS = SLOT_SIZE // 4


def restart(board):
    """Start anew; return the details of PARAMETERS_DEFAULTED."""
    board.storage.words_left = None
    board.packets.clear()
    board.start()
    board.drain()
    return [event.detail for event in board.events(p.EventCode.PARAMETERS_DEFAULTED)]


def save(board, exposure_us):
    board.set(EXPOSURE, exposure_us)
    return board.ask(p.Save())


def record_words(board):
    return save(board, DEFAULT_US).value // 4


def test_two_empty_slots_are_nothing_damaged(board):
    board.start()
    assert restart(board) == [0]
    (event,) = board.events(p.EventCode.PARAMETERS_DEFAULTED)
    assert event.severity == p.Severity.INFO


def test_save_tells_the_bytes_it_has_written(board):
    board.start()
    answer = save(board, 4321)
    written = sum(len(board.storage.read(slot, 0, SLOT_SIZE).rstrip(b"\xff")) for slot in (0, 1))
    assert answer == p.Ack(p.Save.TYPE, written)
    assert restart(board) == []
    assert board.get(EXPOSURE) == 4321


def test_the_newest_of_many_sets_is_loaded(board):
    board.start()
    for exposure_us in range(1001, 1008):
        save(board, exposure_us)
        assert restart(board) == []
        assert board.get(EXPOSURE) == exposure_us


def test_the_set_in_force_is_never_the_one_that_is_overwritten(board):
    board.start()
    save(board, 1001)
    held = [board.storage.read(slot, 0, SLOT_SIZE) for slot in (0, 1)]
    save(board, 1002)
    now = [board.storage.read(slot, 0, SLOT_SIZE) for slot in (0, 1)]
    kept = [a == b and a.strip(b"\xff") != b"" for a, b in zip(held, now, strict=True)]
    assert kept.count(True) == 1


def interesting_words(record):
    erasing = [*range(record + 2), SLOT_WORDS // 2, SLOT_WORDS - 1]
    return erasing + [SLOT_WORDS + word for word in range(record + 1)]


@pytest.mark.parametrize("saves_before", [0, 1, 2])
@pytest.mark.parametrize("torn", [0, 0xFFFFFFFF, 0x0000FFFF, 0x5A5A5A5A])
def test_a_cut_at_any_word_leaves_the_old_or_the_new_set(board, torn, saves_before):
    board.start()
    words = record_words(board)
    for cut in interesting_words(words):
        board.storage.__init__()
        restart(board)
        for number in range(saves_before):
            save(board, 2001 + number)
        before = board.get(EXPOSURE)
        board.storage.words_left, board.storage.torn = cut, torn
        answer = save(board, 3000)
        defaulted = restart(board)
        after = board.get(EXPOSURE)
        assert after in (before, 3000)
        if isinstance(answer, p.Ack):
            assert after == 3000
        assert bool(defaulted) == (saves_before == 0 and after != 3000)
        save(board, 3333)
        assert restart(board) == []
        assert board.get(EXPOSURE) == 3333


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.integers(100, 60_000_000),
            st.one_of(st.none(), st.integers(0, 80), st.integers(SLOT_WORDS, SLOT_WORDS + 80)),
            st.integers(0, 0xFFFFFFFF),
        ),
        max_size=8,
    )
)
def test_any_series_of_cuts_never_loses_what_was_acknowledged(board, series):
    board.storage.__init__()
    restart(board)
    in_force = {DEFAULT_US}
    for exposure_us, cut, torn in series:
        board.storage.words_left, board.storage.torn = cut, torn
        answer = save(board, exposure_us)
        in_force = {exposure_us} if isinstance(answer, p.Ack) else in_force | {exposure_us}
        restart(board)
        found = board.get(EXPOSURE)
        assert found in in_force
        in_force = {found}


# --- what is found at start -----------------------------------------------------------------------


@pytest.fixture
def saved(board):
    """A board with one set, exposure 4321, in `board.slot`, of `board.size` bytes."""
    board.start()
    board.size = save(board, 4321).value
    board.slot = 0 if board.storage.read(0, 0, 1) != b"\xff" else 1
    return board


def rewrite(board, record):
    start = board.slot * SLOT_SIZE
    board.storage.content[start : start + len(record)] = record


def record(board):
    return board.storage.read(board.slot, 0, board.size)


def with_crc(body):
    return body + struct.pack("<I", zlib.crc32(body))


@pytest.mark.parametrize("place", [0, 1, 4, 8, 39, 40, 44, 80, -1])
def test_any_damage_to_the_only_set_brings_all_defaults(saved, place):
    damaged = bytearray(record(saved))
    damaged[place] ^= 0x10
    rewrite(saved, damaged)
    assert restart(saved) == [1]
    assert saved.events(p.EventCode.PARAMETERS_DEFAULTED)[0].severity == p.Severity.WARNING
    assert saved.get(EXPOSURE) == DEFAULT_US


def test_two_damaged_sets_are_counted(saved):
    save(saved, 4444)
    for slot in (0, 1):
        saved.storage.content[slot * SLOT_SIZE + 50] ^= 1
    assert restart(saved) == [2]


def test_a_damaged_new_set_leaves_the_old_one_and_the_next_save_repairs_it(saved):
    save(saved, 4444)
    other = 1 - saved.slot
    saved.storage.content[other * SLOT_SIZE + 50] ^= 1
    assert restart(saved) == []
    assert saved.get(EXPOSURE) == 4321
    save(saved, 5555)
    assert record(saved)[:8] == saved.storage.read(saved.slot, 0, 8)
    test = saved.ask(p.SelfTest(p.SelfTestKind.STORAGE)) if hasattr(p, "SelfTestKind") else None
    assert test is None or test.outcome == p.TestOutcome.PASSED
    assert restart(saved) == []
    assert saved.get(EXPOSURE) == 5555


def test_a_set_of_another_definition_is_not_loaded_and_not_called_damaged(saved):
    old = record(saved)
    rewrite(saved, with_crc(old[:8] + b"\x55" * 32 + old[40:-4]))
    assert restart(saved) == [0]
    assert saved.get(EXPOSURE) == DEFAULT_US


def test_a_longer_set_of_another_definition_is_not_called_damaged(saved):
    old = record(saved)
    size = struct.pack("<I", len(old) + 8)
    rewrite(saved, with_crc(size + old[4:8] + b"\x55" * 32 + old[40:-4] + b"\0" * 8))
    assert restart(saved) == [0]


def test_a_foreign_set_gives_way_only_to_the_second_save(saved):
    old = record(saved)
    foreign = with_crc(old[:8] + b"\x55" * 32 + old[40:-4])
    rewrite(saved, foreign)
    save(saved, 1111)
    assert record(saved) == foreign
    save(saved, 2222)
    assert record(saved) != foreign
    assert restart(saved) == []
    assert saved.get(EXPOSURE) == 2222


def test_a_value_out_of_range_is_damage(saved):
    old = record(saved)
    rewrite(saved, with_crc(old[:40] + b"\1\0\0\0" + old[44:-4]))
    assert restart(saved) == [1]
    assert saved.get(EXPOSURE) == DEFAULT_US


# --- SAVE -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["storage_erase", "storage_program"])
def test_storage_that_refuses_is_told(board, call):
    board.start()
    board.results[call] = -1
    assert board.ask(p.Save()) == p.Nack(p.Save.TYPE, p.NackCode.STORAGE_FAILED, 0)


def test_storage_that_holds_something_else_than_was_written_is_told(board):
    board.start()
    program = board.storage.program
    board.storage.program = lambda slot, offset, word: program(slot, offset, word & ~2)
    assert board.ask(p.Save()) == p.Nack(p.Save.TYPE, p.NackCode.STORAGE_FAILED, 0)


def test_save_is_refused_while_acquiring(native):
    device = native()
    device.ask(p.Start(0))
    answer = device.ask(p.Save())
    assert answer == p.Nack(p.Save.TYPE, p.NackCode.BUSY, p.State.EXPOSING)
    device.ask(p.Stop())
    assert isinstance(device.ask(p.Save()), p.Ack)
