"""1/f noise of the dark current: S_I(f) = K I^2 / f between two frequencies.

It is a sum of Ornstein-Uhlenbeck processes x_k whose time constants are spread evenly in their
logarithm: variance K per unit of ln(tau) makes K / f. A scan sees the sum's mean over its
integration window. That mean and all later ones are jointly normal, so they are drawn one after
the other from their conditional law given the earlier ones: one normal number a pixel and scan
serves all processes. The conditional means are maps, the conditional covariance (the Kalman
filter's) is the same for all pixels. The law is exact for windows and gaps of any length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.limits import require

Map = npt.NDArray[np.float32]
Field = npt.NDArray[np.float64]
_SHORT = 1e-2
"""window in time constants below which a series is better than the closed form"""
_LARGEST_VARIANCE = 0.01
"""of the dark current, relative: a fluctuation of ten standard deviations turns no current round"""


@dataclass(frozen=True, slots=True)
class FilmNoise:
    """Flicker of the dark current; with no strength, there is none.

    Raises
    ------
    UnphysicalError
        A parameter is out of its limits, or the fluctuations exceed a tenth of the current (rms).

    """

    strength: float = 0.0
    """K, the current's relative noise power in a logarithmic unit of frequency"""
    lowest_Hz: float = 1e-4
    highest_Hz: float = 1e3

    def __post_init__(self) -> None:
        require("lowest_Hz", self.lowest_Hz, least=1e-9)
        require("highest_Hz", self.highest_Hz, above=self.lowest_Hz, most=1e9)
        require("strength", self.strength, least=0.0)
        require("variance of the dark current", self.variance, most=_LARGEST_VARIANCE)

    @property
    def variance(self) -> float:
        """Variance of the relative fluctuation: K ln(highest / lowest)."""
        return self.strength * math.log(self.highest_Hz / self.lowest_Hz)

    @property
    def time_constants_s(self) -> Field:
        """Of the processes, one a decade or closer, float64 (processes,)."""
        slowest, fastest = (1.0 / (2.0 * math.pi * f) for f in (self.lowest_Hz, self.highest_Hz))
        decades = round(math.log10(slowest / fastest), 6)  # whole ones on every platform's libm
        count = max(math.ceil(decades), 1)
        places = (np.arange(count) + 0.5) / count
        return fastest * np.power(slowest / fastest, places)


class _Passage:
    """What a gap and a window after it do to the processes' law.

    Vectors are float64 (processes,), matrices (processes, processes); `variance` is a process'.
    """

    def __init__(self, taus_s: Field, variance: float, gap_s: float, window_s: float) -> None:
        before = np.exp(-gap_s / taus_s)
        steps = window_s / taus_s
        through = np.exp(-steps)
        average = -np.expm1(-steps) / steps
        self.mean_weight = (before * average).astype(np.float32)
        self.decay = (before * through).astype(np.float32)
        self.gap_gain = np.outer(before, before)
        self.gap_noise = np.diag(-variance * np.expm1(-2.0 * gap_s / taus_s))
        self.window_gain = np.outer(through, through)
        self.window_noise = np.diag(-variance * np.expm1(-2.0 * steps))
        self.average = average
        self.through = through
        self.own_shared = -variance * average * np.expm1(-steps)
        """covariance of the mean's and the end's own noise in the window"""
        self.own_variance = variance * float(_spread_of_mean(steps).sum())
        """of the mean's own noise in the window"""


class Flicker:
    """The relative fluctuation of each pixel's dark current."""

    def __init__(self, noise: FilmNoise, shape: tuple[int, int]) -> None:
        self._taus_s = noise.time_constants_s
        count = len(self._taus_s)
        self._variance = noise.variance / count
        self._expected = np.zeros((count, *shape), np.float32)
        self._covariance = np.eye(count) * self._variance
        self._work = np.empty(shape, np.float32)
        self._passage_of: tuple[float, float] | None = None

    def mean(self, gap_s: float, window_s: float, random: np.random.Generator) -> Map:
        """Pass a gap and a window; return the fluctuation's mean over the window, float32."""
        if self._passage_of != (gap_s, window_s):
            self._passage = _Passage(self._taus_s, self._variance, gap_s, window_s)
            self._passage_of = (gap_s, window_s)
        follow, variance = self._condition(self._passage)
        news = random.standard_normal(self._work.shape, dtype=np.float32)
        news *= np.float32(math.sqrt(variance))
        return self._follow(self._passage, follow.astype(np.float32), news)

    def _condition(self, passage: _Passage) -> tuple[Field, float]:
        """Take the coming mean as known: how the processes follow it, and its variance before."""
        covariance = self._covariance * passage.gap_gain
        covariance += passage.gap_noise
        with_mean = (covariance * passage.average).sum(axis=1)
        variance = float((with_mean * passage.average).sum()) + passage.own_variance
        shared = passage.through * with_mean + passage.own_shared
        follow: Field = shared / variance
        covariance *= passage.window_gain
        covariance += passage.window_noise
        covariance -= follow[:, None] * shared
        self._covariance = covariance
        return follow, variance

    def _follow(self, passage: _Passage, follow: Map, news: Map) -> Map:
        """Move the expected processes on, and return the mean that the news makes."""
        mean = news.copy()
        work = self._work
        for expected, weight, decay, share in zip(
            self._expected, passage.mean_weight, passage.decay, follow, strict=True
        ):
            mean += np.multiply(expected, weight, out=work)
            np.multiply(expected, decay, out=expected)
            np.add(expected, np.multiply(news, share, out=work), out=expected)
        return mean


def _spread_of_mean(steps: Field) -> Field:
    """Variance of a process' mean over a window, given its value at the window's begin.

    It is relative to the process' variance; `steps` are windows in time constants. For short
    windows, where the closed form is a difference of nearly equal numbers, its series.
    """
    powers = (2.0 / 3.0, -1.0 / 2.0, 7.0 / 30.0, -1.0 / 12.0)
    short = sum(factor * steps**n for n, factor in enumerate(powers, start=1))
    long_steps = np.maximum(steps, _SHORT)
    mean = -np.expm1(-long_steps) / long_steps
    closed = 2.0 * (long_steps - 1.0 + np.exp(-long_steps)) / long_steps**2 - mean**2
    return np.where(steps < _SHORT, short, closed)
