"""The correction as its documentation says it, slowly: pixel by pixel or row by row, in float64."""

from __future__ import annotations

from typing import Any

import fpxi_imaging as im
import numpy as np
from fpxi_imaging import AveragingMode
from fpxi_imaging import PixelFlag as F
from fpxi_imaging.linearity import Polynomial
from naive_repair import naive_repair
from naive_temporal import NaiveMotion, NaiveZingers


class NaivePipeline:
    """Takes frames one after the other, as a `Corrector` does."""

    def __init__(self, calibration: im.ResolvedCalibration, processing: im.Processing) -> None:
        self.calibration = calibration
        self.processing = processing
        self.reset()

    def reset(self) -> None:
        """Forget all earlier frames."""
        self.zingers = None
        if self.processing.zinger_sigma is not None:
            self.zingers = NaiveZingers(self.calibration, self.processing.zinger_sigma)
        self.lags: list[NaiveLag | None] = [None] * self.calibration.shape[0]
        self.reset_average()

    def reset_average(self) -> None:
        """Begin a new average."""
        self.taken = 0
        self.kept: list[list[tuple[Any, Any, Any]]] = [[] for _ in self.lags]
        self.motion = None
        if self.processing.averaging.motion_sigma is not None:
            self.motion = NaiveMotion(self.calibration, self.processing.averaging)

    def recalibrate(self, calibration: im.ResolvedCalibration) -> None:
        """Go on with another calibration, of the same noise and lag."""
        self.calibration = calibration

    def take(self, samples: Any, received: Any, time_us: int = 0) -> tuple[Any, Any]:
        """Return values and flags."""
        averaging = self.processing.averaging
        if averaging.mode is AveragingMode.BLOCK and self.taken == averaging.frames:
            self.reset_average()
        self.taken += 1
        linear = self.linear(samples)
        bad = self.calibration.defects | self.calibration.not_imaging
        values = np.full(samples.shape, np.nan)
        flags = np.zeros(samples.shape, np.uint8)
        counts, rejected = samples.copy(), np.zeros(samples.shape, bool)
        frame = np.full(samples.shape, np.nan)
        for row in range(len(samples)):
            if averaging.mode is AveragingMode.NONE:
                self.kept[row] = []
            if received[row]:
                value = self.unlag(row, np.where(bad[row], np.nan, linear[row]), time_us)
                if self.zingers is not None:
                    value, rejected[row] = self.zingers.take(row, value)
                    counts[row, rejected[row]] = 1
                self.kept[row].append((value, counts[row], rejected[row]))
                frame[row] = value
            if self.kept[row]:
                values[row], flags[row] = self.average(row)
            else:
                flags[row] = F.MISSING
        if self.motion is not None:
            values, flags = self.motion.take(frame, counts, rejected, received)
        values[bad] = np.nan
        flags[bad & (flags != F.MISSING)] = F.UNREPAIRABLE
        flags[self.calibration.not_imaging] = F.NOT_IMAGING
        if self.processing.repair:
            values, flags = self.repaired(values, flags)
        if self.processing.scale is im.Scale.TRANSMISSION:
            values /= self.calibration.normalisation
        return values, flags

    def linear(self, samples: Any) -> Any:
        calibration = self.calibration
        u = (samples.astype(float) - calibration.offset) * calibration.gain.astype(float)
        linearity = calibration.linearity
        if linearity is None:
            return u
        if isinstance(linearity, Polynomial):
            coefficients = linearity.coefficients.astype(float)
            return u * (1 + sum(c * u ** (n + 1) for n, c in enumerate(coefficients)))
        segment = np.sum([knots <= u for knots in linearity.knots], axis=0, dtype=int)
        slope = np.take_along_axis(linearity.slopes, segment[None], axis=0)[0]
        intercept = np.take_along_axis(linearity.intercepts, segment[None], axis=0)[0]
        return slope.astype(float) * u + intercept

    def unlag(self, row: int, values: Any, time_us: int) -> Any:
        model = self.calibration.lag
        if not self.processing.lag or model is None:
            return values
        lag = self.lags[row]
        if lag is None or time_us < lag.time_us:
            factor = 1.0 if model.multiplier is None else model.multiplier[row].astype(float)
            lag = self.lags[row] = NaiveLag(model, factor, values, time_us)
        return lag.take(values, time_us, self.calibration.conditions.exposure_us)

    def average(self, row: int) -> tuple[Any, Any]:
        averaging = self.processing.averaging
        kept = self.kept[row]
        values = np.array([value for value, _, _ in kept])
        if averaging.mode is AveragingMode.RUNNING:
            mean = values[-averaging.frames :].mean(axis=0)
        elif averaging.mode is AveragingMode.MEDIAN:
            mean = np.median(values[-averaging.frames :], axis=0)
        elif averaging.mode is AveragingMode.RECURSIVE:
            mean = values[0]
            for number, value in enumerate(values[1:], start=2):
                mean = mean + (value - mean) / min(number, averaging.frames)
        else:
            mean = values.mean(axis=0)
        zingers = np.any([gone for _, _, gone in kept[-averaging.hold_frames :]], axis=0)
        return mean, self.held(row) | np.where(zingers, np.uint8(F.ZINGER), np.uint8(0))

    def held(self, row: int) -> Any:
        """Return what counts flag a row; if two kinds follow each other closely, both stay."""
        hold = self.processing.averaging.hold_frames
        level = self.calibration.saturation_level
        flags = []
        for column in range(self.calibration.shape[1]):
            held, rest = F(0), 0
            for _, counts, _ in self.kept[row]:
                rest -= 1
                held = held if rest > 0 else F(0)
                kind = F.SATURATED if counts[column] >= level else F(0)
                kind |= F.CUT_OFF if counts[column] == 0 else F(0)
                rest = hold if kind else rest
                held |= kind
            flags.append(held)
        return np.array(flags, np.uint8)

    def repaired(self, values: Any, flags: Any) -> tuple[Any, Any]:
        good = ~(self.calibration.defects | self.calibration.not_imaging)
        values_after, flags_after = values.copy(), flags.copy()
        for at in zip(*np.nonzero(flags == F.UNREPAIRABLE), strict=True):
            values_after[at], flags_after[at] = naive_repair(at, values, flags, good)
        return values_after, flags_after


class NaiveLag:
    """One row's lag: `currents` are those of the components, `last` the last value."""

    def __init__(self, model: Any, multiplier: Any, values: Any, time_us: int) -> None:
        self.fractions = model.fractions
        self.constants_us = [seconds * 1e6 for seconds in model.time_constants_s]
        self.multiplier = multiplier
        self.currents = [values] * len(self.fractions)
        self.last = values
        self.time_us = time_us

    def take(self, values: Any, time_us: int, window_us: int) -> Any:
        lag, share = 0.0, 0.0
        for i, (fraction, constant) in enumerate(
            zip(self.fractions, self.constants_us, strict=True)
        ):
            decay = np.exp(-(time_us - self.time_us) / constant)
            self.currents[i] = self.last + (self.currents[i] - self.last) * decay
            weight = fraction * constant / window_us * (1 - np.exp(-window_us / constant))
            lag = lag + weight * self.currents[i]
            share += weight
        self.last = (values - self.multiplier * lag) / (1 - self.multiplier * share)
        self.time_us = time_us
        return self.last
