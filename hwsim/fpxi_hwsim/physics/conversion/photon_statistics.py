"""Photon statistics: absorbed energy is a compound Poisson variable.

The number of photons is Poisson, and their energies have the mean m and the variance v of the
spectrum behind the object; for the third moment they count as a gamma distribution. With c = v/m^2
and L photons expected, the energy's cumulants are L m, L m^2 (1 + c) and L m^3 (1 + c)(1 + 2c).

Few photons are counted; the line of a single one is a gamma's, not the spectrum's. Many are one
normal number, bent to the third cumulant (E. A. Cornish and R. A. Fisher, Rev. Inst. Int. Stat. 5
(1938) 307): where one takes over from the other, the two differ nowhere by more than 0.0003.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.conversion.absorption import Absorption
from fpxi_hwsim.physics.limits import require

Map = npt.NDArray[np.float32]

FEW_PHOTONS = 32
"""expected photons of a fine pixel below which they are counted"""
_MOST_COUNTED = 80
"""more than any count: of 32 expected photons, 80 come once in 10^12 times"""
_KEPT_PLACES = 1 << 16
"""places up to which their cumulated probabilities are kept between draws: some MB"""
HIGHEST = np.float32(1 - 2.0**-21)
"""uniform numbers end below"""


def absorbed_energy(
    absorption: Absorption, dose_Gy: float | Map, *, excess: float = 0.0
) -> CompoundPoisson:
    """Return the distribution of the energy that each fine pixel absorbs, in keV.

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
    return CompoundPoisson(absorption.photons_per_Gy * dose, absorption.mean_keV, relative)


class CompoundPoisson:
    """Sums of Poisson numbers of quanta: a map of distributions, ready to be drawn from often.

    `expected` numbers of quanta, their `mean` and their `relative_variance` are float32 maps of one
    shape. It does not change.
    """

    def __init__(self, expected: Map, mean: Map, relative_variance: Map) -> None:
        self._shape = expected.shape
        self._empty = not expected.any()
        counted = np.flatnonzero(expected < FEW_PHOTONS)
        self._all_counted = counted.size == expected.size
        self._counted = counted
        self._few = _Few(
            expected.take(counted), mean.take(counted), relative_variance.take(counted)
        )
        self._many = None if self._all_counted else _Many(expected, mean, relative_variance)

    def draw(self, random: np.random.Generator) -> Map:
        """Draw one sum for each place, never negative; nothing where nothing is expected at all."""
        if self._empty:
            return np.zeros(self._shape, np.float32)
        normal = random.standard_normal(self._shape, dtype=np.float32)
        if self._many is None:
            return self._few.draw(normal.ravel(), random).reshape(self._shape)
        sums = self._many.draw(normal)
        if self._counted.size:
            sums.put(self._counted, self._few.draw(normal.take(self._counted), random))
        return sums


class _Many:
    """L + a z + b (z^2 - 1), of variance a^2 + 2 b^2 and third cumulant about 6 a^2 b.

    In units of the mean, b is (1 + 2 c)/6.
    """

    def __init__(self, expected: Map, mean: Map, relative_variance: Map) -> None:
        bend = relative_variance * np.float32(1 / 3) + np.float32(1 / 6)
        variance = (relative_variance + np.float32(1)) * expected
        # the rest is negative only where quanta are counted instead
        rest = np.maximum(variance - 2 * bend * bend, 0)
        self._bend = bend * mean
        self._spread = np.sqrt(rest) * mean
        self._level = (expected - bend) * mean

    def draw(self, normal: Map) -> Map:
        sums: Map = self._bend * normal
        sums += self._spread
        sums *= normal
        sums += self._level
        return np.maximum(sums, 0, out=sums)


class _Few:
    """Counted quanta; the sum of n of them has the gamma distribution of shape n/c.

    By the cube of a normal number (E. B. Wilson and M. M. Hilferty, Proc. Natl. Acad. Sci. 17
    (1931) 684), whose mean is right to (c/9n)^3 and whose variance to 0.4 per cent as long as c is
    1 at most; beyond, it is drawn as such. Quanta without a variance sum to exactly n times their
    value.
    """

    def __init__(self, expected: Map, mean: Map, relative_variance: Map) -> None:
        self._expected = expected
        self._mean = mean
        self._broad = np.flatnonzero(relative_variance > 1)
        self._broad_variance = relative_variance.take(self._broad)
        self._ninth = relative_variance * np.float32(1 / 9)
        self._none = np.exp(-expected.astype(np.float64)).astype(np.float32)
        self._kept = list(self._cumulated()) if expected.size <= _KEPT_PLACES else None

    def draw(self, normal: Map, random: np.random.Generator) -> Map:
        number = self._counts(random)
        if self._broad.size:
            broad = self._sums_of_broad(number.take(self._broad), random)
        ninth = self._ninth / np.maximum(number, 1)
        root = np.sqrt(ninth)
        root *= normal
        root += 1 - ninth
        np.maximum(root, 0, out=root)
        number *= root * root * root
        if self._broad.size:
            number.put(self._broad, broad)
        number *= self._mean
        return number

    def _sums_of_broad(self, number: Map, random: np.random.Generator) -> Map:
        sums = random.standard_gamma(number / self._broad_variance.astype(np.float64))
        return (sums * self._broad_variance).astype(np.float32)

    def _counts(self, random: np.random.Generator) -> Map:
        """Draw Poisson numbers by inversion, for all places at once.

        Several times as fast as numpy's, which goes place by place. A number is how many of the
        cumulated probabilities lie below a uniform number of 24 bits; these probabilities are right
        to a millionth, and so the uniform number stays below 1 by half of that.
        """
        uniform = random.random(self._expected.shape, dtype=np.float32)
        uniform *= HIGHEST
        number = np.zeros(uniform.shape, np.uint8)
        reached = np.empty(uniform.shape, np.bool_)
        for probability in self._kept or self._cumulated():
            np.greater_equal(uniform, probability, out=reached)
            number += reached.view(np.uint8)
        return number.astype(np.float32)

    def _cumulated(self) -> Iterator[Map]:
        """Yield the probabilities of no quantum, of at most one, of at most two ...

        Up to the one that no uniform number reaches anywhere.
        """
        chance = self._none.copy()
        cumulated = chance.copy()
        for count in range(1, _MOST_COUNTED):
            yield cumulated
            if cumulated.min(initial=1) > HIGHEST:
                return
            chance *= self._expected
            chance *= np.float32(1 / count)
            cumulated = cumulated + chance
