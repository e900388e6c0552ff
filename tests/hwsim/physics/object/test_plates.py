"""Edge, bars, wedge, disks, slab: areas and thicknesses against closed forms."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.object import ImagePlane, ThicknessMaps, make_object
from hypothesis import given
from hypothesis import strategies as st

PLANE = ImagePlane((64, 64), 200.0)


def maps_of(text: str, plane: ImagePlane = PLANE) -> ThicknessMaps:
    return make_object(text, plane).at(0)


def coverage_of(text: str, plane: ImagePlane = PLANE) -> npt.NDArray[np.float64]:
    coverage = maps_of(text, plane).coverage
    assert coverage is not None
    return coverage.astype(np.float64)


def mean_mm(text: str, material: str) -> float:
    return float(maps_of(text).thickness_cm[material].mean(dtype=np.float64)) * 10


def test_the_edge_has_its_angle_and_passes_through_the_centre() -> None:
    columns = coverage_of("edge").sum(axis=1) / 2  # pixels of 200 um
    slope, middle = np.polyfit((np.arange(128) - 63.5) / 2, columns, 1)
    assert math.degrees(math.atan(slope)) == pytest.approx(3, abs=1e-4)
    assert middle == pytest.approx(32, abs=1e-4)


@given(angle=st.floats(-44, 44), offset=st.floats(-2, 2), magnification=st.floats(1, 3))
def test_an_edge_of_any_angle_lies_within_a_thousandth_of_a_pixel(
    angle: float, offset: float, magnification: float
) -> None:
    plane = ImagePlane((64, 64), 200.0, magnification=magnification)
    text = f"edge:angle_deg={angle!r},offset_mm={offset / magnification!r}"
    columns = coverage_of(text, plane)[32:96].sum(axis=1) / 2
    y = (np.arange(32, 96) - 63.5) / 2
    radians = math.radians(angle)
    expected = 32 + offset / 0.2 / math.cos(radians) + y * math.tan(radians)
    inside = (expected > 1) & (expected < 63)
    np.testing.assert_allclose(columns[inside], expected[inside], atol=1e-3)


def test_a_plate_reaches_over_the_field_however_far_it_is_shifted() -> None:
    assert coverage_of("edge:x_mm=9000,y_mm=-9000").min() == 1
    assert coverage_of("edge:x_mm=-9000").max() == 0


def test_an_edge_is_one_plate_of_tungsten() -> None:
    maps = maps_of("edge:thickness_mm=2")
    np.testing.assert_allclose(maps.thickness_cm["tungsten"], [[0.2]])
    assert maps.oversampling == 2


@pytest.mark.parametrize("frequency", [0.7, 1.0, 2.2])
def test_bars_have_their_frequency_and_half_the_area(frequency: float) -> None:
    covered = coverage_of(f"bars:lp_mm={frequency}")
    assert covered.mean() == pytest.approx(0.5, abs=0.03)
    x = (np.arange(128) - 63.5) * 0.1
    tried = np.linspace(0.5 * frequency, 1.5 * frequency, 2001)
    window = np.hanning(128)
    power = np.abs(np.exp(-2j * np.pi * tried[:, None] * x) @ (window * (covered[0] - 0.5)))
    assert tried[power.argmax()] == pytest.approx(frequency, rel=2e-3)


def test_turned_bars_cover_as_much_as_straight_ones() -> None:
    for angle in (15, 45, 90, 133):
        covered = coverage_of(f"bars:lp_mm=1.25,angle_deg={angle}")
        assert covered.mean() == pytest.approx(0.5, abs=0.02)


def test_several_frequencies_have_a_strip_each() -> None:
    covered = coverage_of("bars:lp_mm=0.5/1/2")
    strips = [covered[round(row)] for row in (64 - 43, 60, 64 + 35)]
    rises = [int((np.diff(strip) > 0.2).sum()) for strip in strips]
    assert rises[0] < rises[1] < rises[2]


def test_a_wedge_rises_by_equal_steps() -> None:
    wedge = maps_of("wedge:steps=5,step_mm=1.5,width_mm=10,height_mm=6")
    row = wedge.thickness_cm["aluminium"][wedge.shape[0] // 2] * 10
    seen = [row[round((6.4 + 2 * (i - 2)) / 12.8 * len(row))] for i in range(5)]
    np.testing.assert_allclose(seen, 1.5 * np.arange(1, 6), rtol=1e-5)
    mean = mean_mm("wedge:steps=5,step_mm=1.5,width_mm=10,height_mm=6", "aluminium")
    assert mean == pytest.approx(4.5 * 60 / 12.8**2, rel=1e-5)


def test_holes_of_a_contrast_detail_plate_lack_their_volume() -> None:
    text = "disks:rows=3,columns=4,deepest_mm=4,shallowest_mm=1,largest_mm=2,smallest_mm=0.25"
    holes = sum(depth * math.pi / 4 * d**2 for depth in (4, 2, 1) for d in np.geomspace(2, 0.25, 4))
    for turned in ("", ",angle_deg=8"):
        assert mean_mm(text + turned, "PMMA") == pytest.approx(10 - holes / 12.8**2, rel=1e-5)


def test_a_slab_is_one_thickness() -> None:
    maps = maps_of("slab:material=copper,thickness_mm=0.5")
    np.testing.assert_allclose(maps.thickness_cm["copper"], [[0.05]])
    assert maps.coverage is None


@pytest.mark.parametrize(
    "text",
    [
        "edge:thickness_mm=-1",
        "edge:angle_deg=nan",
        "edge:offset_mm=inf",
        "edge:x_mm=inf",
        "edge:y_mm=nan",
        "slab:thickness_mm=-0.1",
        "slab:thickness_mm=1e5",
        "edge:thickness_mm=1e39",
        "bars:thickness_mm=1e39",
        "wedge:step_mm=1e38",
        "disks:plate_mm=1e39",
        "bars:lp_mm=0",
        "bars:lp_mm=1e-320",
        "bars:lp_mm=1/-2",
        "bars:thickness_mm=-1",
        "wedge:steps=0",
        "wedge:step_mm=-1",
        "wedge:width_mm=0",
        "wedge:height_mm=-2",
        "disks:rows=0",
        "disks:columns=21",
        "disks:plate_mm=0",
        "disks:deepest_mm=11",
        "disks:shallowest_mm=9",
        "disks:largest_mm=0",
        "disks:smallest_mm=-1",
    ],
)
def test_what_cannot_be_made_is_refused(text: str) -> None:
    with pytest.raises(UnphysicalError):
        make_object(text, PLANE)


def test_more_bars_than_can_be_drawn_are_refused() -> None:
    for text in ("bars:lp_mm=1e6", "bars:lp_mm=1/1e6"):
        with pytest.raises(UnphysicalError, match="number of bars"):
            maps_of(text)
