"""The defects of a panel as NeXus has them: the bits of NXdetector's `pixel_mask`."""

from __future__ import annotations

import enum

import numpy as np
import numpy.typing as npt

from fpxi_imaging.defects.defect_map import DefectClass, DefectMap, DefectOrigin
from fpxi_imaging.defects.groups import clusters
from fpxi_imaging.errors import ShapeMismatchError


class MaskBit(enum.IntFlag):
    """Bits of the uint32 `pixel_mask` of NXdetector that are used here.

    NeXus definitions, NXdetector: readers leave out a pixel for any of the lower 16 bits, by older
    versions of the definition the lower 8. Bits 5 and 7 are undefined there.
    """

    GAP = 1
    """Bit 0, no sensor: the process ring."""
    DEAD = 1 << 1
    UNDER_RESPONDING = 1 << 2
    OVER_RESPONDING = 1 << 3
    NOISY = 1 << 4
    CLUSTER = 1 << 6
    """Part of a cluster of defects, besides the bits of its own."""
    OTHER = 1 << 7
    """Ours: defective in a way that bits 1 to 4 do not name. The class map tells which."""
    USER = 1 << 8
    """Decided by a user: marked, or in an imported list."""


_NAMED = {
    DefectClass.DEAD: MaskBit.DEAD,
    DefectClass.UNDER_RESPONDING: MaskBit.UNDER_RESPONDING,
    DefectClass.OVER_RESPONDING: MaskBit.OVER_RESPONDING,
    DefectClass.NOISY: MaskBit.NOISY,
}


def pixel_mask(defects: DefectMap, not_imaging: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint32]:
    """Return `pixel_mask`, uint32 (rows, cols), of `MaskBit`; 0 for a good pixel.

    Edits are taken into account: a pixel that a user cleared is 0, and clusters are those of the
    pixels that are defective in the end. The process ring, bool (rows, cols), is `GAP` alone.

    Raises `ShapeMismatchError`.
    """
    shape = defects.classes.shape
    if not_imaging.shape != shape:
        raise ShapeMismatchError(shape, not_imaging.shape, name="not_imaging")
    bad = defects.mask & ~not_imaging
    result: npt.NDArray[np.uint32] = np.zeros(shape, np.uint32)
    for defect, bit in _NAMED.items():
        result[(defects.classes & defect) != 0] |= np.uint32(bit)
    result[result == 0] = MaskBit.OTHER
    result[clusters(bad)] |= np.uint32(MaskBit.CLUSTER)
    decided = (defects.origins & (DefectOrigin.MARKED | DefectOrigin.IMPORTED)) != 0
    result[decided] |= np.uint32(MaskBit.USER)
    result[~bad] = 0
    result[not_imaging] = MaskBit.GAP
    return result
