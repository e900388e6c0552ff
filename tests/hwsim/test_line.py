"""Faults and pace of a line: as often as asked, repeatable, counted."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi_hwsim.errors import BadValueError, UnknownKeyError
from fpxi_hwsim.fault_settings import FaultSpecification, with_fault
from fpxi_hwsim.faults import BLOCK_BYTES, ResetFault
from fpxi_hwsim.line import CLEAR_LINE_BYTES, Line
from hypothesis import given
from hypothesis import strategies as st

NO_FAULTS = FaultSpecification()
SIGMAS = 5.0


def carry(line: Line, data: bytes, piece: int) -> bytes:
    """Send data in pieces; return what arrives, without waiting for time."""
    arrived = b""
    for start in range(0, len(data), piece):
        line.push(data[start : start + piece], now_us=0)
        while line.due_us is not None:
            arrived += line.pop(line.due_us)
    return arrived


def flipped_bits(sent: bytes, arrived: bytes) -> np.ndarray:
    changed = np.frombuffer(sent, np.uint8) ^ np.frombuffer(arrived, np.uint8)
    return np.flatnonzero(np.unpackbits(changed, bitorder="little"))


@given(st.lists(st.binary(max_size=2000), max_size=8))
def test_a_line_without_faults_changes_nothing(pieces: list[bytes]) -> None:
    line = Line(NO_FAULTS, None, 0)
    for piece in pieces:
        line.push(piece, now_us=5)
    assert line.pop(5) == b"".join(pieces)
    assert line.due_us is None


@pytest.mark.parametrize("rate", [1e-4, 1e-2])
def test_bits_flip_at_the_rate_asked_and_are_counted(rate: float) -> None:
    line = Line(FaultSpecification(bit_flips=rate), None, 0)
    sent = bytes(200_000)
    flips = flipped_bits(sent, carry(line, sent, 4096))
    expected = rate * 8 * len(sent)
    assert abs(flips.size - expected) < SIGMAS * np.sqrt(expected)
    assert line.counts.bits_flipped == flips.size
    assert line.counts.bytes == len(sent)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_which_bits_flip_does_not_depend_on_how_the_stream_is_cut(one: int, other: int) -> None:
    sent = bytes(10_000)
    lines = (Line(FaultSpecification(bit_flips=1e-3), None, 0) for _ in range(2))
    first, second = (
        carry(line, sent, piece) for line, piece in zip(lines, (one, other), strict=True)
    )
    assert first == second


def test_every_bit_flips_at_a_rate_of_one() -> None:
    line = Line(FaultSpecification(bit_flips=1.0), None, 0)
    assert carry(line, bytes(100), 7) == bytes([255] * 100)


def test_another_seed_or_direction_flips_other_bits() -> None:
    sent = bytes(20_000)
    arrived = {
        carry(Line(FaultSpecification(bit_flips=1e-3, fault_seed=seed), None, direction), sent, 100)
        for seed in (1, 2)
        for direction in (0, 1)
    }
    assert len(arrived) == 4


def test_blocks_are_lost_and_doubled_at_the_rates_asked_and_counted() -> None:
    line = Line(FaultSpecification(drops=0.1, duplicates=0.2), None, 0)
    sent = b"".join(n.to_bytes(2) * (BLOCK_BYTES // 2) for n in range(5000))
    arrived = np.frombuffer(carry(line, sent, 8 * BLOCK_BYTES), ">u2")[:: BLOCK_BYTES // 2]
    times = np.bincount(arrived, minlength=5000)
    dropped, doubled = np.count_nonzero(times == 0), np.count_nonzero(times == 2)
    assert abs(dropped - 500) < SIGMAS * np.sqrt(450)
    assert abs(doubled - 900) < SIGMAS * np.sqrt(738)
    assert line.counts.blocks == 5000
    assert (line.counts.blocks_dropped, line.counts.blocks_duplicated) == (dropped, doubled)
    assert line.counts.bytes_dropped == dropped * BLOCK_BYTES


@given(st.binary(min_size=1, max_size=5000), st.integers(0, 2**32 - 1))
def test_rechunking_hands_over_other_pieces_of_the_same_bytes(data: bytes, seed: int) -> None:
    line = Line(FaultSpecification(rechunk=True, fault_seed=seed), None, 0)
    line.push(data, now_us=0)
    pieces = []
    while line.due_us is not None:
        pieces.append(line.pop(0))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= BLOCK_BYTES


def test_a_stall_holds_the_block_and_all_behind_it() -> None:
    line = Line(FaultSpecification(stalls=1.0, stall_s=0.25), None, 0)
    line.push(b"a", now_us=1000)
    line.push(b"b", now_us=1000)
    assert line.pop(250_999) == b""
    assert line.pop(251_000) == b"a"
    assert line.due_us == 501_000
    assert line.counts.stalls == 2


def test_a_byte_takes_ten_bit_times() -> None:
    line = Line(NO_FAULTS, 115_200, 0)
    line.push(bytes(BLOCK_BYTES) + b"tail", now_us=0)
    first_us = int(np.ceil(BLOCK_BYTES * 10 / 115_200 * 1e6))
    assert line.due_us == first_us
    assert line.pop(first_us - 1) == b""
    assert line.pop(first_us) == bytes(BLOCK_BYTES)
    assert line.due_us == int(np.ceil((BLOCK_BYTES + 4) * 10 / 115_200 * 1e6))


def test_a_line_takes_no_more_than_its_room() -> None:
    clear, slow = Line(NO_FAULTS, None, 0), Line(NO_FAULTS, 9600, 0)
    assert (clear.room, slow.room) == (CLEAR_LINE_BYTES, 2 * BLOCK_BYTES)
    slow.push(bytes(2 * BLOCK_BYTES), now_us=0)
    assert slow.room == 0
    slow.pop(10**7)
    assert slow.room == 2 * BLOCK_BYTES


def test_a_line_that_cuts_takes_whole_blocks_lest_its_pieces_shrink() -> None:
    line = Line(FaultSpecification(rechunk=True), None, 0)
    line.push(bytes(2 * BLOCK_BYTES), now_us=0)
    free = 0
    while free < BLOCK_BYTES:
        assert line.room == 0
        free += len(line.pop(0))
    assert line.room == free


def test_cleared_bytes_never_arrive() -> None:
    line = Line(NO_FAULTS, 9600, 0)
    line.push(b"old", now_us=0)
    line.clear()
    assert line.due_us is None
    assert line.room == 2 * BLOCK_BYTES


def test_faults_can_be_changed_on_the_way() -> None:
    line = Line(NO_FAULTS, None, 0)
    assert carry(line, b"\0", 1) == b"\0"
    line.set_faults(FaultSpecification(bit_flips=1.0))
    assert carry(line, b"\0", 1) == b"\xff"


def test_resets_fall_on_the_share_of_exposures_asked_within_the_frame() -> None:
    fault = ResetFault(FaultSpecification(resets=0.25), frame_bytes=8192)
    places = []
    for _ in range(4000):
        fault.exposed()
        if fault.bytes_left is not None:
            places.append(fault.bytes_left)
            assert not fault.sent(fault.bytes_left - 1)
            assert fault.sent(1)
    assert abs(len(places) - 1000) < SIGMAS * np.sqrt(750)
    assert fault.resets == len(places)
    assert 0 < min(places) < 200
    assert 8000 < max(places) < 8192


def test_one_setting_changes_and_the_others_stay() -> None:
    faults = with_fault(with_fault(NO_FAULTS, "drops", "0.5"), "rechunk", "on")
    assert faults == FaultSpecification(drops=0.5, rechunk=True)


def test_an_unknown_or_impossible_fault_is_refused() -> None:
    with pytest.raises(UnknownKeyError, match="bit_flips"):
        with_fault(NO_FAULTS, "flips", "1")
    with pytest.raises(BadValueError):
        with_fault(NO_FAULTS, "drops", "often")
