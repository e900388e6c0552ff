"""Letters, pen, adapter, casting, baggage, joint: what must be seen in them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fpxi_hwsim.errors import BadValueError, UnphysicalError
from fpxi_hwsim.physics.object import ImagePlane, make_object
from fpxi_hwsim.physics.object.glyphs import STROKES
from fpxi_hwsim.physics.object.joint import Joint
from fpxi_hwsim.physics.object.pen import SPRING_RADIUS, WIRE_RADIUS, spring

PLANE = ImagePlane((64, 64), 200.0)


def letters(text: str) -> np.ndarray:
    coverage = make_object(text, PLANE).at(0).coverage
    assert coverage is not None
    return coverage


@pytest.mark.parametrize("name", ["letters-caep", "letters-hust"])
def test_letters_show_steel_in_each_quarter_and_air_between_them(name: str) -> None:
    covered = letters(name)
    quarters = [part for half in np.split(covered, 2) for part in np.split(half, 2, axis=1)]
    for quarter in quarters:
        assert quarter.max() == 1
        assert 0.1 < quarter.mean() < 0.5
        assert not quarter[:2].any()
    assert all(not np.array_equal(quarters[0], other) for other in quarters[1:])


def test_a_letter_has_its_size_and_the_area_of_its_strokes() -> None:
    covered = letters("letters:text=H,size_mm=3,x_mm=1,y_mm=-0.5")
    rows, columns = np.nonzero(covered.any(axis=1))[0], np.nonzero(covered.any(axis=0))[0]
    assert np.ptp(rows) * 0.1 == pytest.approx(3, abs=0.2)
    assert np.ptp(columns) * 0.1 == pytest.approx(3 * 0.87, abs=0.2)
    assert (rows.mean() - 63.5) * 0.1 == pytest.approx(-0.5, abs=0.06)
    assert (columns.mean() - 63.5) * 0.1 == pytest.approx(1, abs=0.06)
    area_mm2 = covered.sum(dtype=np.float64) * 0.01
    assert area_mm2 == pytest.approx(9 * (2 * 0.17 + 0.17 * (0.7 - 0.17)), rel=1e-3)


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_a_right_turn_of_letters_is_a_turn_of_their_picture(turn: int) -> None:
    turned = letters(f"letters-caep:angle_deg={turn}")
    np.testing.assert_allclose(turned, np.rot90(letters("letters-caep"), turn // 90), atol=1e-5)


def test_letters_cover_the_same_area_at_every_angle() -> None:
    areas = [
        letters(f"letters:text=HUST,size_mm=3,angle_deg={angle}").sum(dtype=np.float64)
        for angle in (0, 7, 33, 71)
    ]
    np.testing.assert_allclose(areas, areas[0], rtol=2e-3)


def test_no_two_letters_look_the_same() -> None:
    drawn = [letters(f"letters:text={letter},size_mm=8") for letter in STROKES if letter != " "]
    for index, one in enumerate(drawn):
        assert one.max() == 1
        for other in drawn[:index]:
            assert np.abs(one - other).sum() > 0.04 * one.sum()


def test_letters_are_placed_in_rows() -> None:
    line = letters("letters:text=C-1 H,columns=5")
    assert not line[:40].any()
    assert not line[88:].any()


@pytest.mark.parametrize("text", ["", " ", "HÜ", "a_b"])
def test_letters_that_cannot_be_drawn_are_refused(text: str) -> None:
    with pytest.raises(BadValueError):
        make_object(f"letters:text={text}", PLANE)


def test_a_spring_is_a_helix_of_its_radius_whose_wire_has_its_volume() -> None:
    path = spring()
    np.testing.assert_allclose(np.hypot(path[:, 1], path[:, 2]), SPRING_RADIUS)
    plane = ImagePlane((64, 64), 600.0)  # 38.4 mm: all of the pen is seen
    maps = make_object("pen:length_mm=29", plane).at(0)
    wire_mm = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    steel_mm3 = maps.thickness_cm["steel"].sum(dtype=np.float64) * 10 * 0.6**2
    steel_mm3 /= maps.oversampling**2
    assert steel_mm3 == pytest.approx(wire_mm * math.pi * WIRE_RADIUS**2, rel=1e-4)


def test_the_coils_of_a_pens_spring_are_seen_one_by_one() -> None:
    maps = make_object("pen:angle_deg=0", PLANE).at(0)
    steel = maps.thickness_cm["steel"]
    middle = steel[steel.shape[0] // 2 - 8]
    crossings = int((np.diff((middle > 0.3 * middle.max()).astype(int)) == 1).sum())
    assert crossings >= 8


@pytest.mark.parametrize(
    ("name", "materials"),
    [
        ("pen", {"ABS", "polypropylene", "water", "brass", "steel", "tungsten"}),
        (
            "adapter",
            {"ABS", "PVC", "copper", "solder", "glass", "steel", "alumina", "silicon", "PMMA"},
        ),
        ("casting", {"aluminium", "steel"}),
        (
            "baggage",
            {"polyethylene", "brass", "water", "steel", "ABS", "aluminium", "copper", "glass"},
        ),
        ("joint", {"bone", "soft-tissue"}),
    ],
)
@pytest.mark.parametrize("pitch", [200.0, 75.0])
def test_compound_objects_fill_every_field_alike(
    name: str, materials: set[str], pitch: float
) -> None:
    seen = make_object(name, PLANE).at(0).thickness_cm
    scaled = make_object(name, ImagePlane((64, 64), pitch)).at(0).thickness_cm
    assert set(seen) == materials
    for material, thickness in seen.items():
        assert thickness.any()
        np.testing.assert_allclose(
            scaled[material] * (200 / pitch), thickness, atol=2e-3 * thickness.max()
        )


def test_an_explicit_size_wins_over_the_field() -> None:
    for text in (
        "pen:length_mm=6",
        "adapter:length_mm=6",
        "casting:size_mm=6",
        "baggage:size_mm=6",
    ):
        small = make_object(text, PLANE).at(0).thickness_cm
        rows, columns = np.nonzero(sum(small.values()) > 1e-4)
        step = 12.8 / next(iter(small.values())).shape[0]
        assert np.hypot(np.ptp(rows), np.ptp(columns)) * step < 9


def test_a_castings_cavities_and_bores_are_thinner_than_its_plate() -> None:
    aluminium = make_object("casting:angle_deg=0", PLANE).at(0).thickness_cm["aluminium"]
    scale = 12.8 / 40
    place = lambda x, y: tuple(round((v / 40 + 0.5) * len(aluminium)) for v in (y, x))  # noqa: E731
    assert aluminium[place(8, -11)] == pytest.approx(0.4 * scale, rel=1e-3)
    assert aluminium[place(13, 13)] == 0
    assert aluminium[place(9.2, -3)] < 0.4 * scale - 0.15 * scale
    assert aluminium.min() == 0


def test_a_joint_bends_and_comes_back() -> None:
    joint = make_object("joint:bend_deg=60,period_s=0.8", PLANE)
    assert joint.moving
    straight, bent = joint.at(0).thickness_cm["bone"], joint.at(0.4).thickness_cm["bone"]
    np.testing.assert_allclose(joint.at(0.8).thickness_cm["bone"], straight, atol=1e-6)
    assert np.abs(bent - straight).max() > 0.3 * straight.max()
    assert Joint(bend_deg=60, period_s=0.8).bend_at(0.4) == pytest.approx(60)


@pytest.mark.parametrize(
    "text",
    [
        "letters:size_mm=0",
        "letters:columns=0",
        "letters:thickness_mm=-1",
        "pen:length_mm=0",
        "adapter:length_mm=-3",
        "pen:length_mm=301",
        "adapter:length_mm=301",
        "letters:size_mm=1e5",
        "letters:x_mm=1e5",
        "letters:y_mm=-1e5",
        "edge:offset_mm=1e5",
        "casting:size_mm=0",
        "baggage:size_mm=nan",
        "joint:bend_deg=111",
        "joint:bend_deg=-1",
        "joint:period_s=0",
        "joint:period_s=1e-320",
        "letters:thickness_mm=1e39",
        "joint:length_mm=0",
    ],
)
def test_what_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UnphysicalError):
        make_object(text, PLANE)
