"""Sums over the spectrum behind an object: sum of w(E) T(E), for each fine pixel.

What an object's point transmits is averaged over the points of a fine pixel after the exponential.
Exponentials are made in float64 and rounded to float32, so that processors whose last digits differ
agree in what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.grid import SUBPIXELS
from fpxi_hwsim.physics.materials.attenuation import attenuation_per_cm
from fpxi_hwsim.physics.object.maps import ThicknessMaps

Map = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
Layer = Callable[[slice], Sequence[Map | np.float32]]
"""the sums behind what varies, for some rows of the object's points"""

_STEPS = 1024
"""steps of the table over thickness: right to 1e-4 of the free beam for 1 cm of lead, and better"""
_TILE = 1 << 16
"""points of the object that are worked on at once"""
_CHUNK = 1 << 12
"""points behind several materials that are: their sums over energies stay in the cache"""


def transmitted_sums(weights: Values, energy_keV: Values, maps: ThicknessMaps) -> tuple[Map, ...]:
    """Return a float32 map (2 rows, 2 columns) for each row of `weights`, (sums, K).

    `energy_keV` is (K,). The object may be made of several materials; one material of varying
    thickness is looked up in a table over its thickness.
    """
    block = maps.oversampling // SUBPIXELS
    fine = (maps.shape[0] // block, maps.shape[1] // block)
    covering, varying = _behind_plates(weights, energy_keV, maps)
    free = weights.sum(axis=1).astype(np.float32)
    if maps.coverage is None and maps.transmission is None and not varying:
        return tuple(np.full(fine, total, np.float32) for total in covering.sum(axis=1))
    sums = tuple(np.empty(fine, np.float32) for _ in weights)
    layer = _layer(covering, energy_keV, varying)
    for rows in _tiles(maps.shape, block):
        out = slice(rows.start // block, rows.stop // block)
        for total, uncovered, behind in zip(sums, free, layer(rows), strict=True):
            total[out] = _block_means(_transmitted(maps, rows, uncovered, behind), block)
    return sums


def _behind_plates(
    weights: Values, energy_keV: Values, maps: ThicknessMaps
) -> tuple[Values, dict[str, Map]]:
    """Return the weights behind all materials of one thickness, and the others' thicknesses."""
    varying: dict[str, Map] = {}
    for material, thickness in maps.thickness_cm.items():
        if thickness.size == 1:
            passed = attenuation_per_cm(material, energy_keV) * float(thickness.item())
            weights = weights * np.exp(-passed)
        elif thickness.any():
            varying[material] = thickness
    return weights, varying


def _tiles(shape: tuple[int, int], block: int) -> Iterator[slice]:
    """Divide the rows into slices of whole blocks."""
    step = max(1, _TILE // (shape[1] * block)) * block
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def _transmitted(
    maps: ThicknessMaps, rows: slice, free: np.float32, behind: Map | np.float32
) -> Map:
    """Return transmission * (1 - coverage + coverage * layer) times the weights."""
    through: Map | np.float32 = behind
    if maps.coverage is not None:
        through = free + maps.coverage[rows] * (behind - free)
    if maps.transmission is not None:
        through = maps.transmission[rows] * through
    return np.asarray(through, np.float32)


def _block_means(points: Map, block: int) -> Map:
    lines = sum((points[each::block] for each in range(1, block)), start=points[0::block])
    total: Map = sum((lines[:, each::block] for each in range(1, block)), start=lines[:, 0::block])
    return total * np.float32(1 / block**2)


def _layer(weights: Values, energy_keV: Values, varying: Mapping[str, Map]) -> Layer:
    if not varying:
        constant = list(weights.sum(axis=1).astype(np.float32))
        return lambda _: constant
    used = weights.any(axis=0)
    weights, energy_keV = weights[:, used], energy_keV[used]
    attenuation = [attenuation_per_cm(name, energy_keV) for name in varying]
    maps = list(varying.values())
    tables = [
        _Table(weights, coefficients, float(thickness.max()))
        for coefficients, thickness in zip(attenuation, maps, strict=True)
    ]
    if len(maps) == 1:
        return lambda rows: tables[0].sums(maps[0][rows])
    return lambda rows: _sums_of_several(weights, attenuation, tables, [m[rows] for m in maps])


class _Table:
    """The sums behind one material, with linear steps in the square root of its thickness."""

    def __init__(self, weights: Values, attenuation_per_cm: Values, thickest_cm: float) -> None:
        nodes = thickest_cm * np.linspace(0, 1, _STEPS + 1) ** 2
        values = np.einsum("sk,kn->sn", weights, np.exp(-np.outer(attenuation_per_cm, nodes)))
        self._values = values.astype(np.float32)
        self._rises = np.diff(self._values, append=self._values[:, -1:])
        self._per_cm = np.float32(1 / thickest_cm)

    def sums(self, thickness_cm: Map) -> list[Map]:
        place = np.sqrt(thickness_cm * self._per_cm) * np.float32(_STEPS)
        step = place.astype(np.intp)
        place -= step
        return [
            values.take(step) + rises.take(step) * place
            for values, rises in zip(self._values, self._rises, strict=True)
        ]


def _sums_of_several(
    weights: Values,
    attenuation_per_cm: Sequence[Values],
    tables: Sequence[_Table],
    thickness_cm: Sequence[Map],
) -> list[Map]:
    """Look up points behind one material at most, and sum the others energy by energy."""
    layers = np.stack([thickness.ravel() for thickness in thickness_cm])
    present = layers > 0
    materials = present.sum(axis=0, dtype=np.uint8)
    sums = np.empty((len(weights), layers.shape[1]), np.float32)
    sums[:] = weights.sum(axis=1)[:, None]
    for table, layer, here in zip(tables, layers, present, strict=True):
        alone = np.flatnonzero(here & (materials == 1))
        for total, behind in zip(sums, table.sums(layer.take(alone)), strict=True):
            total.put(alone, behind)
    coefficients = -np.stack(attenuation_per_cm, axis=1)
    behind_several = np.flatnonzero(materials > 1)
    for start in range(0, behind_several.size, _CHUNK):
        points = behind_several[start : start + _CHUNK]
        thickness = layers[:, points].astype(np.float64)
        passed = np.einsum("km,mp->kp", coefficients, thickness)  # @ would wake BLAS's threads
        np.exp(passed, out=passed)
        sums[:, points] = np.einsum("sk,kp->sp", weights, passed)
    return [total.reshape(thickness_cm[0].shape) for total in sums]
