"""Output of an X-ray source over time, as a factor of what its current and voltage give.

On the device's clock t in seconds, the output is the product of

- drift: exp(drift_per_hour t / 3600), positive for ever;
- ripple: 1 + ripple cos(2 pi ripple_hz t). A self-rectified tube on 50 Hz mains, whose output goes
  with the square of the voltage, has ripple 1 at 100 Hz; six pulses about 0.2 at 300 Hz; a
  high-frequency generator some hundredths at tens of kHz;
- pulses: 1 for pulse_width_ms from every whole multiple of 1 / pulse_hz on, 0 between;
- shutter: 0 until shutter_opens_s, then rising as half a period of a cosine while the blade
  travels, and falling likewise from shutter_closes_s on;
- jitter: a factor of mean 1, gamma distributed, drawn for each pulse, or for each scan if there
  are no pulses. A pulse that reaches into two scans is drawn in each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.limits import require

Times = npt.NDArray[np.float64]
NO_CHANGE = 1e-16
"""relative change that a float near 1 cannot show"""
_Term = tuple[complex, complex]
"""c and r of a summand Re(c exp(r t))"""


@dataclass(frozen=True, slots=True)
class BeamOutput:
    """How the output varies; the neutral values, which are the default, keep it at 1.

    Raises
    ------
    UnphysicalError
        A value that no source can have.

    """

    ripple: float = 0.0
    """relative amplitude, 0 to 1"""
    ripple_hz: float = 100.0
    drift_per_hour: float = 0.0
    """relative rate of change, -1 to 1"""
    pulse_hz: float = 0.0
    """0: continuous"""
    pulse_width_ms: float = 0.0
    shutter_opens_s: float = 0.0
    """begins to; 0 without travel: it is open from the start"""
    shutter_closes_s: float = 0.0
    """begins to; 0: never"""
    shutter_travel_ms: float = 0.0
    jitter: float = 0.0
    """relative standard deviation, 0 to 1"""

    def __post_init__(self) -> None:
        """Refuse what no source can do."""
        require("ripple", self.ripple, least=0, most=1)
        require("ripple_hz", self.ripple_hz, above=0, most=1e6)
        require("drift_per_hour", self.drift_per_hour, least=-1, most=1)
        require("pulse_hz", self.pulse_hz, least=0, most=1e5)
        require("pulse_width_ms", self.pulse_width_ms, least=0)
        require("shutter_opens_s", self.shutter_opens_s, least=0)
        require("shutter_closes_s", self.shutter_closes_s, least=0)
        if self.shutter_travel_ms != 0:
            require("shutter_travel_ms", self.shutter_travel_ms, least=1e-3)
        require("jitter", self.jitter, least=0, most=1)
        if self.pulse_hz > 0:
            most_ms = 1000 / self.pulse_hz
            require("pulse_width_ms", self.pulse_width_ms, above=0, most=most_ms)
        elif self.pulse_width_ms > 0:
            raise UnphysicalError("pulse_hz", 0.0, "above 0 where pulses have a width")
        if self.shutter_closes_s > 0:
            open_s = self.shutter_opens_s + self.shutter_travel_ms / 1000
            require("shutter_closes_s", self.shutter_closes_s, least=open_s)


STEADY = BeamOutput()


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A stretch of time in which the output is one sum of exponentials."""

    begins_s: float
    ends_s: float
    factors: npt.NDArray[np.complex128]
    """(terms, 1)"""
    rates: npt.NDArray[np.complex128]
    """(terms, 1), 1/s"""
    full: bool
    """the output is 1"""


def relative_dose(
    output: BeamOutput, began_s: Times, duration_s: float, random: np.random.Generator
) -> Times:
    """Return the mean output over each window of time, exact but for rounding.

    Parameters
    ----------
    output
        how the source varies
    began_s
        float64 (n,): when each window begins on the device's clock, zero or more; one for each
        row under a rolling shutter
    duration_s
        of every window; of windows without length, the output is 1
    random
        stream of the scan's beam jitter

    Returns
    -------
    float64 (n,), zero or more; exactly 1 if the output is `STEADY`

    """
    require("duration_s", duration_s, least=0)
    if output == STEADY or duration_s == 0 or began_s.size == 0:
        return np.ones(began_s.shape)
    pieces = _pieces(output)
    if output.pulse_hz > 0:
        seconds = _pulsed_integral(output, pieces, began_s, duration_s, random)
    else:
        length_s = np.array(duration_s)
        seconds = _integral(pieces, began_s, length_s) * _jitter(output, 1, random)
    # Rounding can leave a little less than nothing where the source is off.
    return np.maximum(seconds / duration_s, 0.0)


