"""Weighted least squares of sums of exponentials, beside a dark level that may have moved."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
import numpy.typing as npt

from fpxi_imaging.lag._correlation import autocorrelation, correlated_product
from fpxi_imaging.lag._dark_drift import DarkDrift
from fpxi_imaging.lag.model import decay, trapped

Values = npt.NDArray[np.float64]

MOST_COMPONENTS = 4
_GRID = 12
"""Time constants tried for the start, evenly spaced in their logarithm."""
_SHORTEST_IN_WINDOWS = 0.2
"""Faster components leave less than this part of themselves even to the first frame."""
_LONGEST_IN_RECORDS = 10.0
"""Slower ones look like a constant."""

_PRIOR_LN_TAU = 2.0
"""A time constant is taken as unknown by e² either way, a fraction by 1, if frames do not tell."""


@dataclass(frozen=True, eq=False)
class DecayData:
    """The frames after one exposure, each over the level before it."""

    begin_s: Values
    """(frames,) from the end of the exposure to each frame's begin."""
    window_s: float
    ratio: Values
    """(frames,)"""
    sigma: Values
    """(frames,) standard uncertainties of the ratios."""
    level_begin_s: Values
    """(lit frames,) from the begin of the exposure to each lit frame's; infinite where endless."""
    exposure_s: float
    dark_uncertainty: float
    """Standard uncertainty of the dark level, which all frames share, over the level."""

    @cached_property
    def drift(self) -> DarkDrift:
        """What the dark level may have added to the frames."""
        return DarkDrift(self.begin_s, self.sigma, self.dark_uncertainty)

    def columns(self, tau_s: Values) -> Values:
        """Return what each component of fraction 1 adds to the frames, (frames, components)."""
        share = trapped(self.exposure_s, tau_s)
        return share * decay(self.begin_s[:, None], self.window_s, tau_s)

    def missing(self, tau_s: Values) -> Values:
        """Return what each component of fraction 1 still takes from the level, (components,)."""
        if not np.isfinite(self.level_begin_s).all():
            return np.zeros(len(tau_s))
        taken: Values = decay(self.level_begin_s[:, None], self.window_s, tau_s).mean(axis=0)
        return taken


@dataclass(frozen=True, eq=False)
class Decays:
    """A sum of exponentials, fitted."""

    fractions: Values
    tau_s: Values
    """In rising order."""
    covariance: Values
    """(2 n, 2 n) of fractions and time constants, the latter in s."""
    lag: Values
    """(frames,) ratios by the exponentials."""
    dark_level: Values
    """(frames,) what the dark level adds to them."""
    residuals: Values
    """(frames,) what both leave, over the standard uncertainty."""
    chi_squared: float
    """Sum of the squares of these, and of level and slope of the dark over their uncertainty."""

    @property
    def fitted(self) -> Values:
        """(frames,) ratios by both."""
        return self.lag + self.dark_level

    @cached_property
    def correlation(self) -> Values:
        """Autocorrelation of the residuals, by the shift."""
        return autocorrelation(self.residuals)

    @property
    def reduced(self) -> float:
        """Chi squared of each degree of freedom."""
        return self.chi_squared / max(len(self.residuals) - 2 * len(self.fractions), 1)


def fit_decays(data: DecayData, counts: Iterable[int]) -> list[Decays]:
    """Fit each number of components that the frames have the degrees of freedom for."""
    return [_fit(data, count) for count in counts if 2 * count < len(data.ratio)]


def value_of(data: DecayData, fractions: Values, tau_s: Values) -> Values:
    """Return the ratios (frames,) that these components give."""
    level = 1.0 - float(fractions @ data.missing(tau_s))
    ratios: Values = data.columns(tau_s) @ fractions / level
    return ratios


