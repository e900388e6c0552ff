"""Distributions and curves of a calibration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fpxi_imaging import Calibration
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.gain_model import GainModel
from fpxi_imaging.linearity import Linearity, Polynomial
from matplotlib.axes import Axes

from fpxi.calibration.picture.maps import say

Values = npt.NDArray[np.float64]

BINS = 80
SAMPLED = 4096
"""Pixels whose non-linearity is drawn, evenly spread."""
_BAND = (5.0, 95.0)
"""Percentiles of the pixels that a band, or an error bar, spans."""
_BLUE, _RED = "#2b6cb0", "#c05621"


def draw_histogram(axes: Axes, values: npt.NDArray[np.float32], title: str, unit: str) -> None:
    """Draw how the values of good pixels are distributed, with median and spread."""
    axes.set_title(title)
    known = values[np.isfinite(values)]
    if known.size == 0:
        say(axes, "not known")
        return
    low, middle, high = np.percentile(known, (0.1, 50.0, 99.9))
    if low == high:
        low, high = low - 0.5, high + 0.5
    axes.hist(known, bins=BINS, range=(low, high), color=_BLUE)
    axes.axvline(middle, color=_RED, linewidth=1)
    axes.set_yscale("log")
    axes.set_xlabel(unit)
    axes.set_ylabel("pixels")
    spread = float(np.percentile(known, 84.1) - np.percentile(known, 15.9)) / 2
    axes.text(
        0.98,
        0.96,
        f"median {middle:.4g}\nspread {spread:.3g}",
        ha="right",
        va="top",
        transform=axes.transAxes,
        fontsize="small",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1.5},
    )


def draw_exposures(axes: Axes, calibration: Calibration, good: npt.NDArray[np.bool_]) -> None:
    """Draw the darks' medians over their exposure, and the straight line through them."""
    axes.set_title("Offset over exposure")
    setting = calibration.conditions.gain_setting
    darks = [each for each in calibration.darks if each.conditions.gain_setting == setting]
    if len({dark.conditions.exposure_us for dark in darks}) < 2:
        say(axes, "darks of one exposure:\nothers need --exposures")
        return
    for dark in darks:
        _draw_dark(axes, dark, good)
    exposures_ms = np.array([dark.conditions.exposure_us / 1000 for dark in darks])
    medians = np.array([float(np.median(dark.mean[good])) for dark in darks])
    rate, bias = np.polyfit(exposures_ms, medians, 1)
    ends = np.array([0.0, exposures_ms.max() * 1.05])
    axes.plot(ends, bias + rate * ends, color=_RED, linewidth=1)
    axes.set_xlabel("exposure, ms")
    axes.set_ylabel("median dark and 5 to 95 %, counts")
    axes.text(
        0.03,
        0.96,
        f"{bias:.4g} + {rate:.3g} counts/ms",
        va="top",
        transform=axes.transAxes,
        fontsize="small",
    )


def draw_linearity(axes: Axes, gain: GainModel, good: npt.NDArray[np.bool_]) -> None:
    """Draw by how much responses depart from a straight line, up to the highest flat."""
    axes.set_title("Departure from a straight line")
    if gain.linearity is None:
        levels = len(gain.levels)
        text = "one level of flats:\nmore need --levels"
        if levels > 1:
            text = f"{levels} levels of flats,\ntaken as a straight line"
        say(axes, text)
        return
    rows, columns = (axis[:: max(1, axis.size // SAMPLED)] for axis in np.nonzero(good))
    top = gain.normalisation
    signals = np.linspace(top / 50, top, 100)
    maps = {name: array[:, rows, columns] for name, array in vars(gain.linearity).items()}
    departures = np.array([100 * (_value(type(gain.linearity), maps, u) / u - 1) for u in signals])
    low, middle, high = np.nanpercentile(departures, (_BAND[0], 50.0, _BAND[1]), axis=1)
    axes.fill_between(signals, low, high, color=_BLUE, alpha=0.25, linewidth=0)
    axes.plot(signals, middle, color=_BLUE)
    for level in gain.levels:
        axes.axvline(level.target, color=_RED, linewidth=0.7, linestyle=":")
    axes.axhline(0, color="0.6", linewidth=0.7)
    axes.set_xlabel("signal, counts (dotted: the flats)")
    axes.set_ylabel("correction of the median\nand 5 to 95 % of pixels, %")


def _draw_dark(axes: Axes, dark: DarkMap, good: npt.NDArray[np.bool_]) -> None:
    low, middle, high = np.percentile(dark.mean[good], (_BAND[0], 50.0, _BAND[1]))
    axes.errorbar(
        dark.conditions.exposure_us / 1000,
        middle,
        [[middle - low], [high - middle]],
        fmt="o",
        color=_BLUE,
        capsize=3,
        markersize=4,
    )


def _value(kind: type[Linearity], maps: dict[str, npt.NDArray[np.float32]], u: float) -> Values:
    """Return what sampled pixels' values become, as `linearity` defines it."""
    if kind is Polynomial:
        coefficients = maps["coefficients"]
        bent = np.zeros(coefficients.shape[1])
        for power, coefficient in enumerate(coefficients, start=1):
            bent += coefficient * u**power
        return u * (1 + bent)
    segment = (maps["knots"] <= u).sum(axis=0)
    pixel = np.arange(segment.size)
    value: Values = u * maps["slopes"][segment, pixel].astype(np.float64)
    value += maps["intercepts"][segment, pixel]
    return value
