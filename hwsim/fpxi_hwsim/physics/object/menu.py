"""What menus of objects and motions offer, and the text of an object in its parts."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, fields

from fpxi_hwsim.physics.object.catalogue import CATALOGUE, IMAGE
from fpxi_hwsim.physics.object.motion import MOTIONS

STILL = ""
"""the motion of an object that stays where it is"""
_MOTION = re.compile(f"@({'|'.join(MOTIONS)})(?::(.*))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Choice:
    """An object or a motion."""

    name: str
    description: str
    keys: tuple[str, ...]
    """what its text may set, as key=value"""


def object_choices() -> list[Choice]:
    """Return the objects that need no file."""
    return [
        Choice(name, entry.description, tuple(field.name for field in fields(entry.kind)))
        for name, entry in CATALOGUE.items()
    ]


def motion_choices() -> list[Choice]:
    """Return the ways to move an object, `STILL` first."""
    still = Choice(STILL, "The object stays where it is.", ())
    moving = [
        Choice(name, _first_line(kind), tuple(field.name for field in fields(kind)))
        for name, kind in MOTIONS.items()
    ]
    return [still, *moving]


@dataclass(frozen=True, slots=True)
class ObjectText:
    """The text `name:settings@motion:motion_settings` in its parts; `str` joins them."""

    name: str
    """of an object, or the path of an image"""
    settings: str = ""
    motion: str = STILL
    motion_settings: str = ""

    @classmethod
    def of(cls, text: str) -> ObjectText:
        """Take a text apart; what is no object's name is taken for a path, colons and all."""
        moved = _MOTION.search(text)
        motion, motion_settings = (moved[1], moved[2] or "") if moved else (STILL, "")
        thing = text[: moved.start()] if moved else text
        name, _, settings = thing.partition(":")
        if name not in (*CATALOGUE, IMAGE):
            name, settings = thing, ""
        return cls(name, settings, motion, motion_settings)

    def __str__(self) -> str:
        text = f"{self.name}:{self.settings}" if self.settings else self.name
        if self.motion == STILL:
            return text
        motion = f"@{self.motion}"
        return f"{text}{motion}:{self.motion_settings}" if self.motion_settings else text + motion


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0]
