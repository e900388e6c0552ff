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
_MOST_COUNTED = 80
"""more than any count: of 32 expected photons, 80 come once in 10^12 times"""


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
    relative = absorption.relative_variance
    if excess:
        relative = relative * np.float32(1 + excess) + np.float32(excess)
    energy = draw_sums(absorption.photons_per_Gy * dose, relative, random)
    energy *= absorption.mean_keV
    return energy


def draw_sums(expected: Map, relative_variance: Map, random: np.random.Generator) -> Map:
    """Draw the sums of Poisson numbers of quanta, each of mean one and this relative variance.

    Maps are float32 of one shape; nothing is drawn where nothing is expected anywhere.
    """
    if not expected.any():
        return np.zeros_like(expected)
    normal = random.standard_normal(expected.shape, dtype=np.float32)
    counted = np.flatnonzero(expected < FEW_PHOTONS)
    if counted.size == expected.size:
        return _few(expected, relative_variance, normal, random)
    sums = _many(expected, relative_variance, normal)
    if counted.size:
        few, relative = expected.take(counted), relative_variance.take(counted)
        sums.put(counted, _few(few, relative, normal.take(counted), random))
    return sums


def _many(expected: Map, relative_variance: Map, normal: Map) -> Map:
    """Return L + a z + b (z^2 - 1), of variance a^2 + 2 b^2 and third cumulant about 6 a^2 b.

    b is (1 + 2 c)/6.
    """
    bend = relative_variance * np.float32(1 / 3)
    bend += np.float32(1 / 6)
    spread = relative_variance + np.float32(1)
    spread *= expected
    spread -= 2 * bend * bend
    np.maximum(spread, 0, out=spread)  # negative only where quanta are counted instead
    np.sqrt(spread, out=spread)
    sums: Map = bend * normal
    sums += spread
    sums *= normal
    sums -= bend
    sums += expected
    return np.maximum(sums, 0, out=sums)


def _few(expected: Map, relative_variance: Map, normal: Map, random: np.random.Generator) -> Map:
    """Count quanta and give the sum of n of them the gamma distribution of shape n/c.

    By the cube of a normal number (E. B. Wilson and M. M. Hilferty, Proc. Natl. Acad. Sci. 17
    (1931) 684), whose mean is right to (c/9n)^3 and whose variance, for c < 1, to 0.4 per cent.
    Quanta without a variance sum to exactly n.
    """
    number = _counts(expected, random)
    ninth = relative_variance * np.float32(1 / 9)
    ninth /= np.maximum(number, 1)
    root = np.sqrt(ninth)
    root *= normal
    root += 1 - ninth
    np.maximum(root, 0, out=root)
    number *= root * root * root
    return number


def _counts(expected: Map, random: np.random.Generator) -> Map:
    """Draw Poisson numbers of fewer than FEW_PHOTONS expected, by inversion, for all at once.

    Several times as fast as numpy's, which goes number by number. A number is how many of the
    cumulated probabilities lie below a uniform number of 24 bits; these probabilities are right to
    a millionth, and so the uniform number stays below 1 by half of that.
    """
    left = random.random(expected.shape, dtype=np.float32)
    left += np.float32(2.0**-25)
    left *= np.float32(1 - 2.0**-21)
    chance = np.exp(-expected.astype(np.float64)).astype(np.float32)
    number = np.zeros(expected.shape, np.uint8)
    reached = np.empty(expected.shape, np.bool_)
    for count in range(1, _MOST_COUNTED):
        left -= chance
        np.greater(left, 0, out=reached)
        if not reached.any():
            break
        number += reached.view(np.uint8)
        chance *= expected
        chance *= np.float32(1 / count)
    return number.astype(np.float32)
