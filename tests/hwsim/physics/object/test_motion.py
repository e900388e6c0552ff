"""Objects that move: a pure function of time."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.object import ImagePlane, make_object
from fpxi_hwsim.physics.object.motion import Line, Motion, Raster, Rotate, Scan
from fpxi_hwsim.physics.object.plane import Pose
from hypothesis import given
from hypothesis import strategies as st

PLANE = ImagePlane((64, 64), 200.0)


def centre_mm(text: str, time_s: float) -> tuple[float, float]:
    """Where the middle of a square of letters lies, x and y."""
    coverage = make_object(text, PLANE).at(time_s).coverage
    assert coverage is not None
    place = (np.arange(128) - 63.5) * 0.1
    total = coverage.sum(dtype=np.float64)
    return (coverage.sum(axis=0) @ place / total, coverage.sum(axis=1) @ place / total)


@pytest.mark.parametrize(
    ("angle", "moved"), [(0, (1.5, 0)), (90, (0, -1.5)), (180, (-1.5, 0)), (-90, (0, 1.5))]
)
def test_a_scan_moves_at_its_speed_along_its_angle(angle: int, moved: tuple[float, float]) -> None:
    text = f"letters:text=H,size_mm=3@scan:speed_mm_s=3,angle_deg={angle}"
    begin, end = centre_mm(text, 0), centre_mm(text, 0.5)
    assert begin == pytest.approx((0, 0), abs=1e-3)
    assert end == pytest.approx(moved, abs=1e-3)


def test_without_a_motion_nothing_moves() -> None:
    assert not make_object("letters-caep", PLANE).moving
    assert Motion().pose(3.0, PLANE) == Pose()


def test_a_turned_object_is_the_object_at_that_angle() -> None:
    turned = make_object("letters-caep@rotate:deg_s=20", PLANE).at(1.75).coverage
    placed = make_object("letters-caep:angle_deg=35", PLANE).at(0).coverage
    np.testing.assert_allclose(turned, placed, atol=1e-5)


def test_turning_takes_a_shifted_object_about_the_middle_of_the_field() -> None:
    text = "letters:text=H,size_mm=2,x_mm=2@rotate:deg_s=90"
    assert centre_mm(text, 1) == pytest.approx((0, -2), abs=1e-3)


@given(
    time=st.floats(0, 1e4),
    motion=st.one_of(
        st.builds(Scan, speed_mm_s=st.floats(0.1, 100), range_mm=st.floats(1, 100)),
        st.builds(Line, speed_mm_s=st.floats(0.1, 100), range_mm=st.floats(1, 100)),
    ),
)
def test_scans_come_back_after_their_range(time: float, motion: Scan | Line) -> None:
    assert motion.range_mm is not None
    period = motion.range_mm / motion.speed_mm_s
    poses = [motion.pose(t, PLANE) for t in (time, time + period)]
    apart = abs(poses[1].x_mm - poses[0].x_mm) + abs(poses[1].y_mm - poses[0].y_mm)
    assert min(apart, abs(apart - motion.range_mm)) < 1e-6
    assert abs(poses[0].x_mm) + abs(poses[0].y_mm) <= motion.range_mm / 2 * (1 + 1e-9)


def test_a_turn_is_periodic() -> None:
    for time in (0.0, 3.2):
        poses = [Rotate(deg_s=30).pose(t, PLANE).angle_deg for t in (time, time + 12)]
        assert poses[0] == pytest.approx(poses[1])


def test_a_line_sees_the_object_from_its_upper_to_its_lower_end() -> None:
    plane = ImagePlane((1, 64), 200.0)
    line = Line(speed_mm_s=4)
    assert line.pose(0, plane).y_mm == pytest.approx(6.4)
    assert line.pose(1, plane).y_mm == pytest.approx(2.4)
    text = "letters:text=T@line:speed_mm_s=4"
    rows = [make_object(text, plane).at(0.05 * k + 0.025).coverage for k in range(64)]
    scanned = np.concatenate([row.mean(axis=0, keepdims=True) for row in rows if row is not None])
    still = make_object("letters:text=T", PLANE).at(0).coverage
    assert still is not None
    np.testing.assert_allclose(scanned, still.reshape(64, 2, 128).mean(axis=1), atol=1e-4)


@pytest.mark.parametrize("serpentine", [False, True])
def test_a_raster_under_one_pixel_is_the_picture_of_a_panel(serpentine: bool) -> None:
    pixel = ImagePlane((1, 1), 400.0)
    flag = "on" if serpentine else "off"
    text = f"letters-caep@raster:columns=16,rows=16,dwell_ms=10,serpentine={flag}"
    point = make_object(text, pixel)
    assert point.moving
    scanned = np.empty((16, 16))
    for k in range(256):
        row, column = divmod(k, 16)
        if serpentine and row % 2:
            column = 15 - column
        coverage = point.at((k + 0.5) * 0.01).coverage
        assert coverage is not None
        scanned[row, column] = coverage.mean()
    still = make_object("letters-caep", ImagePlane((16, 16), 400.0)).at(0).coverage
    assert still is not None
    expected = still.reshape(16, 2, 16, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(scanned, expected, atol=1e-4)


def test_a_raster_stays_during_a_dwell_and_at_its_end() -> None:
    raster = Raster(columns=3, rows=2, step_um=100, dwell_ms=10)
    places = [raster.pose(t, PLANE) for t in (0, 0.0099, 0.01, 0.02, 0.03, 0.05, 99)]
    assert [(place.x_mm, place.y_mm) for place in places] == [
        pytest.approx(expected)
        for expected in [
            (0.1, 0.05),
            (0.1, 0.05),
            (0, 0.05),
            (-0.1, 0.05),
            (0.1, -0.05),
            (-0.1, -0.05),
            (-0.1, -0.05),
        ]
    ]


def test_a_step_begins_with_its_dwell_however_that_is_rounded() -> None:
    raster = Raster(columns=1000, rows=1, step_um=1000, dwell_ms=0.7)
    for k in range(1000):
        assert raster.pose(k * 7 / 10_000, PLANE).x_mm == pytest.approx(499.5 - k)


def test_a_raster_steps_by_the_panel_or_as_told() -> None:
    array = ImagePlane((7, 11), 1000.0)
    assert Raster().steps_mm(array) == pytest.approx((7, 11))
    assert Raster(step_um=500).steps_mm(array) == pytest.approx((0.5, 0.5))
    assert Raster(step_x_um=500, step_y_um=250).steps_mm(array) == pytest.approx((0.25, 0.5))
    assert Raster(columns=2, rows=3).extent_mm(array) == pytest.approx((21, 22))


@pytest.mark.parametrize(
    "motion",
    [
        "scan:speed_mm_s=inf",
        "scan:speed_mm_s=1e308",
        "scan:speed_mm_s=-1e308",
        "scan:angle_deg=nan",
        "scan:range_mm=0",
        "line:speed_mm_s=-1",
        "line:range_mm=0",
        "line:speed_mm_s=1e308",
        "rotate:deg_s=inf",
        "rotate:deg_s=-1e308",
        "rotate:deg_s=1e308",
        "raster:columns=0",
        "raster:columns=10001",
        "raster:rows=10001",
        "raster:rows=0",
        "raster:step_um=0",
        "raster:step_x_um=-1",
        "raster:step_y_um=0",
        "raster:dwell_ms=0",
        "raster:dwell_ms=1e-320",
        "raster:dwell_ms=1e300",
    ],
)
def test_motions_that_cannot_be_are_refused(motion: str) -> None:
    with pytest.raises(UnphysicalError):
        make_object(f"none@{motion}", PLANE)
