"""Photon statistics: absorbed energy is a compound Poisson variable.

The number of photons is Poisson, and their energies have the mean m and the variance v of the
spectrum behind the object; for the third moment they count as a gamma distribution. With c = v/m^2
and L photons expected, the energy's cumulants are L m, L m^2 (1 + c) and L m^3 (1 + c)(1 + 2c).

Few photons are counted; the line of a single one is a gamma's, not the spectrum's. Many are one
normal number, bent to the third cumulant (E. A. Cornish and R. A. Fisher, Rev. Inst. Int. Stat. 5
(1938) 307): where one takes over from the other, the two differ nowhere by more than 0.0003.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.conversion.absorption import Absorption
from fpxi_hwsim.physics.limits import require

Map = npt.NDArray[np.float32]

FEW_PHOTONS = 32
"""expected photons of a fine pixel below which they are counted"""


def absorb(
    absorption: Absorption,
    dose_Gy: float | Map,
    random: np.random.Generator,
    *,
    excess: float = 0.0,
) -> Map:
    """Draw the energy that each fine pixel absorbs, in keV, float32 (2 rows, 2 columns); never < 0.

    `dose_Gy` is the air kerma without an object: one number, or (2 rows, 1) where each row has a
    window of its own. `excess` is the relative variance that collection and gain add to what a
    photon leaves: 0 where equal energies always make equal charges.

    Raises
    ------
    UnphysicalError
        A dose or the excess is negative or no number.

    """
    dose = np.asarray(dose_Gy, np.float32)
    require("dose_Gy", float(dose.min()), least=0.0)
    require("dose_Gy", float(dose.max()))
    require("excess", excess, least=0.0)
    expected = absorption.photons_per_Gy * dose
    if not dose.any():
        return np.zeros_like(expected)
    normal = random.standard_normal(expected.shape, dtype=np.float32)
    mean, relative = absorption.mean_keV, absorption.relative_variance
    if excess:
        relative = relative * np.float32(1 + excess) + np.float32(excess)
    counted = np.flatnonzero(expected < FEW_PHOTONS)
    if counted.size == expected.size:
        return _few(expected, mean, relative, normal, random)
    energy = _many(expected, mean, relative, normal)
    if counted.size:
        expected, mean, relative, normal = (
            each.take(counted) for each in (expected, mean, relative, normal)
        )
        energy.put(counted, _few(expected, mean, relative, normal, random))
    return energy


def _many(expected: Map, mean_keV: Map, relative_variance: Map, normal: Map) -> Map:
    """Return L m + a z + b (z^2 - 1), of variance a^2 + 2 b^2 and third cumulant about 6 a^2 b.

    In units of m: b = (1 + 2 c)/6.
    """
    bend = relative_variance * np.float32(1 / 3)
    bend += np.float32(1 / 6)
    spread = relative_variance + np.float32(1)
    spread *= expected
    spread -= 2 * bend * bend
    np.maximum(spread, 0, out=spread)  # negative only where photons are counted instead
    np.sqrt(spread, out=spread)
    energy: Map = bend * normal
    energy += spread
    energy *= normal
    energy -= bend
    energy += expected
    energy *= mean_keV
    return np.maximum(energy, 0, out=energy)


def _few(
    expected: Map,
    mean_keV: Map,
    relative_variance: Map,
    normal: Map,
    random: np.random.Generator,
) -> Map:
    """Count photons and give the energy of n of them the gamma distribution of shape n/c.

    By the cube of a normal number (E. B. Wilson and M. M. Hilferty, Proc. Natl. Acad. Sci. 17
    (1931) 684), whose mean is right to (c/9n)^3 and whose variance, for c < 1, to 0.4 per cent.
    Photons of one energy leave exactly n times that energy.
    """
    photons = random.poisson(expected).astype(np.float32)
    ninth = relative_variance * np.float32(1 / 9)
    ninth /= np.maximum(photons, 1)
    root = np.sqrt(ninth)
    root *= normal
    root += 1 - ninth
    np.maximum(root, 0, out=root)
    energy: Map = photons * mean_keV
    energy *= root * root * root
    return energy
