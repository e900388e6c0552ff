"""Images of a calibration, of any shape, in the frames of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

Image = npt.NDArray[np.float32] | npt.NDArray[np.float64]

MOST_PIXELS = 512
"""Rows or columns of a map; a larger one is drawn by the means of blocks."""
MOST_CLASS_PIXELS = 256
"""The same of a map of classes, of which every single pixel has to be seen."""
LINE_ROWS = 4
"""Images of at most so many rows, or columns, are drawn as curves."""
_UNKNOWN = "0.82"
"""Grey of pixels without a value."""
_LIMITS = (0.5, 99.5)
"""Percentiles that the colours, and the curves' axes, span."""


def draw_map(axes: Axes, values: Image, title: str, unit: str) -> None:
    """Draw one value for each pixel, (rows, cols); NaN is grey."""
    axes.set_title(title)
    if not np.isfinite(values).any():
        say(axes, "not known")
    elif min(values.shape) <= LINE_ROWS:
        _draw_lines(axes, values, unit)
    else:
        _draw_image(axes, values, unit)


def draw_classes(
    axes: Axes,
    chosen: npt.NDArray[np.uint8],
    legend: Sequence[tuple[str, str]],
    listed: Sequence[int],
    title: str,
) -> None:
    """Draw which class each pixel is of, by its index in the legend of labels and colours.

    0 is the first of the legend. In a picture of blocks a block shows its highest index. The legend
    has the indices `listed`, also of classes that others cover.
    """
    axes.set_title(title)
    if min(chosen.shape) <= LINE_ROWS:
        _draw_class_lines(axes, chosen, legend)
    else:
        axes.imshow(
            _block_highest(chosen),
            cmap=ListedColormap([colour for _, colour in legend]),
            vmin=-0.5,
            vmax=len(legend) - 0.5,
            interpolation="nearest",
            extent=_extent(chosen.shape),
            aspect=_aspect(chosen.shape),
        )
        _name_axes(axes)
    patches = [
        Patch(facecolor=legend[index][1], edgecolor="0.4", linewidth=0.5, label=legend[index][0])
        for index in listed
    ]
    if patches:
        axes.legend(
            handles=patches,
            loc="upper left",
            bbox_to_anchor=(1.0, 1.02),
            frameon=False,
            fontsize="small",
            handlelength=1.0,
            title="of several classes a pixel\nis drawn as the lowest here",
            title_fontsize="small",
            alignment="left",
        )


def say(axes: Axes, text: str) -> None:
    """Put words where there is nothing to draw."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color="0.35", transform=axes.transAxes)


def _draw_image(axes: Axes, values: Image, unit: str) -> None:
    blocks = _block_means(values)
    low, high = _limits(blocks)
    image = axes.imshow(
        blocks,
        cmap=mpl.colormaps["viridis"].with_extremes(bad=_UNKNOWN),
        vmin=low,
        vmax=high,
        interpolation="nearest",
        extent=_extent(values.shape),
        aspect=_aspect(values.shape),
    )
    _name_axes(axes)
    beside = axes.inset_axes((1.03, 0.0, 0.045, 1.0))  # the map's own height, whatever its aspect
    axes.figure.colorbar(image, cax=beside, extend="both", label=unit)


def _name_axes(axes: Axes) -> None:
    axes.set_xlabel("column")
    axes.set_ylabel("row")


def _limits(values: Image) -> tuple[float, float]:
    """Return what colours and axes span: nearly all of the known values."""
    low, high = np.percentile(values[np.isfinite(values)], _LIMITS)
    return (float(low), float(high)) if low < high else (float(low) - 0.5, float(high) + 0.5)


def _draw_lines(axes: Axes, values: Image, unit: str) -> None:
    rows = values if values.shape[0] <= LINE_ROWS else values.T
    for row in rows:
        axes.plot(row, linewidth=0.8)
    low, high = _limits(values)
    room = 0.05 * (high - low)
    axes.set_ylim(low - room, high + room)
    axes.set_xlabel("pixel")
    axes.set_ylabel(unit)


def _draw_class_lines(
    axes: Axes, chosen: npt.NDArray[np.uint8], legend: Sequence[tuple[str, str]]
) -> None:
    rows = chosen if chosen.shape[0] <= LINE_ROWS else chosen.T
    for number, row in enumerate(rows):
        for index in np.unique(row[row > 0]):
            where = np.flatnonzero(row == index)
            axes.plot(where, np.full(where.size, number), "|", color=legend[index][1], ms=14)
    axes.set_xlim(-0.5, rows.shape[1] - 0.5)
    axes.set_ylim(rows.shape[0] - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xlabel("pixel")


def _extent(shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """Return where an image of blocks is drawn, in the panel's pixels."""
    rows, columns = shape
    return -0.5, columns - 0.5, rows - 0.5, -0.5


def _aspect(shape: tuple[int, ...]) -> Literal["auto", "equal"]:
    """Return how pixels are drawn: square, or for long images so that they fill the frame."""
    return "auto" if max(shape) > LINE_ROWS * min(shape) else "equal"


def _blocks(image: npt.NDArray[Any], fill: float, most: int) -> npt.NDArray[Any]:
    """Return (block rows, block columns, pixels of the block), filled up at the far edges.

    There are at most `most` blocks along either axis.
    """
    high, wide = (-(-size // most) for size in image.shape)
    rows, columns = -(-image.shape[0] // high), -(-image.shape[1] // wide)
    padded = np.full((rows * high, columns * wide), fill, image.dtype)
    padded[: image.shape[0], : image.shape[1]] = image
    split = padded.reshape(rows, high, columns, wide).swapaxes(1, 2)
    return split.reshape(rows, columns, high * wide)


def _block_means(values: Image) -> Image:
    """Return the mean of each block's known values; NaN where there is none."""
    blocks = _blocks(values.astype(np.float64), np.nan, MOST_PIXELS)
    known = np.isfinite(blocks)
    count = known.sum(axis=-1)
    total = np.where(known, blocks, 0.0).sum(axis=-1)
    means: Image = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return means


def _block_highest(chosen: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    highest: npt.NDArray[np.uint8] = _blocks(chosen, 0, MOST_CLASS_PIXELS).max(axis=-1)
    return highest
