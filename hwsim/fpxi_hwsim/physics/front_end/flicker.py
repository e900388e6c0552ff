"""1/f noise of the amplifiers, as the rows of one scan sample it one after another.

A sum of relaxations with time constants an octave apart has the power density A^2 / f between the
slowest and the fastest (M. Keshner, Proc. IEEE 70, 212, 1982), and the autocovariance
R(t) = A^2 ln 2 sum exp(-|t| / tau). CDS subtracts from each sample the one taken an interval d
before; that multiplies the power density with 4 sin^2(pi f d), and makes the autocovariance
2 R(t) - R(t - d) - R(t + d).

Slower than a scan there is no noise here: it would be an offset that drifts from scan to scan.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_hwsim.physics.limits import require

Curve = npt.NDArray[np.float64]


def relaxation_times_us(front_end: FrontEndSettings, rows: int, line_time_us: float) -> Curve:
    """Return the time constants, an octave apart, from the amplifier's to that of a scan."""
    octaves = math.log2(max(rows * line_time_us / front_end.amplifier_us, 1.0))
    return front_end.amplifier_us * np.exp2(np.arange(math.floor(octaves) + 1, dtype=np.float64))


def flicker_covariance(
    front_end: FrontEndSettings, rows: int, line_time_us: float, *, cds: bool
) -> Curve:
    """Return the autocovariance of a channel's 1/f noise by rows apart, (rows,), over flicker_e^2.

    The forms with CDS are those above without their cancellation, d being at most the time of a
    line.
    """
    times_us = relaxation_times_us(front_end, rows, line_time_us)
    lag_us = np.arange(rows)[:, None] * line_time_us
    if cds:
        interval_us = front_end.cds_interval_us
        decay = np.expm1(-interval_us / times_us)
        parts = -np.exp(-np.maximum(lag_us - interval_us, 0) / times_us) * decay**2
        parts[0] = -2 * decay
    else:
        parts = np.exp(-lag_us / times_us)
    covariance: Curve = math.log(2) * parts.sum(axis=1)
    return covariance


def flicker_root(
    front_end: FrontEndSettings, rows: int, line_time_us: float, *, cds: bool
) -> Curve | None:
    """Return the lower triangular root of the covariance matrix of a column's 1/f noise.

    Shape (rows, rows), in electrons; None where there is no such noise, as where CDS takes both
    samples at once.

    Raises
    ------
    UnphysicalError
        The two samples of CDS are farther apart than the time of a line, or the amplifier takes
        longer.

    """
    require("front_end.cds_interval_us", front_end.cds_interval_us, most=line_time_us)
    if not front_end.flicker_e or (cds and not front_end.cds_interval_us):
        return None
    require("front_end.amplifier_us", front_end.amplifier_us, most=line_time_us)
    covariance = flicker_covariance(front_end, rows, line_time_us, cds=cds)
    row = np.arange(rows)
    root: Curve = np.linalg.cholesky(covariance[np.abs(row[:, None] - row)])
    return front_end.flicker_e * root
