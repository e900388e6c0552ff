"""Air kerma of photons."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

Energies = npt.NDArray[np.float64]

JOULE_PER_keV = 1.602176634e-16

_ARGON_K_EDGE_keV = 3.2029
# Mass energy-absorption coefficient of dry air in cm2/g: Hubbell and Seltzer, NISTIR 5632, table 4.
# fmt: off
_BELOW_EDGE = {3.0: 161.4, _ARGON_K_EDGE_keV: 133.0}
_ABOVE_EDGE = {
    _ARGON_K_EDGE_keV: 146.0, 4.0: 76.36, 5.0: 39.31, 6.0: 22.70, 8.0: 9.446, 10.0: 4.742,
    15.0: 1.334, 20.0: 0.5389, 30.0: 0.1537, 40.0: 0.06833, 50.0: 0.04098, 60.0: 0.03041,
    80.0: 0.02407, 100.0: 0.02325, 150.0: 0.02496, 200.0: 0.02672, 300.0: 0.02872,
}
# fmt: on
_SPLINE = CubicSpline(np.log(list(_ABOVE_EDGE)), np.log(list(_ABOVE_EDGE.values())))


def kerma_Gy_cm2(energy_keV: npt.ArrayLike) -> Energies:
    """Return the air kerma of one photon of each energy per cm2, float64; 3 to 300 keV.

    Between the energies of the table, a cubic spline in the logarithms.
    """
    energies = np.asarray(energy_keV, dtype=np.float64)
    log = np.log(energies)
    below = np.interp(log, np.log(list(_BELOW_EDGE)), np.log(list(_BELOW_EDGE.values())))
    cm2_g = np.exp(np.where(energies < _ARGON_K_EDGE_keV, below, _SPLINE(log)))
    return np.asarray(energies * JOULE_PER_keV * 1000 * cm2_g)
