"""Test patterns against values worked out by hand from their definition."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi.self_test.patterns import expected_pattern, first_difference
from fpxi_readout.protocol import generated


def test_the_ramp_counts_on_with_the_exposures_and_wraps() -> None:
    ramp = expected_pattern(generated.TestPattern.RAMP, 3, 4, 5)
    assert ramp.tolist() == [[5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]
    assert expected_pattern(generated.TestPattern.RAMP, 1, 3, 65_534).tolist() == [
        [65_534, 65_535, 0]
    ]
    assert expected_pattern(generated.TestPattern.RAMP, 1, 1, 2**32 - 1).tolist() == [[65_535]]


def test_the_checkerboard_begins_with_0x5555() -> None:
    board = expected_pattern(generated.TestPattern.CHECKERBOARD, 2, 3, 9)
    assert board.tolist() == [[0x5555, 0xAAAA, 0x5555], [0xAAAA, 0x5555, 0xAAAA]]


def test_the_one_walks_through_sixteen_bits() -> None:
    walk = expected_pattern(generated.TestPattern.WALKING_ONE, 18, 2, 9)
    assert walk[:3].tolist() == [[1, 2], [2, 4], [4, 8]]
    assert walk[15].tolist() == [0x8000, 1]
    assert walk.dtype == np.uint16


def test_the_panel_s_own_samples_are_no_pattern() -> None:
    with pytest.raises(ValueError, match="no pattern"):
        expected_pattern(generated.TestPattern.NONE, 2, 2, 0)


def test_the_first_difference_is_found_in_reading_order() -> None:
    expected = expected_pattern(generated.TestPattern.RAMP, 4, 4, 0)
    assert first_difference(expected.copy(), expected) is None
    found = expected.copy()
    found[2, 1] ^= 0x8000
    found[3, 0] ^= 1
    assert first_difference(found, expected) == (2, 1)
