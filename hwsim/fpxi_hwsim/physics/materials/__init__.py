"""How materials attenuate X-rays, by name or by `formula:density`."""

from fpxi_hwsim.physics.materials.attenuation import attenuation_per_cm
from fpxi_hwsim.physics.materials.catalogue import MATERIALS, Material, find_material

__all__ = ["MATERIALS", "Material", "attenuation_per_cm", "find_material"]
