"""The focal spot's penumbra."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.object.plane import ImagePlane, Map


def blur(fine: Map, plane: ImagePlane) -> Map:
    """Return a fine map of intensity as a square focal spot paints it on the panel.

    An edge at magnification M is spread over `focal_spot_um * (M - 1)` of the panel. Beyond the
    field its margin goes on, so that margins do not darken. The map itself is returned where
    the spot paints a point.
    """
    fine_um = plane.pitch_um * plane.shape[0] / fine.shape[0]
    width = plane.focal_spot_um * (plane.magnification - 1) / fine_um
    if width == 0:
        return fine
    from scipy import ndimage  # noqa: PLC0415 (slow to load, and rarely asked for)

    weights = box_weights(width)
    for axis in (0, 1):
        fine = ndimage.convolve1d(fine, weights, axis=axis, mode="nearest")
    return fine


def box_weights(width: float) -> npt.NDArray[np.float64]:
    """Return the shortest weights of a box `width` samples wide: sum 1, variance width²/12.

    All are equal but the outermost, so that a box narrower than a sample still spreads by the
    right amount.
    """
    reach = max(1, math.ceil((math.sqrt(width**2 + 1) - 1) / 2))
    # (2 reach - 1) inner + 2 outer = 1 and inner * squares + 2 outer * reach² = width² / 12,
    # with the sum of the squares of the inner places
    squares = (reach - 1) * reach * (2 * reach - 1) / 3
    inner = (reach**2 - width**2 / 12) / (reach**2 * (2 * reach - 1) - squares)
    weights = np.full(2 * reach + 1, inner)
    weights[[0, -1]] = (1 - (2 * reach - 1) * inner) / 2
    return weights
