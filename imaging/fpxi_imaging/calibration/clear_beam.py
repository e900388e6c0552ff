"""Whether an object stood in the beam of flats: its shadow has edges, and covers many pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.check_limits import CheckLimits
from fpxi_imaging.calibration.errors import UnevenFlatError
from fpxi_imaging.calibration.frame_stack import FrameStack
from fpxi_imaging.calibration.shading import smooth_surface

Image = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def require_clear_beam(flat: FrameStack, offset: Image, used: Mask, limits: CheckLimits) -> None:
    """Raise `UnevenFlatError` if too many pixels depart from the flat's smooth surface.

    `offset`, counts, and `used`, the pixels that are neither clipped nor in the process ring, are
    of shape (rows, cols). A few frames suffice: departures within their noise do not count.
    """
    response = flat.mean - offset
    surface = smooth_surface(response, used)
    relative = response[used] / surface[used] - 1
    noise = np.sqrt(flat.variance[used] / flat.frames) / np.abs(surface[used])
    allowed = np.maximum(limits.departure, limits.departure_sigmas * np.nanmedian(noise))
    departing = float(np.mean(np.abs(relative) > allowed))
    if departing > limits.most_departing:
        raise UnevenFlatError(
            f"{departing:.0%} of the pixels differ by more than {allowed:.0%} from the flat's "
            f"smooth surface, at most {limits.most_departing:.0%} may: an object in the beam does "
            "that; where the film itself is so uneven, raise that limit: --limit "
            "most_departing=..., a field of CheckLimits"
        )
