"""The offset of each pixel as bias + rate x exposure, fitted to darks of several exposures.

Exposures are weighted by the noise of their mean, as the median pixel has it, so that one linear
estimator serves all pixels: bias = sum a_e mean_e, rate = sum b_e mean_e. Each pixel's uncertainty
is propagated through it from its own noise at each exposure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.defects.thresholds import QUANTISATION_SIGMA

Image = npt.NDArray[np.float64]
Map = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class OffsetModel:
    """offset = bias + rate x exposure between those fitted; arrays (rows, cols), float64."""

    bias: Image
    """Counts."""
    rate: Image
    """Counts a second."""
    bias_uncertainty: Image
    """Standard uncertainty, counts; NaN where the noise of the darks is not known."""
    rate_uncertainty: Image
    """Standard uncertainty, counts a second; likewise."""
    covariance: Image
    """Of bias and rate, counts squared a second; likewise."""
    goodness: float
    """Median squared deviation from the line over what noise explains: 1 where the line holds; NaN
    for two exposures, which a line always meets."""
    residual: float
    """Root median square of the deviations from the line, counts."""
    exposures_us: tuple[int, ...]
    """Fitted, in rising order."""
    gain_setting: int
    temperature_mC: int
    """Mean of the darks'."""

    def at(self, exposure_us: int) -> Image:
        """Return the offset at an exposure, counts."""
        return self.bias + self.rate * (exposure_us * 1e-6)

    def uncertainty_at(self, exposure_us: int) -> Image:
        """Return the standard uncertainty of the offset at an exposure, counts."""
        time = exposure_us * 1e-6
        variance = (
            self.bias_uncertainty**2
            + 2 * time * self.covariance
            + (time * self.rate_uncertainty) ** 2
        )
        return np.sqrt(np.maximum(variance, 0.0))


def fit_offset_model(darks: Sequence[DarkMap]) -> OffsetModel:
    """Fit darks of two or more exposures, each given once, of one gain setting and temperature."""
    darks = sorted(darks, key=lambda dark: dark.conditions.exposure_us)
    times = np.array([dark.conditions.exposure_us * 1e-6 for dark in darks])
    weights = 1 / np.array([_median_error(dark) ** 2 for dark in darks])
    of_bias, of_rate = _estimators(times, weights)
    bias, rate = (_combined(each, [dark.mean for dark in darks]) for each in (of_bias, of_rate))
    squares = [dark.uncertainty**2 for dark in darks]
    goodness, residual = _deviations(darks, times, bias, rate, squares)
    first = darks[0].conditions
    return OffsetModel(
        bias=bias,
        rate=rate,
        bias_uncertainty=np.sqrt(_combined(of_bias**2, squares)),
        rate_uncertainty=np.sqrt(_combined(of_rate**2, squares)),
        covariance=_combined(of_bias * of_rate, squares),
        goodness=goodness,
        residual=residual,
        exposures_us=tuple(dark.conditions.exposure_us for dark in darks),
        gain_setting=first.gain_setting,
        temperature_mC=round(float(np.mean([dark.conditions.temperature_mC for dark in darks]))),
    )


def _median_error(dark: DarkMap) -> float:
    """Return the standard error of the median pixel's mean, counts; at least of quantisation."""
    known = dark.noise[np.isfinite(dark.noise)]
    noise = float(np.median(known)) if known.size else QUANTISATION_SIGMA
    return max(noise, QUANTISATION_SIGMA) / float(np.sqrt(max(dark.frames, 1)))


def _estimators(times: Image, weights: Image) -> tuple[Image, Image]:
    """Return what each exposure counts towards bias and rate: weighted least squares of a line."""
    design = np.stack([np.ones_like(times), times], axis=1)
    normal = design.T @ (weights[:, None] * design)
    of_bias, of_rate = np.linalg.solve(normal, design.T * weights)
    return of_bias, of_rate


def _combined(factors: Image, images: Sequence[npt.NDArray[np.floating]]) -> Image:
    total = np.zeros(images[0].shape)
    for factor, image in zip(factors, images, strict=True):
        total += factor * image
    return total


def _deviations(
    darks: Sequence[DarkMap], times: Image, bias: Image, rate: Image, squares: Sequence[Map]
) -> tuple[float, float]:
    """Return goodness and residual."""
    total, excess = np.zeros(bias.shape), np.zeros(bias.shape)
    for dark, time, square in zip(darks, times, squares, strict=True):
        deviation = (dark.mean - bias - rate * time) ** 2
        total += deviation
        excess += deviation / np.maximum(square, QUANTISATION_SIGMA**2 / max(dark.frames, 1))
    freedom = len(darks) - 2
    residual = float(np.sqrt(_median(total / len(darks))))
    if freedom < 1:
        return float("nan"), residual
    return _median(excess) / float(chdtri(freedom, 0.5)), residual


def _median(image: Image) -> float:
    known = image[np.isfinite(image)]
    return float(np.median(known)) if known.size else float("nan")
