"""Signal that a panel gives back after the exposure that caused it, as a sum of exponentials.

Each component traps the share `fractions[i]` of the signal and gives it back with the time constant
`time_constants_s[i]`; under a constant exposure the panel comes to an equilibrium in which a frame
holds the whole signal (J. Hsieh et al., Proc. SPIE 3661 (1999), doi:10.1117/12.349501, and
J. Starman et al., Med. Phys. 38 (2011), doi:10.1118/1.3567504, in continuous time).

Times count from the end of the exposure; signals are fractions of what the same frame would have
held under it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import SettingError, ShapeMismatchError
from fpxi_imaging.frozen import freeze
from fpxi_imaging.lag.ghosting import Ghosting
from fpxi_imaging.lag.trace import LagTrace

Vector = npt.NDArray[np.float64]
LATE_S = 60.0
"""ASTM E2597 looks at the lag again after one minute."""


@dataclass(frozen=True, eq=False)
class LagModel:
    """The lag of one panel, and how well it is known. Without components there is no lag.

    Arrays are kept as read-only copies. Raises `SettingError` for a value out of range, and
    `ShapeMismatchError` if there are not as many of one as of the other.
    """

    fractions: tuple[float, ...]
    """Of the signal in equilibrium; none negative, and their sum is below 1."""
    time_constants_s: tuple[float, ...]
    """In rising order."""
    covariance: npt.NDArray[np.float64]
    """(2 n, 2 n) of the n fractions, then the n time constants in s."""
    residual: float
    """Root mean square of what the fit leaves, as a fraction of the signal."""
    frames: int
    """Frames after the step-off that were fitted."""
    first_s: float
    """Time from the end of the exposure to the middle of the first fitted frame."""
    last_s: float
    """The same of the last: slower components than this are not known."""
    exposure_s: float = math.inf
    """How long the exposure before the step-off was; infinite: long enough for equilibrium."""
    multiplier: npt.NDArray[np.float32] | None = None
    """(rows, cols) each pixel's lag relative to the fractions; None: all alike."""
    ghosting: Ghosting | None = None
    """Change of the response by an exposure before; None where it was not measured."""
    trace: LagTrace | None = None
    """What it was fitted to; None where that was not kept."""

    def __post_init__(self) -> None:
        freeze(self, covariance=np.float64)
        if self.multiplier is not None:
            freeze(self, multiplier=np.float32)
        count = len(self.fractions)
        shapes: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = (
            ("time_constants_s", (count,), (len(self.time_constants_s),)),
            ("covariance", (2 * count, 2 * count), self.covariance.shape),
        )
        for name, expected, actual in shapes:
            if actual != expected:
                raise ShapeMismatchError(expected, actual, name=name)
        self._require_values()

    @property
    def components(self) -> int:
        """How many exponentials there are."""
        return len(self.fractions)

    @property
    def outlasting(self) -> tuple[bool, ...]:
        """Whether each time constant is longer than the frames went on, and so is only a guess."""
        return tuple(tau_s > self.last_s for tau_s in self.time_constants_s)

    @property
    def fraction_uncertainties(self) -> tuple[float, ...]:
        """Standard uncertainties (k = 1) of the fractions."""
        return self._uncertainties[: self.components]

    @property
    def time_constant_uncertainties_s(self) -> tuple[float, ...]:
        """Standard uncertainties (k = 1) of the time constants."""
        return self._uncertainties[self.components :]

    @property
    def _uncertainties(self) -> tuple[float, ...]:
        return tuple(float(value) for value in np.sqrt(np.diag(self.covariance)))

    def signal(self, begin_s: float, window_s: float, exposure_s: float = math.inf) -> float:
        """Return what a frame holds that begins `begin_s` after an exposure of `exposure_s`.

        `window_s` is its integration time; 0 gives the value at one moment.
        """
        return float(
            decay(begin_s, window_s, np.array(self.time_constants_s))
            @ (self.fractions * trapped(exposure_s, np.array(self.time_constants_s)))
        )

    def residual_after(self, seconds: float) -> float:
        """Return the signal at a moment after an exposure that had come to equilibrium."""
        return self.signal(seconds, 0.0)

    def first_frame(self, window_s: float) -> float:
        """Return the lag of the frame that begins where the exposure ends (GlobalLag1f / 100 %)."""
        return self.signal(0.0, window_s)

    @property
    def after_one_minute(self) -> float | None:
        """Signal 60 s after the exposure (GlobalLag60s / 100 %); None where that is not covered."""
        return self.residual_after(LATE_S) if self.last_s >= LATE_S else None

    def uncertainty(self, begin_s: float, window_s: float) -> float:
        """Return the standard uncertainty (k = 1) of `signal` in equilibrium."""
        tau_s = np.array(self.time_constants_s)
        share = decay(begin_s, window_s, tau_s)
        slope = np.array(self.fractions) * decay_slope(begin_s, window_s, tau_s)
        gradient = np.concatenate([share, slope])
        return math.sqrt(max(float(gradient @ self.covariance @ gradient), 0.0))

    def part(self, part: tuple[Any, ...]) -> LagModel:
        """Return the model of the pixels that this index, as of a (rows, cols) array, selects."""
        multiplier = None if self.multiplier is None else self.multiplier[part]
        ghosting = self.ghosting
        if ghosting is not None and ghosting.map is not None:
            ghosting = replace(ghosting, map=ghosting.map[part])
        return replace(self, multiplier=multiplier, ghosting=ghosting)

    def _require_values(self) -> None:
        trapped_in_all = sum(self.fractions)
        if not (all(f >= 0 for f in self.fractions) and trapped_in_all < 1):
            raise SettingError("fractions", self.fractions, "0 or more, and below 1 in all")
        taus = self.time_constants_s
        if not all(0 < tau < math.inf for tau in taus) or list(taus) != sorted(taus):
            raise SettingError("time_constants_s", taus, "positive and in rising order")
        if not self.exposure_s > 0:
            raise SettingError("exposure_s", self.exposure_s, "positive, or infinite")
        if self.multiplier is not None:
            least, most = float(np.min(self.multiplier)), float(np.max(self.multiplier))
            if not (least >= 0 and most * trapped_in_all < 1):  # false for NaN, too
                raise SettingError(
                    "multiplier", (least, most), "0 or more, and below 1 / sum of the fractions"
                )


