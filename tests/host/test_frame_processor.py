"""What frames of a stream have to do with the frames before them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from fpxi.frame_processor import CalibrationResolver, FrameProcessor
from fpxi_imaging import (
    Averaging,
    Calibration,
    CalibrationMismatchError,
    Conditions,
    DarkMap,
    LagModel,
    Processing,
    calibration_from_maps,
)
from fpxi_imaging.lag.errors import AveragedExposuresError
from fpxi_readout.frame import Frame, Sampling
from fpxi_readout.protocol.generated import FrameFlag

MakeFrame = Callable[..., Frame]
AT = Conditions("tiny", "SN-7", 2500, 1, -12345, 27301)


@pytest.fixture
def calibration() -> Calibration:
    """Darks of two exposures; what lies between them is interpolated."""
    made = calibration_from_maps(
        offset=np.full((6, 5), 100.0),
        gain=np.ones((6, 5)),
        defects=np.zeros((6, 5), np.bool_),
        not_imaging=np.zeros((6, 5), np.bool_),
        normalisation=1000.0,
        saturation_level=16383,
        dark_frames=50,
        flat_frames=50,
        conditions=AT,
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )
    noise = np.ones((6, 5), np.float32)
    darks = tuple(
        DarkMap(np.full((6, 5), mean, np.float32), noise, 50, at, made.created)
        for mean, at in ((100.0, AT), (300.0, replace(AT, exposure_us=12_500)))
    )
    return replace(made, darks=darks)


@pytest.fixture
def resolver(calibration: Calibration) -> CalibrationResolver:
    return CalibrationResolver(calibration, "tiny", "SN-7")


@pytest.fixture
def lagging(calibration: Calibration) -> CalibrationResolver:
    lag = LagModel(
        fractions=(0.3,),
        time_constants_s=(0.01,),
        covariance=np.zeros((2, 2)),
        residual=0.0,
        frames=30,
        first_s=0.001,
        last_s=0.1,
    )
    return CalibrationResolver(replace(calibration, lag=lag), "tiny", "SN-7")


def test_the_same_answer_is_the_same_object(
    resolver: CalibrationResolver, make_frame: MakeFrame
) -> None:
    first = resolver(make_frame(0))
    assert resolver(make_frame(1)) is first
    assert resolver(make_frame(2, temperature_mC=27_302)) is first
    between = resolver(make_frame(3, exposure_us=7500))
    assert between is not first
    assert resolver(make_frame(4)) is first


def test_what_is_interpolated_is_done_and_said_frame_by_frame(
    resolver: CalibrationResolver, make_frame: MakeFrame
) -> None:
    processor = FrameProcessor(Processing(), resolver)
    measured = processor.process(make_frame(0))
    between = processor.process(make_frame(1, exposure_us=7500))
    assert measured.notes == ()
    assert between.notes
    samples = make_frame(1).samples
    np.testing.assert_allclose(between.values, samples.astype(np.float32) - 200, atol=0.01)


def test_a_frame_that_nothing_corrects_is_refused_and_the_next_begins_anew(
    resolver: CalibrationResolver, make_frame: MakeFrame
) -> None:
    processor = FrameProcessor(Processing(averaging=Averaging.running(4)), resolver)
    processor.process(make_frame(0))
    with pytest.raises(CalibrationMismatchError, match="gain setting: "):
        processor.process(make_frame(1, gain_setting=0))
    assert processor.process(make_frame(2)).averaged_frames == 1


@pytest.mark.parametrize(
    "change",
    [
        {"exposure_us": 12_500},
        {"bias_mV": -12_340},
        {"flags": FrameFlag.PATTERN},
        {"timestamp_us": 5},
        {"number": 1},
    ],
    ids=str,
)
def test_state_begins_anew_where_frames_before_say_nothing(
    lagging: CalibrationResolver, make_frame: MakeFrame, change: dict[str, Any]
) -> None:
    processing = Processing(lag=True, averaging=Averaging.running(4))
    processor = FrameProcessor(processing, lagging)
    processor.process(make_frame(2))
    going_on = processor.process(make_frame(3))
    assert not going_on.anew
    assert (
        going_on.values != FrameProcessor(processing, lagging).process(make_frame(3)).values
    ).all()
    changed = replace(make_frame(4), **change)
    made = processor.process(changed)
    assert made.anew
    assert made.averaged_frames == 1
    alone = FrameProcessor(processing, lagging).process(changed)
    np.testing.assert_array_equal(made.values, alone.values)


def test_lag_ages_over_lost_frames_by_the_panel_s_clock(
    lagging: CalibrationResolver, make_frame: MakeFrame
) -> None:
    def dark_after_light(number: int, timestamp_us: int) -> float:
        """Return the lag that is taken from a dark frame."""
        processor = FrameProcessor(Processing(lag=True), lagging)
        processor.process(make_frame(0, samples=np.full((6, 5), 10_100, np.uint16)))
        dark = make_frame(
            number, samples=np.full((6, 5), 100, np.uint16), timestamp_us=timestamp_us
        )
        return -float(processor.process(dark).values[2, 2])

    begin_us = make_frame(0).timestamp_us
    soon = dark_after_light(1, begin_us + 2500)
    assert soon > 1000
    assert dark_after_light(9, begin_us + 2500) == soon, "numbers are not time"
    later = dark_after_light(9, begin_us + 22_500)
    assert later == pytest.approx(soon), "while frames are lost the exposure is taken to go on"


def test_lag_of_means_of_exposures_is_refused(
    lagging: CalibrationResolver, make_frame: MakeFrame
) -> None:
    means = make_frame(0, sampling=Sampling(averaged=4))
    with pytest.raises(AveragedExposuresError, match=r"mean of 4 exposures.*average_log2"):
        FrameProcessor(Processing(lag=True), lagging).process(means)
    assert FrameProcessor(Processing(), lagging).process(means).averaged_frames == 1


def test_an_average_begins_anew_where_the_panel_averages_otherwise(
    resolver: CalibrationResolver, make_frame: MakeFrame
) -> None:
    processor = FrameProcessor(Processing(averaging=Averaging.running(4)), resolver)
    processor.process(make_frame(2))
    made = processor.process(make_frame(3, sampling=Sampling(averaged=2)))
    assert (made.anew, made.averaged_frames) == (True, 1)
