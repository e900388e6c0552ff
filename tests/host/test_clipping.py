"""Samples at the ends of the converter's range."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from fpxi.clipping import ClippedSamples, ClippingCount, clipping_warnings
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
    assert counted.saturated == counted.cut_off == ClippedSamples(0, 0.0, 0, 0, 0)


def test_both_ends_are_counted_in_samples_and_frames(
    counted: ClippingCount, make_frame: MakeFrame
) -> None:
    first, second = samples(), samples()
    first[1, 1:3], second[2, 2], second[3, 3] = FULL, FULL, 0
    first[4, 1] = FULL - 1
    for number, given in enumerate((first, second, samples(1))):
        counted.add(make_frame(number, samples=given))
    assert counted.saturated == ClippedSamples(3, 3 / (3 * IMAGING), 2, 3, 0)
    assert counted.cut_off == ClippedSamples(1, 1 / (3 * IMAGING), 1, 1, 0)


def test_the_process_ring_is_not_looked_at(counted: ClippingCount, make_frame: MakeFrame) -> None:
    given = samples(FULL)
    given[1:-1, 1:-1] = 500
    counted.add(make_frame(0, samples=given))
    assert counted.saturated.samples == 0
    region = Sampling(first_row=1, first_column=2)
    part, received = given[1:3, 2:].copy(), np.ones(2, np.bool_)
    counted.add(make_frame(1, samples=part, sampling=region, row_received=received))
    assert counted.saturated.samples == 0
    assert counted.cut_off == ClippedSamples(0, 0.0, 0, 0, 0)


def test_rows_that_never_arrived_are_not_cut_off(
    counted: ClippingCount, make_frame: MakeFrame
) -> None:
    given, received = samples(), np.ones(6, np.bool_)
    given[2], received[2] = 0, False
    given[3, 1] = 0
    counted.add(make_frame(0, samples=given, row_received=received))
    assert counted.cut_off == ClippedSamples(1, 1 / (IMAGING - 3), 1, 1, 0)


def test_a_test_pattern_is_not_looked_at(counted: ClippingCount, make_frame: MakeFrame) -> None:
    counted.add(make_frame(0, samples=samples(FULL), flags=FrameFlag.PATTERN))
    assert counted.saturated == ClippedSamples(0, 0.0, 0, 0, 0)


def test_pixels_that_are_clipped_in_every_frame_are_told_apart(
    counted: ClippingCount, make_frame: MakeFrame
) -> None:
    for number in range(3):
        given, received = samples(), np.ones(6, np.bool_)
        given[2, 1], given[3, 3] = FULL, 0
        if number == 1:
            given[1, 1] = FULL
        if number == 2:
            given[2], received[2] = 0, False
        counted.add(make_frame(number, samples=given, row_received=received))
    assert (counted.saturated.pixels, counted.saturated.constant_pixels) == (2, 1)
    assert (counted.cut_off.pixels, counted.cut_off.constant_pixels) == (1, 1)


def test_one_frame_tells_of_no_pixel_that_it_is_always_clipped(
    counted: ClippingCount, make_frame: MakeFrame
) -> None:
    counted.add(make_frame(0, samples=samples(FULL)))
    assert (counted.saturated.pixels, counted.saturated.constant_pixels) == (IMAGING, 0)


def test_pixels_of_another_region_are_told_apart_anew(
    counted: ClippingCount, make_frame: MakeFrame
) -> None:
    counted.add(make_frame(0, samples=samples(FULL)))
    part, received = samples()[1:3, 2:].copy(), np.ones(2, np.bool_)
    part[0, 0] = FULL
    for number in (1, 2):
        region = Sampling(first_row=1, first_column=2)
        counted.add(make_frame(number, samples=part, sampling=region, row_received=received))
    assert (counted.saturated.samples, counted.saturated.frames) == (IMAGING + 2, 3)
    assert (counted.saturated.pixels, counted.saturated.constant_pixels) == (1, 1)


NONE = ClippedSamples(0, 0.0, 0, 0, 0)


@pytest.mark.parametrize(
    ("clipped", "words"),
    [
        (
            ClippedSamples(1400, 0.0034, 100, 14, 14),
            "14 pixels in every frame, as defects are; none only at times",
        ),
        (
            ClippedSamples(1403, 0.0034, 100, 17, 14),
            "14 pixels in every frame, as defects are; 3 pixels only at times",
        ),
        (ClippedSamples(1, 0.0034, 1, 1, 0), "1 pixel"),
    ],
)
def test_a_warning_says_whether_it_is_always_the_same_pixels(
    clipped: ClippedSamples, words: str
) -> None:
    (warning,) = clipping_warnings(clipped, NONE)
    assert f" saturated ({words}): unless the pixels are defects, expose less." in warning
    (warning,) = clipping_warnings(NONE, clipped)
    assert f" cut off at 0 ({words}): their signal is lower than they say." in warning
    assert not list(clipping_warnings(NONE, NONE))
