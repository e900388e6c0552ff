"""A calibration in words, as wide as a tool tip may be."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpxi_imaging.calibration.calibration import Calibration

_WIDTH = 90


def describe_calibration(calibration: Calibration) -> str:
    """Return what it is made of, what it covers, and what its checks found; takes a while."""
    from fpxi.calibration import calibration_summary  # noqa: PLC0415 - h5py only when wanted

    lines = [f"{name}: {words}" for name, words in calibration_summary(calibration)]
    return "\n".join(textwrap.fill(line, _WIDTH, subsequent_indent="    ") for line in lines)
