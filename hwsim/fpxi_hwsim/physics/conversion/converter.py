"""What turns X-rays into charge, whichever way it does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.conversion.photoconductor import Photoconductor
from fpxi_hwsim.physics.conversion.scintillator import Scintillator, detect_light, relative_light

Map = npt.NDArray[np.float32]
Converter = Photoconductor | Scintillator


def light(
    converter: Converter, pixel_keV: Map, dose_rate_Gy_s: float | Map, random: np.random.Generator
) -> Map:
    """Return the energy that the charge of each pixel stands for, float32 (rows, columns).

    Behind a scintillator it has the statistics of photo-electrons, and the light's dependence on
    the dose rate that reaches it; a photoconductor's is as it was.
    """
    if isinstance(converter, Photoconductor):
        return pixel_keV
    given_keV = pixel_keV * expected_light(converter, dose_rate_Gy_s)
    return detect_light(converter, np.asarray(given_keV, np.float32), random)


def expected_light(converter: Converter, dose_rate_Gy_s: float | Map) -> float | Map:
    """Return the part of its light that a converter gives at this dose rate; 1 where linear."""
    if isinstance(converter, Photoconductor) or not converter.superlinearity.lost:
        return 1.0
    return relative_light(converter.superlinearity, dose_rate_Gy_s)
