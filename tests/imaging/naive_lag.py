"""The recursive lag correction in plain numpy: slow, obvious, and what the kernel must agree with.

The law. A trap takes the share f of the current I and gives it back with the time constant tau:
dq/dt = f I - q / tau. With s = q / (f tau), a current, ds/dt = (I - s) / tau: s goes to I, and
equals it in equilibrium.

One frame. The current is I throughout the window T, and s at its begin. The charge trapped in it is
f I T. Released are the integral of q / tau = f s(t) = f (I + (s - I) e^(-t / tau)), which is
f (I T + (s - I) tau (1 - e^(-T / tau))). With w = tau / T (1 - e^(-T / tau)), the frame reads, as
a mean current,

    y = I - f I + f (I + (s - I) w) = I (1 - f w) + f w s,

and with several traps and the pixel's multiplier m, y = x (1 - m sum f w) + m sum f w s, where x is
what the frame would hold without lag. Solved for x:

    x = (y - m sum f w s) / (1 - m sum f w).

Between the begins of two frames, dt apart, the exposure is taken to go on: the states go from s to
x + (s - x) e^(-dt / tau). So the correction is exact for any frame times and lost frames, as long
as the exposure changes only where a frame begins, and holds to its last value across lost frames.

What the law leaves open:

- The first finite sample of a pixel sets its states to it, the equilibrium: x = y. A recording
  that begins in the dark begins with y near 0, so that full and empty traps come to the same; one
  that begins within the decay of an earlier exposure is corrected for what follows only.
- Without a finite sample (row lost, NaN, infinite) the output is NaN; the states go on towards the
  last x.
- A saturated sample counts as it is: its x is a lower bound, and so is what is subtracted later.
- The same time again goes on from the same states, and gives the same; an earlier one, as of a
  device that started anew, starts anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from fpxi_imaging.lag.model import LagModel

Values = npt.NDArray[np.float64]


class NaiveLag:
    """The state of one panel. One exposure time; values in counts of the median pixel."""

    def __init__(self, model: LagModel, exposure_us: int, shape: tuple[int, int]) -> None:
        self._fractions = np.array(model.fractions, np.float64)[:, None, None]
        self._tau_us = np.array(model.time_constants_s, np.float64)[:, None, None] * 1e6
        window = -np.expm1(-exposure_us / self._tau_us) * self._tau_us / exposure_us
        multiplier = np.ones(shape) if model.multiplier is None else model.multiplier.astype(float)
        self._weights = multiplier * self._fractions * window
        self._states = np.full((model.components, *shape), np.nan)
        self._last = np.full(shape, np.nan)
        self._time_us: int | None = None

    def correct(self, values: npt.NDArray[Any], time_us: int) -> Values:
        """Return a frame (rows, cols) without its lag; NaN where it has no finite value."""
        y = np.asarray(values, np.float64)
        if self._time_us is not None and time_us >= self._time_us:
            self._advance(time_us - self._time_us)
        else:
            self._states[:] = np.nan
            self._last[:] = np.nan
        self._time_us = time_us
        arrived = np.isfinite(y)
        new = arrived & np.isnan(self._last)
        self._states = np.where(new, y, self._states)
        released = np.sum(self._weights * self._states, axis=0)
        x = (y - released) / (1.0 - self._weights.sum(axis=0))
        x = np.where(new, y, x)
        self._last = np.where(arrived, x, self._last)
        return np.where(arrived, x, np.nan)

    def _advance(self, elapsed_us: int) -> None:
        left = np.exp(-elapsed_us / self._tau_us)
        self._states = self._last + (self._states - self._last) * left


def correct_sequence(
    frames: npt.NDArray[Any], times_us: npt.NDArray[np.int64], exposure_us: int, model: LagModel
) -> Values:
    """Correct frames (frames, rows, cols) one after the other."""
    naive = NaiveLag(model, exposure_us, frames.shape[1:])
    return np.stack(
        [naive.correct(frame, int(time)) for frame, time in zip(frames, times_us, strict=True)]
    )
