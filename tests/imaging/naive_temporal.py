"""Zinger rejection and motion detection as their documentation says it, slowly, in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from fpxi_imaging import PixelFlag as F


class NaiveZingers:
    """Remembers, of every pixel, a reference, how many frames are in it, a rejection, a fall."""

    def __init__(self, calibration: Any, sigma: float) -> None:
        self.calibration = calibration
        self.sigma = sigma
        self.reference = np.zeros(calibration.shape)
        self.frames = np.zeros(calibration.shape, int)
        self.rejected = np.zeros(calibration.shape, bool)
        self.fell = np.zeros(calibration.shape, bool)

    def take(self, row: int, values: Any) -> tuple[Any, Any]:
        """Return a row's values, and which of them are its references instead."""
        values = values.copy()
        for column in range(len(values)):
            self.take_one((row, column), values)
        return values, self.rejected[row].copy()

    def take_one(self, at: tuple[int, int], values: Any) -> None:
        value, mean, n = values[at[1]], self.reference[at], self.frames[at]
        if n == 0 or not math.isfinite(mean):
            self.begin(at, value)
            return
        model = self.calibration
        variance = model.dark_noise**2 + model.noise_per_count * max(mean, 0)
        limit = self.sigma * math.sqrt(variance * (1 + 1 / n))
        if abs(value - mean) <= limit:
            self.frames[at] = min(n + 1, 4)
            self.reference[at] += (value - mean) / self.frames[at]
            self.rejected[at] = self.fell[at] = False
        elif value > mean and not self.rejected[at]:
            values[at[1]] = mean
            self.rejected[at], self.fell[at] = True, False
        elif value < mean and not self.fell[at]:
            self.rejected[at], self.fell[at] = False, True
        else:
            self.begin(at, value)

    def begin(self, at: tuple[int, int], value: float) -> None:
        self.reference[at], self.frames[at] = value, 1
        self.rejected[at] = self.fell[at] = False


class NaiveMotion:
    """A recursive average that begins anew where a 3x3 mean of |difference| is large."""

    def __init__(self, calibration: Any, averaging: Any) -> None:
        self.calibration = calibration
        self.averaging = averaging
        self.mean = np.full(calibration.shape, np.nan)
        self.frames = np.zeros(calibration.shape, int)
        self.held = np.zeros(calibration.shape, int)
        self.rest = np.zeros(calibration.shape, int)
        self.zinger_rest = np.zeros(calibration.shape, int)

    def take(self, values: Any, counts: Any, rejected: Any, received: Any) -> tuple[Any, Any]:
        """Return means and flags; NaN in values where no row came."""
        old = self.mean.copy()
        for at in np.ndindex(values.shape):
            if not received[at[0]]:
                continue
            anew = self.frames[at] == 0 or self.moved(at, values, old, received)
            self.frames[at] = 1 if anew else min(self.frames[at] + 1, self.averaging.frames)
            change = 0 if anew else (values[at] - old[at]) / self.frames[at]
            self.mean[at] = values[at] if anew else old[at] + change
            self.hold(at, int(counts[at]), anew)
            rest = 0 if anew else max(self.zinger_rest[at] - 1, 0)
            self.zinger_rest[at] = self.averaging.hold_frames if rejected[at] else rest
        held = self.held | np.where(self.zinger_rest > 0, int(F.ZINGER), 0)
        flags = np.where(self.frames == 0, int(F.MISSING), held)
        return np.where(self.frames == 0, np.nan, self.mean), flags.astype(np.uint8)

    def moved(self, at: tuple[int, int], values: Any, old: Any, received: Any) -> bool:
        differences = []
        for row in range(max(0, at[0] - 1), min(len(values), at[0] + 2)):
            for column in range(max(0, at[1] - 1), min(values.shape[1], at[1] + 2)):
                difference = abs(values[row, column] - old[row, column])
                if received[row] and not math.isnan(difference):
                    differences.append(difference)
        if not differences or math.isnan(old[at]):
            return False
        model = self.calibration
        variance = model.dark_noise**2 + model.noise_per_count * max(old[at], 0)
        sigma = math.sqrt(variance * (1 + 1 / self.frames[at]))
        return float(np.mean(differences)) > self.averaging.motion_sigma * sigma

    def hold(self, at: tuple[int, int], counts: int, anew: bool) -> None:
        self.rest[at] = max(self.rest[at] - 1, 0)
        if self.rest[at] == 0:
            self.held[at] = 0
        kind = F.SATURATED if counts >= self.calibration.saturation_level else F(0)
        kind |= F.CUT_OFF if counts == 0 else F(0)
        if kind:
            self.rest[at] = self.averaging.hold_frames
            self.held[at] |= int(kind)
        elif anew:
            self.rest[at] = self.held[at] = 0
