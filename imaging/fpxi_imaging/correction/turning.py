"""Flipping and rotating pictures, and finding back to the panel's own rows and columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from fpxi_imaging.correction.processing import Orientation

T = TypeVar("T", bound=np.generic)


def turned(array: npt.NDArray[T], orientation: Orientation) -> npt.NDArray[T]:
    """Return a view of images, of shape (..., rows, cols), flipped and then rotated."""
    rows = slice(None, None, -1 if orientation.flip_rows else None)
    columns = slice(None, None, -1 if orientation.flip_columns else None)
    flipped = array[..., rows, columns]
    return np.rot90(flipped, orientation.rotate_deg // 90, axes=(-2, -1))


def turned_shape(shape: tuple[int, int], orientation: Orientation) -> tuple[int, int]:
    """Return the rows and columns that an image of `shape` comes to have."""
    rows, columns = shape
    return (rows, columns) if orientation.rotate_deg % 180 == 0 else (columns, rows)


def turned_back(array: npt.NDArray[T], orientation: Orientation) -> npt.NDArray[T]:
    """Return a view of turned images as they were before: rows and columns are the panel's."""
    straight = np.rot90(array, -orientation.rotate_deg // 90, axes=(-2, -1))
    return turned(straight, replace(orientation, rotate_deg=0))


def turned_centres(
    rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64], orientation: Orientation
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how far below, and to the right of, a point a turned image's rows and columns lie.

    `rows` and `columns` say the same of the image before; it is flipped and rotated about the
    point.
    """
    if orientation.flip_rows:
        rows = -rows[::-1]
    if orientation.flip_columns:
        columns = -columns[::-1]
    for _ in range(orientation.rotate_deg // 90):
        rows, columns = -columns[::-1], rows
    return rows, columns
