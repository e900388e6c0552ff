"""What menus offer, and the parts of an object's text."""

from __future__ import annotations

import pytest
from fpxi_hwsim.physics.object import OBJECTS, ImagePlane, make_object
from fpxi_hwsim.physics.object.menu import (
    STILL,
    ObjectText,
    motion_choices,
    object_choices,
)

PLANE = ImagePlane((8, 8), 200.0)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("edge", ("edge", "", STILL, "")),
        ("edge:angle_deg=5,x_mm=1", ("edge", "angle_deg=5,x_mm=1", STILL, "")),
        ("edge@rotate", ("edge", "", "rotate", "")),
        ("edge:angle_deg=5@rotate:deg_s=9", ("edge", "angle_deg=5", "rotate", "deg_s=9")),
        ("image:path=a@b.png", ("image", "path=a@b.png", STILL, "")),
        ("C:\\pictures\\bird.png", ("C:\\pictures\\bird.png", "", STILL, "")),
        ("bird.png@scan:speed_mm_s=2", ("bird.png", "", "scan", "speed_mm_s=2")),
    ],
)
def test_a_text_is_taken_apart_and_joined(text: str, parts: tuple[str, str, str, str]) -> None:
    assert ObjectText.of(text) == ObjectText(*parts)
    assert str(ObjectText.of(text)) == text


def test_everything_on_the_menus_can_be_made() -> None:
    assert [choice.name for choice in object_choices()] == list(OBJECTS)
    for choice in object_choices():
        for motion in motion_choices():
            made = make_object(str(ObjectText(choice.name, motion=motion.name)), PLANE)
            assert made.moving or motion.name == STILL


def test_choices_are_described_and_name_their_keys() -> None:
    choices = {choice.name: choice for choice in (*object_choices(), *motion_choices())}
    assert all(choice.description for choice in choices.values())
    assert "angle_deg" in choices["edge"].keys
    assert choices["rotate"].keys == ("deg_s",)
