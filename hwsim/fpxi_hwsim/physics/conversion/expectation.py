"""What a scene lets a converter absorb."""

from __future__ import annotations

import numpy as np

from fpxi_hwsim.physics.conversion.absorber import deposits
from fpxi_hwsim.physics.conversion.absorption import Absorption
from fpxi_hwsim.physics.conversion.converter import Converter
from fpxi_hwsim.physics.conversion.transmission import transmitted_sums
from fpxi_hwsim.physics.grid import SUBPIXELS
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.source.spectrum import Spectrum


def expected_absorption(
    spectrum: Spectrum, object_maps: ThicknessMaps, converter: Converter, pixel_area_cm2: float
) -> Absorption:
    """Return what each fine pixel absorbs behind an object, beam hardening included.

    Scatter from the object does not reach the panel.
    """
    left = deposits(converter.absorber, spectrum.energy_keV)
    photons = spectrum.photons_per_Gy_cm2 * left.absorbed * (pixel_area_cm2 / SUBPIXELS**2)
    weights = np.stack((photons, photons * left.energy_keV, photons * left.energy2_keV2))
    return Absorption(*transmitted_sums(weights, spectrum.energy_keV, object_maps))
