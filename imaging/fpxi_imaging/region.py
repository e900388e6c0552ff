"""Where a region of the panel lies in maps of a larger one."""

from __future__ import annotations

from fpxi_imaging.conditions import Conditions
from fpxi_imaging.errors import RegionMismatchError


def region_slices(
    at: Conditions,
    whole: tuple[int, int],
    first_row: int,
    first_column: int,
    shape: tuple[int, int],
) -> tuple[slice, slice]:
    """Return the rows and columns of maps taken at `at`, of shape `whole`, that show a region.

    `first_row` and `first_column` are the panel's pixels, `shape` is in samples, binned as the maps
    are. Raises `RegionMismatchError` unless the region lies within the maps', on their samples.
    """
    row, row_rest = divmod(first_row - at.first_row, at.binning)
    column, column_rest = divmod(first_column - at.first_column, at.binning)
    fits = (
        row_rest == column_rest == 0
        and 0 <= row <= whole[0] - shape[0]
        and 0 <= column <= whole[1] - shape[1]
    )
    if not fits:
        raise RegionMismatchError(
            (at.first_row, at.first_column, *whole), (first_row, first_column, *shape)
        )
    return slice(row, row + shape[0]), slice(column, column + shape[1])
