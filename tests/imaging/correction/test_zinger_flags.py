"""How long a pixel stays flagged after a zinger was replaced in it."""

from collections.abc import Callable
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging import PixelFlag as F

Calibrate = Callable[..., im.ResolvedCalibration]
QUIET, HIT = 1000, 9000
THERE, LOST = np.ones(1, bool), np.zeros(1, bool)


def corrector(calibration: im.ResolvedCalibration, averaging: im.Averaging) -> im.Corrector:
    return im.Corrector(calibration, im.Processing(zinger_sigma=6, averaging=averaging))


def one_pixel(make_resolved: Calibrate, averaging: im.Averaging) -> im.Corrector:
    return corrector(make_resolved((1, 1), dark_noise=3.0, noise_per_count=1.0), averaging)


def flag(corrector: im.Corrector, count: int, received: Any = THERE) -> int:
    """Return the flags after one more frame."""
    out, flags = np.empty((1, 1), np.float32), np.empty((1, 1), np.uint8)
    corrector.correct(np.full((1, 1), count, np.uint16), received, out=out, flags=flags)
    return int(flags[0, 0])


@pytest.mark.parametrize(
    ("averaging", "weighs"),
    [
        (im.NO_AVERAGING, 1),
        (im.Averaging.running(3), 3),
        (im.Averaging.running(70), 70),  # in double precision
        (im.Averaging.median(5), 5),
        (im.Averaging.recursive(2), 10),
        (im.Averaging.recursive(2, 3.0), 10),
        (im.Averaging.recursive(65), 325),
    ],
    ids=str,
)
def test_a_zinger_is_flagged_as_long_as_its_frame_weighs(
    averaging: im.Averaging, weighs: int, make_resolved: Calibrate
) -> None:
    one = one_pixel(make_resolved, averaging)
    assert [flag(one, QUIET) for _ in range(2)] == [0, 0]
    assert flag(one, HIT) == F.ZINGER
    after = [flag(one, QUIET) for _ in range(weighs)]
    assert after == [F.ZINGER] * (weighs - 1) + [0]


@pytest.mark.parametrize("place", range(1, 4))
def test_a_block_is_flagged_wherever_in_it_the_zinger_was_and_the_next_is_not(
    place: int, make_resolved: Calibrate
) -> None:
    one = one_pixel(make_resolved, im.Averaging.block(4))
    counts = [QUIET] * 12
    counts[4 + place] = HIT
    ends = [flag(one, count) for count in counts][3::4]
    assert ends == [0, F.ZINGER, 0]


@pytest.mark.parametrize(
    "averaging",
    [
        im.Averaging.block(8),
        im.Averaging.running(8),
        im.Averaging.running(80),
        im.Averaging.median(8),
        im.Averaging.recursive(8, 3.0),
    ],
    ids=str,
)
def test_a_row_that_did_not_come_keeps_the_flag_and_uses_none_of_its_time(
    averaging: im.Averaging, make_resolved: Calibrate
) -> None:
    one = one_pixel(make_resolved, averaging)
    for count in (QUIET, QUIET, HIT):
        flag(one, count)
    assert flag(one, 7, LOST) == F.ZINGER
    held = averaging.hold_frames
    if averaging.mode is not im.AveragingMode.BLOCK:
        assert [flag(one, QUIET) for _ in range(held)] == [F.ZINGER] * (held - 1) + [0]


def test_an_average_that_begins_anew_forgets_the_flag(make_resolved: Calibrate) -> None:
    one = one_pixel(make_resolved, im.Averaging.recursive(8))
    for count in (QUIET, QUIET, HIT):
        flag(one, count)
    one.reset_average()
    assert flag(one, QUIET) == 0


def test_where_the_image_moves_older_zingers_are_forgotten(make_resolved: Calibrate) -> None:
    one = one_pixel(make_resolved, im.Averaging.recursive(8, 3.0))
    for count in (QUIET, QUIET, HIT, QUIET):
        assert flag(one, count) == (F.ZINGER if count == HIT or one.averaged_frames > 3 else 0)
    assert flag(one, 100) == 0  # a fall passes at once


def test_a_zinger_and_a_saturated_count_are_flagged_each_for_its_own_time(
    make_resolved: Calibrate,
) -> None:
    calibration = make_resolved((1, 1), dark_noise=3.0, noise_per_count=1.0, saturation_level=QUIET)
    one = corrector(calibration, im.Averaging.running(3))
    counts = [QUIET, QUIET - 1, HIT, QUIET - 1, QUIET - 1, QUIET - 1]
    both = F.SATURATED | F.ZINGER
    assert [flag(one, count) for count in counts] == [
        F.SATURATED,
        F.SATURATED,
        both,
        F.ZINGER,
        F.ZINGER,
        0,
    ]
