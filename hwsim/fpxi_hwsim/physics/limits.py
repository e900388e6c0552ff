"""What a parameter of the physics may be."""

from __future__ import annotations

import math

from fpxi_hwsim.errors import UnphysicalError

MOST_Gy = 1e6
"""of an exposure, and of a second: more than any source of pulses gives"""


def require(
    name: str,
    value: float,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
) -> None:
    """Accept a finite value above `above`, from `least` to `most`.

    Raises
    ------
    UnphysicalError
        The value is outside, or no finite number.

    """
    if not (math.isfinite(value) and value > above and least <= value <= most):
        raise UnphysicalError(name, value, _words(above, least, most))


def _words(above: float, least: float, most: float) -> str:
    bounds = []
    if above > -math.inf:
        bounds.append(f"above {above:g}")
    if least > -math.inf:
        bounds.append(f"{least:g} or more")
    if most < math.inf:
        bounds.append(f"{most:g} or less")
    return "a finite number" + (f", {' and '.join(bounds)}" if bounds else "")
