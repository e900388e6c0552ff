"""Signal that a panel gives back after the exposure that caused it, as a sum of exponentials.

Each component traps the share `fractions[i]` of the signal and gives it back with the time constant
`time_constants_s[i]`; under a constant exposure the panel comes to an equilibrium in which a frame
holds the whole signal (J. Hsieh et al., Proc. SPIE 3661 (1999), doi:10.1117/12.349501, and
J. Starman et al., Med. Phys. 38 (2011), doi:10.1118/1.3567504, in continuous time).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class LagModel:
    """The lag of one panel, and how well it is known."""

    fractions: tuple[float, ...]
    """Of the signal in equilibrium; their sum is below 1."""
    time_constants_s: tuple[float, ...]
    """In rising order."""
    fraction_uncertainties: tuple[float, ...]
    """Standard uncertainties (k = 1)."""
    residual: float
    """Root mean square of what the fit leaves, as a fraction of the signal."""
    frames: int
    """Frames after the step-off that were fitted."""
    first_s: float
    """Time from the end of the exposure to the middle of the first fitted frame."""
    last_s: float
    """The same of the last: slower components than this are not known."""
    multiplier: npt.NDArray[np.float32] | None = None
    """(rows, cols) each pixel's lag relative to the fractions; None: all alike."""
    ghosting: float | None = None
    """Relative change of the response by an exposure before; None where it was not measured."""
