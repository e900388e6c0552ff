"""The running number of unasked packets."""

from __future__ import annotations

from fpxi_readout.protocol.sequence import SequenceTracker
from hypothesis import given
from hypothesis import strategies as st


def track(numbers: list[int]) -> SequenceTracker:
    tracker = SequenceTracker()
    for number in numbers:
        tracker.take(number % 256)
    return tracker


def test_an_unbroken_count_loses_nothing() -> None:
    assert track(list(range(3, 2000))).lost == 0


@given(st.integers(0, 255), st.integers(1, 100))
def test_a_gap_counts_what_is_missing(begin: int, gap: int) -> None:
    tracker = track([begin, begin + 1 + gap])
    assert tracker.lost == gap
    assert not tracker.unbroken(begin, (begin + 1 + gap) % 256)


@given(st.integers(0, 255), st.integers(1, 60))
def test_an_event_that_overtakes_loses_nothing(begin: int, queued: int) -> None:
    overtaken = list(range(begin + 1, begin + 1 + queued))
    tracker = track([begin, begin + 1 + queued, *overtaken, begin + 2 + queued])
    assert tracker.lost == 0
    assert tracker.unbroken(begin, (begin + 2 + queued) % 256)


def test_a_repeated_packet_is_not_counted() -> None:
    assert track([1, 2, 2, 1, 3]).lost == 0


def test_a_missing_number_is_forgotten_after_half_a_turn() -> None:
    tracker = track([0, 2, *range(3, 600)])
    assert tracker.lost == 1
    assert tracker.unbroken(0, 100)


def test_restart_counts_no_loss() -> None:
    tracker = track([100, 101])
    tracker.restart(0)
    tracker.take(1)
    assert tracker.lost == 0