def _fit(data: DecayData, count: int) -> Decays:
    from scipy.optimize import least_squares  # noqa: PLC0415 - half a second that few fits need

    if count == 0:
        return _describe(data, np.zeros(0), np.zeros(0), np.zeros((0, 0)))
    fractions, tau_s = _start(data, count)
    shortest, longest = _limits(data)
    low = np.concatenate([np.zeros(count), np.full(count, math.log(shortest))])
    high = np.concatenate([np.ones(count), np.full(count, math.log(longest))])
    start = np.concatenate([np.clip(fractions, 1e-6, 0.9), np.log(tau_s)])

    def residuals(parameters: Values) -> Values:
        model = value_of(data, parameters[:count], np.exp(parameters[count:]))
        return data.drift.without((model - data.ratio) / data.sigma)

    found = least_squares(
        residuals, start, jac="3-point", bounds=(low, high), x_scale="jac", max_nfev=200
    )
    order = np.argsort(found.x[count:])
    both = np.concatenate([order, order + count])
    fractions, tau_s = found.x[order], np.exp(found.x[order + count])
    fitted = _describe(data, fractions, tau_s, np.zeros((2 * count, 2 * count)))
    covariance = _covariance(fitted, found.jac[:, both])
    scale = np.concatenate([np.ones(count), tau_s])
    return replace(fitted, covariance=covariance * np.outer(scale, scale))


def _describe(data: DecayData, fractions: Values, tau_s: Values, covariance: Values) -> Decays:
    lag = value_of(data, fractions, tau_s)
    weighted = (data.ratio - lag) / data.sigma
    dark_level = data.drift.found(weighted)
    return Decays(
        fractions=fractions,
        tau_s=tau_s,
        covariance=covariance,
        lag=lag,
        dark_level=dark_level,
        residuals=weighted - dark_level / data.sigma,
        chi_squared=float(np.sum(data.drift.without(weighted) ** 2)),
    )


def _covariance(found: Decays, jacobian: Values) -> Values:
    """Return the covariance of fractions and logarithms of time constants.

    Frames that differ by more than their noise, or from one to the next by less than by chance,
    tell less: a sandwich of the information and of what frames so correlated make of it.
    """
    count = len(found.fractions)
    # Of a component that one frame alone shows, only the product is known: fraction times time.
    prior = np.diag(np.repeat([1.0, _PRIOR_LN_TAU**-2], count))
    scale = max(1.0, found.reduced)
    inverse = np.linalg.inv(jacobian.T @ jacobian / scale + prior)
    noise = correlated_product(jacobian, found.correlation) / scale
    covariance: Values = inverse @ (noise + prior) @ inverse
    return covariance


def _limits(data: DecayData) -> tuple[float, float]:
    """Return the shortest and the longest time constant that are looked for, in s."""
    covered = float(data.begin_s[-1]) + data.window_s
    return _SHORTEST_IN_WINDOWS * data.window_s, _LONGEST_IN_RECORDS * covered


def _start(data: DecayData, count: int) -> tuple[Values, Values]:
    """Return the best of all choices of time constants on a coarse grid, fractions by NNLS."""
    from scipy.optimize import nnls  # noqa: PLC0415 - as above

    shortest, longest = _limits(data)
    grid = np.geomspace(shortest, longest / _LONGEST_IN_RECORDS, _GRID)
    # ratio (1 - sum f missing) = sum f columns is linear in the fractions
    columns = data.columns(grid) + np.outer(data.ratio, data.missing(grid))
    weighted = data.drift.without(np.column_stack([columns, data.ratio]) / data.sigma[:, None])
    # Triangular, the same least squares have 13 rows instead of one for each frame.
    small = np.asarray(np.linalg.qr(weighted, mode="r"), np.float64)
    best: tuple[float, Values, Values] | None = None
    for chosen in combinations(range(_GRID), count):
        places = list(chosen)
        fractions, rest = nnls(small[:, places], small[:, -1])
        if best is None or rest < best[0]:
            best = (float(rest), fractions, grid[places])
    assert best is not None
    return best[1], best[2]