def trapped(exposure_s: float, tau_s: Vector) -> Vector:
    """Return how near each component comes to equilibrium in an exposure, 0 to 1."""
    return -np.expm1(-exposure_s / tau_s)


def decay(begin_s: npt.ArrayLike, window_s: float, tau_s: npt.ArrayLike) -> Vector:
    """Return the mean of exp(-t / tau) from `begin_s` to `begin_s + window_s`; they broadcast."""
    tau = np.asarray(tau_s, np.float64)
    left: Vector = np.exp(-np.asarray(begin_s, np.float64) / tau)
    if window_s == 0.0:
        return left
    return left * (-np.expm1(-window_s / tau) * tau / window_s)


def decay_slope(begin_s: npt.ArrayLike, window_s: float, tau_s: npt.ArrayLike) -> Vector:
    """Return the derivative of `decay` with respect to the time constant."""
    tau = np.asarray(tau_s, np.float64)
    begin = np.asarray(begin_s, np.float64)
    if window_s == 0.0:
        slope: Vector = np.exp(-begin / tau) * begin / tau**2
        return slope
    # decay = (tau / T) (e^(-b / tau) - e^(-(b + T) / tau)), differentiated term by term
    end = begin + window_s
    first = np.exp(-begin / tau) * (1 + begin / tau)
    last = np.exp(-end / tau) * (1 + end / tau)
    return (first - last) / window_s
