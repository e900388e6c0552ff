"""Textbook estimators on samples: mean, standard deviation, slope, and what follows from them.

They are given numbers that an instrument delivers (counts, currents) and the settings a user knows
(dose rate, pixel area, full-scale charge). They know nothing of the simulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating[Any]]

BOLTZMANN_EV_K = 8.617333262e-5
_REPETITIONS = 10


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line by least squares, and the standard errors of its two figures."""

    slope: float
    intercept: float
    slope_error: float
    intercept_error: float


def fit_line(x: npt.ArrayLike, y: npt.ArrayLike) -> Line:
    """Fit y = intercept + slope x to three points or more, all of the same weight."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    spread = float(np.sum((x - x.mean()) ** 2))
    slope = float(np.sum((x - x.mean()) * (y - y.mean()))) / spread
    intercept = float(y.mean() - slope * x.mean())
    variance = float(np.sum((y - intercept - slope * x) ** 2)) / (x.size - 2)
    return Line(
        slope,
        intercept,
        (variance / spread) ** 0.5,
        (variance * (1 / x.size + x.mean() ** 2 / spread)) ** 0.5,
    )


def current_pA(counts: npt.ArrayLike, *, fC_per_count: float, integration_s: float) -> Values:
    """Current that brought these counts above the dark ones, in pA: fC in a ms are pA."""
    return np.asarray(counts, float) * fC_per_count / (integration_s * 1e3)


def sensitivity_uC_Gy_cm2(
    dose_rates_Gy_s: npt.ArrayLike, signal_currents_pA: npt.ArrayLike, area_cm2: float
) -> Line:
    """Slope of the signal current density against the dose rate, in µC/Gy/cm²."""
    return fit_line(dose_rates_Gy_s, np.asarray(signal_currents_pA, float) * 1e-6 / area_cm2)


def signal_to_noise(signal: Values, dark: Values) -> float:
    """Mean signal over noise of samples (samples, ...); the noise is that of the irradiated ones.

    Signal and noise of every pixel are taken over its samples in time: SNR = (J_p - J_d) / J_n,
    J_n the standard deviation of the photocurrent's samples. Panels: mean signal over the
    root mean square noise of the pixels.
    """
    mean = float(np.mean(signal.mean(axis=0) - dark.mean(axis=0)))
    return mean / float(np.sqrt(np.mean(signal.var(axis=0, ddof=1))))


def crossing(x: npt.ArrayLike, y: npt.ArrayLike, level: float) -> float:
    """Return x where y first reaches `level`, on the straight line between two points.

    ValueError if it never does: nothing is extrapolated.
    """
    x, y = np.asarray(x, float), np.asarray(y, float) - level
    changes = np.flatnonzero(y[:-1] * y[1:] <= 0)
    if changes.size == 0:
        raise ValueError(f"nothing crosses {level}: {y.min() + level} to {y.max() + level}")
    at = changes[0]
    return float(x[at] - y[at] * (x[at + 1] - x[at]) / (y[at + 1] - y[at]))


def limit_of_detection(dose_rates: npt.ArrayLike, ratios: npt.ArrayLike, *, at: float = 3) -> float:
    """Dose rate at which the signal-to-noise ratio is 3, on lines in the double logarithm."""
    logarithm = crossing(np.log(dose_rates), np.log(np.asarray(ratios, float)), np.log(at))
    return float(np.exp(logarithm))


def quanta(lit: Values, dark: Values) -> Values:
    """Mean squared over variance of each pixel: events in a sample of a Poisson process.

    Frames (frames, ...) with and without beam; what the dark has of both is subtracted. The
    variance is half that of the differences of successive frames, so that drift leaves it alone;
    a pixel's own gain cancels.
    """
    mean = lit.mean(axis=0) - dark.mean(axis=0)
    variance = (np.diff(lit, axis=0).var(axis=0) - np.diff(dark, axis=0).var(axis=0)) / 2
    return mean**2 / variance


@dataclass(frozen=True, slots=True)
class LinearRange:
    """The dose rates within which the response keeps to a straight line."""

    lowest: float
    highest: float

    @property
    def decibels(self) -> float:
        return 20 * float(np.log10(self.highest / self.lowest))


def linear_range(
    dose_rates: npt.ArrayLike, signals: npt.ArrayLike, *, deviation: float
) -> LinearRange:
    """Widest run of dose rates whose signal is `deviation` or less off the proportional line.

    The line goes through the origin; its slope is the median response within the run, found by
    repetition from that of all. Where the run ends, the deviation is taken to change evenly with
    the dose rate's logarithm; nothing is said beyond the ends.
    """
    dose_rates, signals = np.asarray(dose_rates, float), np.asarray(signals, float)
    response = signals / dose_rates
    longest = np.arange(response.size)
    for _ in range(_REPETITIONS):
        off = np.abs(response / np.median(response[longest]) - 1)
        runs = np.split(np.arange(off.size), np.flatnonzero(np.diff(off <= deviation)) + 1)
        longest = max((run for run in runs if off[run[0]] <= deviation), key=len)
    ends = []
    for inside, outside in ((longest[0], longest[0] - 1), (longest[-1], longest[-1] + 1)):
        end = np.log(dose_rates[inside])
        if 0 <= outside < off.size:
            part = (deviation - off[inside]) / (off[outside] - off[inside])
            end += part * np.log(dose_rates[outside] / dose_rates[inside])
        ends.append(float(np.exp(end)))
    return LinearRange(*ends)


def activation_energy_eV(temperatures_K: npt.ArrayLike, conductivities: npt.ArrayLike) -> Line:
    """Slope of -ln(sigma T) against 1 / kT, in eV (Nernst-Einstein)."""
    kelvin = np.asarray(temperatures_K, float)
    return fit_line(
        1 / (BOLTZMANN_EV_K * kelvin), -np.log(np.asarray(conductivities, float) * kelvin)
    )


@dataclass(frozen=True, slots=True)
class NoiseSpectrum:
    """One-sided spectrum of samples in time: frequencies and amplitude per root hertz."""

    hertz: Values
    amplitude: Values

    def at(self, hertz: float) -> float:
        """Amplitude on the straight line in the double logarithm through the whole spectrum."""
        line = fit_line(np.log(self.hertz), np.log(self.amplitude))
        return float(np.exp(line.intercept + line.slope * np.log(hertz)))

    def below(self, hertz: float) -> NoiseSpectrum:
        """Leave out what the averaging of each sample over its interval damps."""
        kept = self.hertz <= hertz
        return NoiseSpectrum(self.hertz[kept], self.amplitude[kept])

    @property
    def power_slope(self) -> Line:
        """Exponent of the power against the frequency: -1 of 1/f noise."""
        return fit_line(np.log(self.hertz), 2 * np.log(self.amplitude))


def noise_spectrum(samples: Values, sampling_hertz: float, segment: int) -> NoiseSpectrum:
    """Welch: mean periodogram of half-overlapping Hann segments of samples (samples,)."""
    window = np.hanning(segment + 1)[:-1]
    starts = range(0, samples.size - segment + 1, segment // 2)
    power = np.zeros(segment // 2 + 1)
    for start in starts:
        part = samples[start : start + segment]
        power += np.abs(np.fft.rfft((part - part.mean()) * window)) ** 2
    power *= 2 / (len(starts) * sampling_hertz * np.sum(window**2))
    hertz = np.fft.rfftfreq(segment, 1 / sampling_hertz)
    inner = slice(2, -1)  # the window leaks the removed mean into the first; the last is half
    return NoiseSpectrum(hertz[inner], np.sqrt(power[inner]))


def remaining(after: npt.ArrayLike, lit: float, dark: float) -> Values:
    """Signal after the beam went off as a fraction of the signal in it: lag, or afterglow."""
    return (np.asarray(after, float) - dark) / (lit - dark)
