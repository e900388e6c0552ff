"""All objects by name, and their making from text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fpxi_hwsim.errors import ObjectError
from fpxi_hwsim.physics.object.adapter import Adapter
from fpxi_hwsim.physics.object.baggage import Baggage
from fpxi_hwsim.physics.object.casting import Casting
from fpxi_hwsim.physics.object.grammar import read_settings
from fpxi_hwsim.physics.object.joint import Joint
from fpxi_hwsim.physics.object.letters import Letters
from fpxi_hwsim.physics.object.motion import MOTIONS, Motion
from fpxi_hwsim.physics.object.pen import Pen
from fpxi_hwsim.physics.object.picture import Picture
from fpxi_hwsim.physics.object.plane import ImagePlane
from fpxi_hwsim.physics.object.plates import Bars, Disks, Edge, Slab, Wedge
from fpxi_hwsim.physics.object.scene_object import PlacedObject, SceneObject
from fpxi_hwsim.physics.object.thing import Thing


@dataclass(frozen=True, slots=True)
class Entry:
    """A kind of thing, what its text need not say, and a line for menus."""

    kind: type[Thing]
    description: str
    preset: dict[str, Any] = field(default_factory=dict)


CATALOGUE: dict[str, Entry] = {
    "none": Entry(Thing, "air"),
    "uniform": Entry(Thing, "air: a flat field"),
    "letters-caep": Entry(Letters, "steel letters C, A, E, P", {"text": "CAEP"}),
    "letters-hust": Entry(Letters, "steel letters H, U, S, T", {"text": "HUST"}),
    "letters": Entry(Letters, "any text in sheet metal"),
    "edge": Entry(Edge, "slanted edge of a tungsten plate"),
    "bars": Entry(Bars, "lead bars of one or several frequencies"),
    "wedge": Entry(Wedge, "aluminium step wedge"),
    "disks": Entry(Disks, "contrast-detail holes: depths by diameters"),
    "slab": Entry(Slab, "flat plate of a material"),
    "pen": Entry(Pen, "ball-point pen: spring, refill, brass tip"),
    "adapter": Entry(Adapter, "data-cable adapter: conductors, circuit board, connector"),
    "casting": Entry(Casting, "aluminium casting with cavities and a crack"),
    "baggage": Entry(Baggage, "a bag: bottle, scissors, telephone, keys"),
    "joint": Entry(Joint, "bending finger joint, at video rate"),
}
IMAGE = "image"
OBJECTS: dict[str, str] = {name: entry.description for name, entry in CATALOGUE.items()}
"""names that need no more text, each with a line for menus"""


def make_object(text: str, plane: ImagePlane) -> SceneObject:
    """Make the object that a text describes, as the panel sees it.

    The text is `name:key=value,...`, the path of an image, or
    `image:path=...,material=steel,thickness_mm=2`; `@motion:key=value,...` may follow.

    Raises
    ------
    ObjectError
        There is no such object or motion, or a file is no readable image.
    UnknownKeyError, BadValueError, UnphysicalError, UnknownMaterialError
        A key or its value is not possible.

    """
    thing, at, motion = text.rpartition("@")
    if not at or Path(text).is_file():
        thing, motion = text, ""
    return PlacedObject(text, _read_thing(thing), _read_motion(text, motion), plane)


def _read_thing(text: str) -> Thing:
    name, _, settings = text.partition(":")
    if name in CATALOGUE:
        entry = CATALOGUE[name]
        return read_settings(entry.kind, settings, entry.preset)
    if name == IMAGE:
        return read_settings(Picture, settings)
    if not Path(text).is_file():
        raise ObjectError(text, "no such object and no such file", (*OBJECTS, IMAGE))
    return Picture(path=text)


def _read_motion(text: str, motion: str) -> Motion:
    name, _, settings = motion.partition(":")
    if not name:
        return Motion()
    if name not in MOTIONS:
        raise ObjectError(text, f"no motion @{name}, only @{', @'.join(MOTIONS)}", OBJECTS)
    return read_settings(MOTIONS[name], settings)
