"""Round bodies and wires in projection, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.plane import ImagePlane, Pose
from fpxi_hwsim.physics.object.solids import tube, turned, wires
from hypothesis import given
from hypothesis import strategies as st


def canvas(pose: Pose | None = None, pitch_um: float = 200.0) -> Canvas:
    plane = ImagePlane((64, 64), pitch_um)
    return Canvas(plane, 4, pose or Pose(), plane.field_mm)


def volume(thickness: np.ndarray, on: Canvas) -> float:
    return float(thickness.sum(dtype=np.float64)) * on.step_mm**2


@given(
    angle=st.floats(-180, 180),
    x=st.floats(-1, 1),
    y=st.floats(-1, 1),
    radius=st.floats(0.05, 1.5),
)
def test_a_rod_has_its_volume_however_it_lies(
    angle: float, x: float, y: float, radius: float
) -> None:
    on = canvas(Pose(angle, x, y))
    rod = turned(on, np.array([[-3, radius], [3, radius]]))
    assert volume(rod, on) == pytest.approx(6 * math.pi * radius**2, rel=5e-3)
    assert rod.max() <= 2 * radius * 1.001


def test_a_rod_is_its_chord_thick() -> None:
    on = canvas()
    rod = turned(on, np.array([[-3.0, 2.0], [3.0, 2.0]]))
    y = (np.arange(256) - 127.5) * on.step_mm
    expected = 2 * np.sqrt(np.maximum(4 - y**2, 0))
    inside = np.abs(y) < 1.9
    np.testing.assert_allclose(rod[inside, 128], expected[inside], rtol=2e-3)
    assert np.all(rod[np.abs(y) > 2.05] == 0)


def test_a_cone_and_a_tube_have_their_volumes() -> None:
    on = canvas(Pose(33))
    cone = turned(on, np.array([[-3.0, 2.0], [3.0, 0.0]]))
    assert volume(cone, on) == pytest.approx(math.pi * 4 * 6 / 3, rel=3e-3)
    wall = tube(on, (-3, 3), (2, 1.5), y=0.7)
    assert volume(wall, on) == pytest.approx(6 * math.pi * (4 - 2.25), rel=3e-3)


@given(
    radius=st.floats(0.005, 0.5),
    begin=st.tuples(st.floats(-4, 4), st.floats(-4, 4), st.floats(-4, 4)),
    end=st.tuples(st.floats(-4, 4), st.floats(-4, 4), st.floats(-4, 4)),
)
def test_a_wire_of_any_direction_has_its_volume(
    radius: float, begin: tuple[float, ...], end: tuple[float, ...]
) -> None:
    on = canvas()
    path = np.array([begin, end])
    drawn = wires(on, [path], radius)
    length = float(np.linalg.norm(path[1] - path[0]))
    assert volume(drawn, on) == pytest.approx(math.pi * radius**2 * length, rel=1e-5, abs=1e-12)


def test_a_wire_in_the_plane_has_the_chord_of_a_rod() -> None:
    on = canvas()
    drawn = wires(on, [np.array([[-9.0, 0, 0], [9.0, 0, 0]])], 0.4)
    rod = turned(on, np.array([[-9.0, 0.4], [9.0, 0.4]]))
    np.testing.assert_allclose(drawn[:, 100:150], rod[:, 100:150], atol=0.03)


def test_a_wire_that_leaves_the_field_keeps_what_is_inside() -> None:
    on = canvas()
    drawn = wires(on, [np.array([[-30.0, 2, 0], [30.0, 2, 0]])], 0.3)
    assert volume(drawn, on) == pytest.approx(math.pi * 0.09 * 12.8, rel=1e-3)
    assert drawn.argmax(axis=0).min() >= 160


def test_a_wire_beside_the_field_is_not_seen() -> None:
    assert not wires(canvas(), [np.array([[-9.0, 20, 0], [9.0, 20, 0]])], 0.3).any()


def test_a_wire_wider_than_memory_bears_is_refused_where_it_is_seen() -> None:
    on = canvas()
    wide = 3000 * on.step_mm
    for x, seen in ((0.0, True), (10 * wide, False)):
        path = np.array([[x, 0, 0], [x, 1, 0]])
        if seen:
            with pytest.raises(UnphysicalError, match="shorter object"):
                wires(on, [path], wide)
        else:
            assert not wires(on, [path], wide).any()
