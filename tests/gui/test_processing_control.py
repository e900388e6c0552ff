"""Choosing what is done to frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fpxi_gui.processing_control import MOTION_SIGMA, ZINGER_SIGMA, AveragingWay
from fpxi_imaging import Averaging, AveragingMode, LagModel, Orientation, Processing, Scale
from fpxi_imaging.correction.turning import turned
from fpxi_imaging.defects.defect_map import DefectClass, DefectMap
from fpxi_readout.frame import Sampling


def test_each_choice_changes_its_step_alone(rig: Any) -> None:
    control = rig.controller.processing
    control.set_processing(Processing(averaging=Averaging.block(3), scale=Scale.TRANSMISSION))
    control.set_averaging(AveragingWay(AveragingMode.RUNNING), 12)
    control.set_zingers(True)
    control.set_repair(False)
    control.set_lag(True)
    control.set_scale(Scale.ATTENUATION)
    assert rig.session.pipeline.settings.processing == Processing(
        lag=True,
        zinger_sigma=ZINGER_SIGMA,
        averaging=Averaging.running(12),
        repair=False,
        scale=Scale.ATTENUATION,
    )
    control.set_averaging(AveragingWay(AveragingMode.RECURSIVE, follows_motion=True), 500)
    assert control.processing.averaging == Averaging.recursive(64, MOTION_SIGMA)
    control.set_processing(Processing(averaging=Averaging.recursive(8, motion_sigma=3.5)))
    control.set_averaging(AveragingWay(AveragingMode.RECURSIVE, follows_motion=True), 9)
    assert control.processing.averaging == Averaging.recursive(9, motion_sigma=3.5)
    control.set_averaging(AveragingWay(AveragingMode.NONE), 12)
    control.set_zingers(False)
    assert control.processing.averaging == Averaging()
    assert control.processing.zinger_sigma is None


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
@pytest.mark.parametrize("before", [(False, False), (True, False), (True, True)])
def test_the_picture_is_turned_as_it_is_seen(
    rig: Any, angle: int, before: tuple[bool, bool]
) -> None:
    image = np.arange(6).reshape(2, 3)
    control = rig.controller.processing
    begin = Processing(orientation=Orientation(*before, angle))
    seen = turned(image, begin.orientation)
    for act, expected in (
        (control.flip_rows, seen[::-1]),
        (control.flip_columns, seen[:, ::-1]),
        (control.rotate, np.rot90(seen)),
    ):
        control.set_processing(begin)
        act()
        shown = turned(image, control.processing.orientation)
        np.testing.assert_array_equal(shown, expected)


def test_lag_can_be_chosen_where_the_calibration_knows_it(rig: Any, calibration: Any) -> None:
    assert not rig.controller.tick().processing.lag_known
    rig.session.pipeline.configure(calibration=calibration)
    assert not rig.controller.tick().processing.lag_known
    lag = LagModel(
        fractions=(0.1,),
        time_constants_s=(0.1,),
        covariance=np.zeros((2, 2)),
        residual=0.0,
        frames=30,
        first_s=0.01,
        last_s=1.0,
    )
    rig.session.pipeline.configure(calibration=replace(calibration, lag=lag))
    assert rig.controller.tick().processing.lag_known


def test_another_scale_gets_levels_of_its_own(rig: Any, ramp: Any) -> None:
    rig.session.deliver(ramp, values=ramp.astype(np.float32))
    rig.controller.tick()
    rig.controller.display.set_levels(100.0, 2000.0)
    assert rig.controller.tick().picture.levels == (100.0, 2000.0)
    values = (ramp / 5000).astype(np.float32)
    rig.session.deliver(ramp, values=values, processing=Processing(scale=Scale.TRANSMISSION))
    state = rig.controller.tick()
    assert state.display.auto_levels
    assert state.display.scale is Scale.TRANSMISSION
    assert state.picture.levels[1] < 1.1


def test_the_cursor_reads_the_frame_s_own_pixel_of_a_turned_picture(rig: Any, ramp: Any) -> None:
    values = ramp.astype(np.float32) / 4
    turn = Processing(orientation=Orientation(flip_rows=True, rotate_deg=90))
    rig.session.deliver(ramp, values=values, processing=turn)
    rig.controller.display.cursor = (2, 7)
    cursor = rig.controller.tick().cursor
    assert (cursor.row, cursor.column, cursor.raw, cursor.value) == (2, 7, 2007, 501.75)


def test_the_cursor_tells_the_classes_of_a_defect(rig: Any, ramp: Any, calibration: Any) -> None:
    classes = np.zeros(calibration.shape, np.uint16)
    classes[3, 5] = DefectClass.DEAD | DefectClass.CLUSTER
    with_defects = replace(calibration, defects=DefectMap(classes))
    rig.session.pipeline.configure(calibration=with_defects, corrected=True)
    part = ramp[2:5, 4:7].copy()
    sampling = Sampling(first_row=2, first_column=4)
    rig.session.deliver(part, values=part.astype(np.float32), sampling=sampling)
    rig.controller.display.cursor = (1, 1)
    cursor = rig.controller.tick().cursor
    assert (cursor.row, cursor.column) == (3, 5)
    assert cursor.defect == DefectClass.DEAD | DefectClass.CLUSTER
    rig.session.deliver(part, sampling=sampling)
    assert not rig.controller.tick().cursor.defect, "a raw picture shows what the pixel said"


def test_what_was_interpolated_is_passed_on(rig: Any, ramp: Any) -> None:
    rig.session.deliver(ramp, values=ramp.astype(np.float32), notes=("offset interpolated",))
    assert rig.controller.tick().correction.notes == ("offset interpolated",)
