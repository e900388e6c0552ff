"""The encoding of least work that carries what is wanted; else the smallest."""

from __future__ import annotations

import pytest
from fpxi.link_pace_encoding import choose_encoding
from fpxi_readout.protocol.generated import Encoding

SIZES = {
    Encoding.RAW16: 8000.0,
    Encoding.PACKED14: 7000.0,
    Encoding.PACKED12: 6000.0,
    Encoding.AEC: 4000.0,
    Encoding.AEC_REFERENCE: 2000.0,
}
ALL = [int(encoding) for encoding in Encoding]


@pytest.mark.parametrize(
    ("capacity_Bps", "chosen"),
    [
        (120_000, Encoding.RAW16),
        (100_000, Encoding.PACKED12),
        (60_000, Encoding.AEC),
        (30_000, Encoding.AEC_REFERENCE),
        (3_000, Encoding.AEC_REFERENCE),
    ],
)
def test_the_least_work_that_carries_ten_frames_a_second(
    capacity_Bps: float, chosen: Encoding
) -> None:
    current = int(Encoding.AEC_REFERENCE)
    assert choose_encoding(SIZES, ALL, current, 10.0, capacity_Bps) == chosen


def test_one_in_force_stays_until_the_link_is_nearly_full() -> None:
    assert choose_encoding(SIZES, ALL, Encoding.AEC, 10.0, 43_000) == Encoding.AEC
    assert choose_encoding(SIZES, ALL, Encoding.AEC, 10.0, 41_000) == Encoding.AEC_REFERENCE
    assert choose_encoding(SIZES, ALL, Encoding.AEC_REFERENCE, 10.0, 43_000) == 4


def test_a_little_smaller_is_not_worth_a_change() -> None:
    close = SIZES | {Encoding.AEC_REFERENCE: 3900.0}
    assert choose_encoding(close, ALL, Encoding.AEC, 1e9, 43_000) == Encoding.AEC


def test_an_unknown_link_begins_with_one_that_needs_no_other_frame() -> None:
    assert choose_encoding(SIZES, ALL, Encoding.RAW16, 10.0, None) == Encoding.AEC


def test_a_device_that_lacks_an_encoding_is_not_asked_for_it() -> None:
    assert choose_encoding(SIZES, [0, 1, 2], Encoding.RAW16, 1e9, 1000) == Encoding.PACKED12
    assert choose_encoding(SIZES, [0, 1, 2], Encoding.RAW16, 1e9, None) == Encoding.RAW16
    assert choose_encoding(SIZES, [], Encoding.RAW16, 1e9, 1000) == Encoding.RAW16