def _jitter(output: BeamOutput, count: int, random: np.random.Generator) -> Times:
    if output.jitter < NO_CHANGE:
        return np.ones(count)
    variance = output.jitter**2
    return random.gamma(1 / variance, variance, count)


def _pulsed_integral(
    output: BeamOutput,
    pieces: tuple[_Piece, ...],
    began_s: Times,
    duration_s: float,
    random: np.random.Generator,
) -> Times:
    """Integrate the output of all pulses up to the ends of windows, less that to their begins."""
    ended_s = began_s + duration_s
    first, last = (math.floor(t * output.pulse_hz) for t in (began_s.min(), ended_s.max()))
    on_s = np.arange(first, last + 1) / output.pulse_hz
    width_s = np.array(output.pulse_width_ms / 1000)
    factor = _jitter(output, on_s.size, random)
    whole = np.concatenate([[0.0], np.cumsum(factor * _integral(pieces, on_s, width_s))])

    def until(time_s: Times) -> Times:
        pulse = np.floor(time_s * output.pulse_hz).astype(np.int64) - first
        begun_s = on_s[pulse]
        seen_s = np.minimum(np.maximum(time_s - begun_s, 0.0), width_s)
        return np.asarray(whole[pulse] + factor[pulse] * _integral(pieces, begun_s, seen_s))

    return until(ended_s) - until(began_s)


def _integral(pieces: tuple[_Piece, ...], from_s: Times, length_s: Times) -> Times:
    """Integrate the output, its pulses and its jitter apart, from each time on.

    `length_s` is of each stretch, or one () for all.
    """
    seconds = np.zeros(from_s.shape)
    begins_s, ends_s = from_s.min(), from_s.max() + length_s.max()
    for piece in pieces:
        if piece.begins_s <= begins_s and piece.ends_s >= ends_s:
            return length_s * _mean(piece, from_s, length_s)
        if piece.begins_s < ends_s and piece.ends_s > begins_s:
            low = np.minimum(np.maximum(from_s, piece.begins_s), piece.ends_s)
            high = np.minimum(np.maximum(from_s + length_s, piece.begins_s), piece.ends_s)
            seconds += (high - low) * _mean(piece, low, high - low)
    return seconds


def _mean(piece: _Piece, from_s: Times, length_s: Times) -> Times:
    """Return the mean of the piece's sum from each time on; (exp(z) - 1) / z is that of exp."""
    if piece.full:
        return np.ones(from_s.shape)
    exponent = piece.rates * length_s
    still = np.abs(exponent) < NO_CHANGE
    mean = np.where(still, 1, np.expm1(exponent) / np.where(still, 1, exponent))
    values = piece.factors * np.exp(piece.rates * from_s) * mean
    return np.asarray(values.real.sum(axis=0))


@cache
def _pieces(output: BeamOutput) -> tuple[_Piece, ...]:
    """Cut time where the shutter begins or ends to move."""
    drift = output.drift_per_hour / 3600
    terms: list[_Term] = [(1, drift)]
    if output.ripple > 0:
        terms.append((output.ripple, complex(drift, 2 * math.pi * output.ripple_hz)))
    travel_s = output.shutter_travel_ms / 1000
    opens_s = output.shutter_opens_s
    closes_s = output.shutter_closes_s or math.inf
    pieces = [_piece(opens_s + travel_s, closes_s, terms)]
    if travel_s > 0:
        rising = _moving(terms, opens_s, travel_s, sign=-1)
        pieces.append(_piece(opens_s, opens_s + travel_s, rising))
        if closes_s < math.inf:
            falling = _moving(terms, closes_s, travel_s, sign=1)
            pieces.append(_piece(closes_s, closes_s + travel_s, falling))
    return tuple(pieces)


def _moving(terms: list[_Term], since_s: float, travel_s: float, sign: int) -> list[_Term]:
    """Multiply terms by 1/2 + sign/2 cos(pi (t - since) / travel)."""
    rate = 1j * math.pi / travel_s
    moved: list[_Term] = []
    for factor, own_rate in terms:
        moved.append((factor / 2, own_rate))
        for side in (rate, -rate):
            shifted = sign * factor / 4 * np.exp(-side * since_s)
            moved.append((complex(shifted), own_rate + side))
    return moved


def _piece(begins_s: float, ends_s: float, terms: list[_Term]) -> _Piece:
    factors, rates = np.array(terms, dtype=np.complex128).T
    return _Piece(begins_s, ends_s, factors[:, np.newaxis], rates[:, np.newaxis], terms == [(1, 0)])
