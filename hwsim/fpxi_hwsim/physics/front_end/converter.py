"""The converter: from a voltage, in counts, to a code.

A converter is its transition levels T(k), above which code k begins: ideally k - 1/2. INL bends
them smoothly; DNL sets each off by itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_hwsim.physics.limits import require

Codes = npt.NDArray[np.uint16]
STEPS = 16
"""steps of the table of codes to a count"""
WAVES = 3
"""periods that the INL has over the range at most"""
LARGEST_INL = 0.002
"""of the range: beyond, the slope of the INL together with the DNL would swap codes"""


def make_codes(
    front_end: FrontEndSettings, full_scale: int, random: np.random.Generator
) -> Codes | None:
    """Return the code of each step of the input, (STEPS * full_scale + 1,); None where ideal.

    Raises
    ------
    UnphysicalError
        More codes shall be missing than there are between the first and the last, or the INL is
        so large that codes would be out of order.

    """
    if not (front_end.inl_counts or front_end.dnl_counts or front_end.missing_codes):
        return None
    levels = transition_levels(front_end, full_scale, random)
    ends = (0, STEPS * full_scale + 1)
    begins = np.ceil(levels * STEPS).astype(np.int64)
    widths = np.diff(begins, prepend=ends[0], append=ends[1]).astype(np.int64)
    return np.repeat(np.arange(full_scale + 1, dtype=np.uint16), widths)


def transition_levels(
    front_end: FrontEndSettings, full_scale: int, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return the levels at which codes 1 to full scale begin, in counts, in rising order."""
    most = LARGEST_INL * (full_scale + 1)
    require("front_end.inl_counts", front_end.inl_counts, least=0, most=most)
    require("front_end.missing_codes", front_end.missing_codes, least=0, most=full_scale - 1)
    code = np.arange(1, full_scale + 1)
    levels = code - 0.5 + integral_nonlinearity(front_end, full_scale, random)
    # The difference of two deviations, each even within +-a, has the variance 2 a^2 / 3.
    reach = abs(front_end.dnl_counts) * np.sqrt(1.5)  # numpy draws nothing within a negative zero
    levels += random.uniform(-reach, reach, full_scale)
    # A code is missing where the next one begins with it.
    missing = random.choice(full_scale - 1, front_end.missing_codes, replace=False)
    for place in np.sort(missing)[::-1]:
        levels[place] = levels[place + 1]
    return levels


def integral_nonlinearity(
    front_end: FrontEndSettings, full_scale: int, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return the smooth deviation of the levels from the line through the first and the last.

    Whole waves over the range, so of zero mean.
    """
    turns = np.linspace(0, 1, full_scale)
    bend = np.zeros(full_scale)
    for wave in range(1, WAVES + 1):
        bend += random.standard_normal() / wave * np.sin(2 * np.pi * wave * turns)
    deviation: npt.NDArray[np.float64] = front_end.inl_counts * bend / np.abs(bend).max()
    return deviation
