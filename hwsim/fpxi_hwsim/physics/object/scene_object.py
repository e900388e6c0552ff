"""An object in the beam: a thing, its motion, and the plane it is seen in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.motion import Motion
from fpxi_hwsim.physics.object.plane import ImagePlane, oversampling_of
from fpxi_hwsim.physics.object.thing import Thing


class SceneObject(Protocol):
    """What the beam passes on its way to the panel."""

    @property
    def name(self) -> str:
        """The text it was made from."""

    @property
    def moving(self) -> bool:
        """Whether `at` depends on the time."""

    def at(self, time_s: float) -> ThicknessMaps:
        """Return its maps at a time: always the same at the same time."""


@dataclass(frozen=True, slots=True)
class PlacedObject:
    """A thing moved before a panel."""

    name: str
    thing: Thing
    motion: Motion
    plane: ImagePlane

    @property
    def moving(self) -> bool:
        """Whether the thing moves, or moves within itself."""
        return self.thing.moves or type(self.motion) is not Motion

    def at(self, time_s: float) -> ThicknessMaps:
        """Return the maps at a time."""
        return self.thing.draw(
            Canvas(
                plane=self.plane,
                oversampling=oversampling_of(
                    self.plane.shape,
                    moving=self.moving,
                    one_thickness=self.thing.one_thickness,
                ),
                pose=self.motion.pose(time_s, self.plane).after(self.thing.pose),
                extent_mm=self.motion.extent_mm(self.plane),
                time_s=time_s,
            )
        )
