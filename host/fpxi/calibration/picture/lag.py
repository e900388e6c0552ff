"""How the signal dies away after an exposure: frames, model, and what it leaves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fpxi_imaging import Calibration, LagModel, LagTrace
from matplotlib.axes import Axes

from fpxi.calibration.picture.maps import say

Values = npt.NDArray[np.float64]

POINTS_PER_DECADE = 8
"""More frames are drawn as their mean."""
_HEIGHTS = (2.4, 1.0)
"""Of the decay and of the residuals below it."""
_BLUE, _RED = "#2b6cb0", "#c05621"


def draw_lag(axes: Axes, calibration: Calibration) -> None:
    """Draw the frames after an exposure with their uncertainties, the model, and what it leaves.

    A model whose frames were not kept is drawn alone.
    """
    axes.set_title("Lag after an exposure")
    lag = calibration.lag
    if lag is None:
        say(axes, "not measured:\nneeds --lag")
    elif lag.trace is not None:
        _draw_trace(axes, lag, lag.trace)
    elif not lag.fractions:
        say(axes, "none above the noise")
    else:
        times_s = np.geomspace(max(lag.first_s, 1e-4), max(lag.last_s, 2 * lag.first_s), 200)
        axes.set_yscale("log")
        _draw_decay(axes, times_s, np.array([lag.residual_after(each) for each in times_s]))
        axes.set_xlabel("time after the exposure, s")
        _tell(axes, lag)


def _draw_trace(axes: Axes, lag: LagModel, trace: LagTrace) -> None:
    place, figure = axes.get_subplotspec(), axes.get_figure()
    assert place is not None
    assert figure is not None
    grid = place.subgridspec(2, 1, height_ratios=_HEIGHTS, hspace=0.0)
    below = figure.add_subplot(grid[1], sharex=axes)
    axes.set_subplotspec(grid[0])
    axes.tick_params(labelbottom=False)
    points = trace.grouped(POINTS_PER_DECADE)
    _draw_points(axes, points, points.measured)
    _draw_decay(axes, trace.times_s, trace.fitted)
    _set_scale(axes, points, trace.fitted)
    _tell(axes, lag)
    _draw_points(below, points, points.measured - points.fitted)
    below.axhline(0.0, color=_BLUE, linewidth=1)
    below.set_xlabel("time after the exposure, s (frames, means of later ones)")
    below.set_ylabel("residual, %")


def _draw_points(axes: Axes, points: LagTrace, values: Values) -> None:
    axes.errorbar(
        points.times_s,
        100 * values,
        100 * points.uncertainty,
        fmt="o",
        color=_RED,
        markersize=2.5,
        elinewidth=0.8,
        capsize=1.5,
    )


def _draw_decay(axes: Axes, times_s: Values, decay: Values) -> None:
    axes.set_xscale("log")
    axes.plot(times_s, 100 * decay, color=_BLUE, zorder=3)
    axes.set_ylabel("% of the signal")


def _set_scale(axes: Axes, points: LagTrace, fitted: Values) -> None:
    """Scale by logarithms; linearly around 0 where points or the model are there or below it."""
    high = float(np.max(points.measured + points.uncertainty))
    low = max(float(np.min(points.measured)), float(np.min(points.uncertainty)))
    top = 100 * max(high, 2 * low) * 2
    lowest = 100 * min(float(points.measured.min()), float(fitted.min()))
    if lowest > 0:
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylim(50 * low, top)
        return
    # so wide that the model does not dive through decades to come below 0
    linear = max(100 * float(np.median(points.uncertainty)), -lowest)
    axes.set_yscale("symlog", linthresh=linear)
    axes.set_ylim(-2 * linear, top)
    axes.axhline(0.0, color="0.6", linewidth=0.8)
    axes.text(
        0.03, 0.04, f"linear below {linear:.1g} %", transform=axes.transAxes, fontsize="small"
    )


def _tell(axes: Axes, lag: LagModel) -> None:
    lines = [
        f"{fraction:.2%}, {f'over {lag.last_s:.3g}' if outlasting else f'{constant_s:.3g}'} s"
        for fraction, constant_s, outlasting in zip(
            lag.fractions, lag.time_constants_s, lag.outlasting, strict=True
        )
    ]
    axes.text(
        0.97,
        0.96,
        "\n".join([*(lines or ["none above the noise"]), f"fit leaves {lag.residual:.3%}"]),
        ha="right",
        va="top",
        transform=axes.transAxes,
        fontsize="small",
    )
