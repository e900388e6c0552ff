"""Defective rows and columns in made stacks; the defects are put in by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from fpxi.self_test.lines import LineDefect, Response, find_line_defects, panel_response
from scipy.ndimage import gaussian_filter

FRAMES, ROWS, COLUMNS, FULL_SCALE = 16, 64, 48, 65535

Stack = np.ndarray
Spoil = Callable[[np.ndarray], None]


def stacks(
    spoil: Spoil = lambda signal: None, response: float = 2000.0, seed: int = 1
) -> tuple[Stack, Stack]:
    """Short and long exposures with offsets, blotches, line noise; `spoil` changes the samples."""
    random = np.random.default_rng(seed)
    offset = 3000 + random.normal(0, 800, (1, 1, COLUMNS)) + random.normal(0, 200, (ROWS, COLUMNS))
    gain = 1 + 0.1 * random.standard_normal((ROWS, COLUMNS))
    result = []
    for level in (0.02 * response, response):
        samples = offset + level * gain + random.normal(0, 10, (FRAMES, ROWS, COLUMNS))
        samples += random.normal(0, 8, (FRAMES, ROWS, 1))
        spoil(samples)
        result.append(np.clip(np.rint(samples), 0, FULL_SCALE).astype(np.uint16))
    return result[0], result[1]


def findings(spoil: Spoil, ring: int = 0) -> list[tuple[str, int, LineDefect]]:
    short, long = stacks(spoil)
    return [(f.axis, f.index, f.defect) for f in find_line_defects(short, long, ring)]


@pytest.mark.parametrize("seed", range(5))
def test_a_sound_panel_has_no_finding(seed: int) -> None:
    short, long = stacks(seed=seed)
    assert find_line_defects(short, long, 0) == []
    response, counts = panel_response(short, long, FULL_SCALE, 0)
    assert response is Response.CLEAR
    assert counts == pytest.approx(1960, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("response", [10.0, 20.0, 40.0, 80.0])
def test_no_line_is_called_silent_for_noise(response: float, seed: int) -> None:
    short, long = stacks(response=response, seed=seed)
    clear = panel_response(short, long, FULL_SCALE, 0)[0] is Response.CLEAR
    assert find_line_defects(short, long, 0, answers=clear) == []
    assert clear or response < 80.0


@pytest.mark.parametrize("value", [0, 1234, FULL_SCALE])
def test_a_stuck_row_and_a_stuck_column_are_found_with_their_value(value: int) -> None:
    def spoil(samples: Stack) -> None:
        samples[:, 7] = value
        samples[:, :, 11] = value

    short, long = stacks(spoil)
    found = find_line_defects(short, long, 0)
    assert [(f.axis, f.index, f.defect, f.value) for f in found] == [
        ("row", 7, LineDefect.STUCK, value),
        ("column", 11, LineDefect.STUCK, value),
    ]


def test_a_frozen_row_is_stuck_though_its_pixels_differ() -> None:
    pattern = np.arange(COLUMNS) * 100.0

    def spoil(samples: Stack) -> None:
        samples[:, 3] = pattern

    assert findings(spoil) == [("row", 3, LineDefect.STUCK)]


def test_a_row_whose_gate_never_opens_is_silent() -> None:
    random = np.random.default_rng(2)

    def spoil(samples: Stack) -> None:
        samples[:, 20] = random.normal(3000, 10, (FRAMES, COLUMNS))

    short, long = stacks(spoil)
    (found,) = find_line_defects(short, long, 0)
    assert (found.axis, found.index, found.defect) == ("row", 20, LineDefect.SILENT)
    assert abs(found.value) < 0.02


def test_a_column_whose_channel_is_not_connected_is_silent() -> None:
    random = np.random.default_rng(2)

    def spoil(samples: Stack) -> None:
        samples[:, :, 0] = random.normal(3000, 10, (FRAMES, ROWS))

    assert findings(spoil) == [("column", 0, LineDefect.SILENT)]


def test_half_a_column_interrupted_is_a_matter_of_pixels_not_of_the_column() -> None:
    random = np.random.default_rng(2)

    def spoil(samples: Stack) -> None:
        samples[:, :20, 5] = random.normal(3000, 10, (FRAMES, 20))

    assert findings(spoil) == []


@pytest.mark.parametrize("converter_noise", [0.0, 4.0])
def test_a_column_that_copies_the_one_before_is_found(converter_noise: float) -> None:
    random = np.random.default_rng(2)

    def spoil(samples: Stack) -> None:
        samples[:, :, 31] = samples[:, :, 30] + random.normal(0, converter_noise, (FRAMES, ROWS))

    short, long = stacks(spoil)
    (found,) = find_line_defects(short, long, 0)
    assert (found.axis, found.index, found.neighbour) == ("column", 31, 30)
    assert found.defect is LineDefect.COPY
    assert found.value > 0.8


def test_a_row_that_copies_the_one_before_is_found() -> None:
    def spoil(samples: Stack) -> None:
        samples[:, 63] = samples[:, 62]

    assert findings(spoil) == [("row", 63, LineDefect.COPY)]


def spread_stacks(spoil: Spoil = lambda signal: None) -> tuple[Stack, Stack]:
    """Exposures of a screen whose light spreads over more than a pixel before it is counted."""
    random = np.random.default_rng(1)
    result = []
    for level in (100.0, 4000.0):
        light = np.sqrt(level) * random.standard_normal((FRAMES, ROWS, COLUMNS))
        samples = 3000 + level + 20 * gaussian_filter(light, (0, 1.3, 1.3))
        samples += random.normal(0, 3, samples.shape)
        spoil(samples)
        result.append(np.rint(samples).astype(np.uint16))
    return result[0], result[1]


def test_light_that_spreads_makes_no_line_a_copy() -> None:
    assert find_line_defects(*spread_stacks(), 0) == []


def test_a_copy_is_found_though_light_spreads() -> None:
    def spoil(samples: Stack) -> None:
        samples[:, :, 31] = samples[:, :, 30]

    found = find_line_defects(*spread_stacks(spoil), 0)
    assert [(f.axis, f.index, f.defect) for f in found] == [("column", 31, LineDefect.COPY)]


def test_copies_are_found_however_many_they_are() -> None:
    def spoil(samples: Stack) -> None:
        for row in range(1, ROWS, 4):
            samples[:, row : row + 3] = samples[:, row - 1 : row]

    copies = [row for row in range(ROWS) if row % 4]
    assert findings(spoil) == [("row", row, LineDefect.COPY) for row in copies]


def test_a_copy_is_found_on_a_panel_of_one_row() -> None:
    random = np.random.default_rng(1)
    stack = random.normal(3000, 10, (2, FRAMES, 1, COLUMNS))
    stack[1] += 2000
    stack[..., 9] = stack[..., 8]
    short, long = np.rint(stack).astype(np.uint16)
    (found,) = find_line_defects(short, long, 0)
    assert (found.axis, found.index, found.defect) == ("column", 9, LineDefect.COPY)


@pytest.mark.parametrize("seed", range(5))
def test_few_samples_make_no_line_a_copy_by_chance(seed: int) -> None:
    random = np.random.default_rng(seed)
    short, long = np.rint(random.normal(3000, 10, (2, FRAMES, 1, 256))).astype(np.uint16)
    assert find_line_defects(short, long, 0, answers=False) == []


def test_a_single_pixel_is_no_copy() -> None:
    random = np.random.default_rng(1)
    short, long = (random.normal(level, 10, (FRAMES, 1, 1)) for level in (3000, 5000))
    assert find_line_defects(short.astype(np.uint16), long.astype(np.uint16), 0) == []


def test_two_gates_that_open_together_leave_the_second_row_empty() -> None:
    random = np.random.default_rng(2)

    def spoil(samples: Stack) -> None:
        samples[:, 40] += samples[:, 41] - 3000
        samples[:, 41] = random.normal(3000, 10, (FRAMES, COLUMNS))

    assert findings(spoil) == [("row", 41, LineDefect.SILENT)]


def test_several_defects_are_all_found() -> None:
    random = np.random.default_rng(2)

    def spoil(samples: Stack) -> None:
        for row in (1, 2, 60):
            samples[:, row] = random.normal(3000, 10, (FRAMES, COLUMNS))
        samples[:, :, 9] = 0
        samples[:, :, 20] = samples[:, :, 19]

    assert findings(spoil) == [
        ("row", 1, LineDefect.SILENT),
        ("row", 2, LineDefect.SILENT),
        ("row", 60, LineDefect.SILENT),
        ("column", 9, LineDefect.STUCK),
        ("column", 20, LineDefect.COPY),
    ]


def test_noisy_pixels_side_by_side_make_no_line_a_copy() -> None:
    random = np.random.default_rng(2)

    def spoil(samples: Stack) -> None:
        samples[:, 10, 5:8] += random.normal(0, 2000, (FRAMES, 1))

    assert findings(spoil) == []


def test_a_ring_that_does_not_image_is_not_asked_to() -> None:
    def spoil(samples: Stack) -> None:
        edge = np.ones((ROWS, COLUMNS), np.bool_)
        edge[1:-1, 1:-1] = False
        samples[:, edge] = 9000 + np.random.default_rng(3).normal(0, 10, (FRAMES, edge.sum()))

    assert findings(spoil, ring=1) == []
    assert len(findings(spoil, ring=0)) == 4


def test_a_panel_that_does_not_answer_at_all_is_said_to() -> None:
    short, long = stacks(response=0.0)
    assert panel_response(short, long, FULL_SCALE, 0)[0] is Response.WEAK


def test_without_an_answer_stuck_lines_and_copies_are_still_found() -> None:
    def spoil(samples: Stack) -> None:
        samples[:, 7] = 500
        samples[:, :, 20] = samples[:, :, 19]

    short, long = stacks(spoil, response=0.0)
    found = find_line_defects(short, long, 0, answers=False)
    assert [(f.index, f.defect) for f in found] == [(7, LineDefect.STUCK), (20, LineDefect.COPY)]


def test_a_saturated_panel_is_said_to_be() -> None:
    short, long = stacks(response=70_000.0)
    assert panel_response(short, long, FULL_SCALE, 0)[0] is Response.SATURATED


def test_a_panel_that_is_at_full_scale_at_any_exposure_is_saturated() -> None:
    random = np.random.default_rng(1)
    full = np.full((FRAMES, ROWS, COLUMNS), FULL_SCALE, np.uint16)
    full[:, :20] = random.integers(3000, 4000, (FRAMES, 20, COLUMNS))
    assert panel_response(full, full, FULL_SCALE, 0)[0] is Response.SATURATED


def test_a_few_hot_pixels_at_full_scale_are_no_saturation() -> None:
    def spoil(samples: Stack) -> None:
        samples[:, ::16, ::16] = FULL_SCALE

    short, long = stacks(spoil)
    assert panel_response(short, long, FULL_SCALE, 0)[0] is Response.CLEAR
    assert find_line_defects(short, long, 0) == []


def test_a_panel_that_is_stuck_everywhere_is_found_line_by_line() -> None:
    still = np.full((FRAMES, ROWS, COLUMNS), 77, np.uint16)
    found = find_line_defects(still, still, 0)
    assert len(found) == ROWS + COLUMNS
    assert {f.defect for f in found} == {LineDefect.STUCK}
    assert panel_response(still, still, FULL_SCALE, 0)[0] is Response.WEAK
