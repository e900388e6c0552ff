"""Samples at the ends of the converter's range."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from fpxi.clipping import ClippedSamples, ClippingCount
from fpxi.recording.facts import RecordingFacts
from fpxi_readout.frame import Frame, Sampling
from fpxi_readout.protocol.generated import FrameFlag

MakeFrame = Callable[..., Frame]
FULL = 16383
IMAGING = 4 * 3
"""Samples of the small panel, less its process ring."""


@pytest.fixture
def counted(facts: RecordingFacts) -> ClippingCount:
    return ClippingCount(facts.dictionary.panel)


def samples(fill: int = 500) -> np.ndarray:
    return np.full((6, 5), fill, np.uint16)


def test_nothing_is_counted_before_a_frame(counted: ClippingCount) -> None:
    assert counted.saturated == counted.cut_off == ClippedSamples(0, 0.0, 0)


def test_both_ends_are_counted_in_samples_and_frames(
    counted: ClippingCount, make_frame: MakeFrame
) -> None:
    first, second = samples(), samples()
    first[1, 1:3], second[2, 2], second[3, 3] = FULL, FULL, 0
    first[4, 1] = FULL - 1
    for number, given in enumerate((first, second, samples(1))):
        counted.add(make_frame(number, samples=given))
    assert counted.saturated == ClippedSamples(3, 3 / (3 * IMAGING), 2)
    assert counted.cut_off == ClippedSamples(1, 1 / (3 * IMAGING), 1)


def test_the_process_ring_is_not_looked_at(counted: ClippingCount, make_frame: MakeFrame) -> None:
    given = samples(FULL)
    given[1:-1, 1:-1] = 500
    counted.add(make_frame(0, samples=given))
    assert counted.saturated.samples == 0
    region = Sampling(first_row=1, first_column=2)
    part, received = given[1:3, 2:].copy(), np.ones(2, np.bool_)
    counted.add(make_frame(1, samples=part, sampling=region, row_received=received))
    assert counted.saturated.samples == 0
    assert counted.cut_off == ClippedSamples(0, 0.0, 0)


def test_rows_that_never_arrived_are_not_cut_off(
    counted: ClippingCount, make_frame: MakeFrame
) -> None:
    given, received = samples(), np.ones(6, np.bool_)
    given[2], received[2] = 0, False
    given[3, 1] = 0
    counted.add(make_frame(0, samples=given, row_received=received))
    assert counted.cut_off == ClippedSamples(1, 1 / (IMAGING - 3), 1)


def test_a_test_pattern_is_not_looked_at(counted: ClippingCount, make_frame: MakeFrame) -> None:
    counted.add(make_frame(0, samples=samples(FULL), flags=FrameFlag.PATTERN))
    assert counted.saturated == ClippedSamples(0, 0.0, 0)
