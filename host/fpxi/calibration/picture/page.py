"""One page that shows a calibration at a glance."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from fpxi_imaging import Calibration, DarkMap, Grade
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fpxi.calibration.picture.curves import (
    draw_exposures,
    draw_histogram,
    draw_linearity,
)
from fpxi.calibration.picture.defects import draw_defects
from fpxi.calibration.picture.lag import draw_lag
from fpxi.calibration.picture.maps import draw_map
from fpxi.calibration.summary import exposure_words
from fpxi.whole_file import whole_file

WIDTH_INCHES = 17.0
PLOTS_INCHES = 10.0
"""Height of the rows of plots."""
DOTS_PER_INCH = 100
TEXT_COLUMNS = 112
_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_GRADE_COLOURS = {Grade.GOOD: "#1f7a34", Grade.USABLE: "#a15c00", Grade.REFUSED: "#b00020"}
_LINE_POINTS = 10.5
"""Height of a line of text; the page is as high as its text needs."""
_POINTS_PER_INCH = 72.0
_INDENT = 0.16
Line = tuple[str, str, str]
"""Name, its colour, and a line of text."""


def draw_summary(calibration: Calibration, path: Path, facts: Sequence[tuple[str, str]]) -> None:
    """Write the picture (PNG) of a calibration; `facts` are names and values to print in it.

    It appears whole or not at all. Raises `OutputError`.
    """
    with mpl.rc_context(_STYLE), whole_file(path) as part:
        told, judged = _fact_lines(facts), _verdict_lines(calibration)
        text_inches = (max(len(told), len(judged)) + 1) * _LINE_POINTS / _POINTS_PER_INCH
        size_inches = WIDTH_INCHES, PLOTS_INCHES + text_inches
        figure = Figure(figsize=size_inches, dpi=DOTS_PER_INCH, layout="constrained")
        at = calibration.conditions
        figure.suptitle(
            f"Calibration of {at.panel}, serial number {at.serial_number}, "
            f"{calibration.created:%Y-%m-%d %H:%M} UTC",
            fontsize=13,
            fontweight="bold",
        )
        plots = (0.35 * PLOTS_INCHES, 0.35 * PLOTS_INCHES, 0.3 * PLOTS_INCHES)
        grid = figure.add_gridspec(4, 4, height_ratios=(*plots, text_inches))
        _draw_maps([figure.add_subplot(grid[0, column]) for column in range(4)], calibration)
        _draw_spreads([figure.add_subplot(grid[1, column]) for column in range(4)], calibration)
        _draw_models([figure.add_subplot(grid[2, column]) for column in range(4)], calibration)
        cells = figure.add_subplot(grid[3, :2]), figure.add_subplot(grid[3, 2:])
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # words do not push the plots aside, but widen the page
        for cell, lines in zip(cells, (told, judged), strict=True):
            _write(cell, lines)
        figure.savefig(part, format="png", bbox_inches="tight", pad_inches=0.15)


def _draw_maps(cells: Sequence[Axes], calibration: Calibration) -> None:
    dark, gain = _dark(calibration), calibration.gains[0]
    exposure = exposure_words(dark.conditions)
    imaging, good = ~calibration.not_imaging, _good(calibration)
    images = (
        (dark.mean, imaging, f"Offset at {exposure}", "counts"),
        (dark.noise, imaging, f"Noise of a dark of {exposure}", "counts"),
        (gain.gain, good, "Gain of good pixels", "factor"),
        (100 * gain.uncertainty, good, "Uncertainty of the gain (k = 1)", "%"),
    )
    for axes, (values, shown, title, unit) in zip(cells, images, strict=True):
        draw_map(axes, np.where(shown, values, np.nan), title, unit)


def _draw_spreads(cells: Sequence[Axes], calibration: Calibration) -> None:
    dark, gain = _dark(calibration), calibration.gains[0]
    good = _good(calibration)
    draw_histogram(cells[0], dark.mean[good], "Offset of good pixels", "counts")
    draw_histogram(cells[1], dark.noise[good], "Noise of good pixels", "counts")
    draw_histogram(cells[2], gain.gain[good], "Gain of good pixels", "factor")
    draw_histogram(cells[3], 100 * gain.uncertainty[good], "Uncertainty of good pixels", "%")


def _draw_models(cells: Sequence[Axes], calibration: Calibration) -> None:
    good = _good(calibration)
    draw_exposures(cells[0], calibration, good)
    draw_linearity(cells[1], calibration.gains[0], good)
    draw_lag(cells[2], calibration)
    draw_defects(cells[3], calibration)


def _dark(calibration: Calibration) -> DarkMap:
    """Return the newest darks at the setting and exposure of the first gain's flats, if any."""
    at = calibration.gains[0].conditions

    def nearness(dark: DarkMap) -> tuple[bool, bool, float]:
        own = dark.conditions
        setting, exposure = own.gain_setting, own.exposure_us
        return setting == at.gain_setting, exposure == at.exposure_us, dark.taken.timestamp()

    return max(calibration.darks, key=nearness)


def _good(calibration: Calibration) -> npt.NDArray[np.bool_]:
    return ~(calibration.not_imaging | calibration.defects.mask)


def _fact_lines(facts: Sequence[tuple[str, str]]) -> list[Line]:
    return [(name, "black", part) for name, value in facts for part in _wrapped(value)]


def _verdict_lines(calibration: Calibration) -> list[Line]:
    """Return the verdicts, first those that say what could be better."""
    verdicts = sorted(calibration.verdicts, key=lambda verdict: verdict.grade is Grade.GOOD)
    lines = [
        (verdict.grade.value, _GRADE_COLOURS[verdict.grade], part)
        for verdict in verdicts
        for part in _wrapped(f"{verdict.check}: {verdict.text}")
    ]
    return lines or [("", "black", "No verdicts.")]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, TEXT_COLUMNS, break_on_hyphens=False) or [""]


def _write(axes: Axes, lines: Sequence[Line]) -> None:
    """Write names, in colours, and texts beside them; a name that repeats is written once."""
    axes.set_axis_off()
    before: tuple[str, str] | None = None
    for number, (name, colour, text) in enumerate(lines):
        if (name, colour) != before:
            _put(axes, 0, number, name, color=colour, weight="bold")
        before = name, colour
        _put(axes, _INDENT, number, text)


def _put(axes: Axes, x: float, line: int, text: str, **style: Any) -> None:
    """Write words at a line below the upper edge."""
    axes.annotate(
        text,
        (x, 1.0),
        xycoords="axes fraction",
        xytext=(0.0, -line * _LINE_POINTS),
        textcoords="offset points",
        va="top",
        fontsize=8,
        **style,
    )
