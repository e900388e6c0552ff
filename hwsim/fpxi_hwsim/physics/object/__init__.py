"""What lies in the beam: maps of the thickness of each material, moving or still."""

from fpxi_hwsim.physics.object.catalogue import OBJECTS, make_object
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.penumbra import blur
from fpxi_hwsim.physics.object.plane import ImagePlane
from fpxi_hwsim.physics.object.scene_object import SceneObject

__all__ = ["OBJECTS", "ImagePlane", "SceneObject", "ThicknessMaps", "blur", "make_object"]
