"""Refusing arrays that the kernels cannot take, by name and with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np

from fpxi_imaging.errors import ArrayLayoutError, ShapeMismatchError

_COUNTS = np.dtype(np.uint16)
_VALUES = np.dtype(np.float32)
_FLAGS = np.dtype(np.uint8)
_BOOLS = np.dtype(np.bool_)


def require_frame(shape: tuple[int, int], samples: Any, row_received: Any) -> None:
    """Refuse a raw frame of another shape, type or layout than the kernels read."""
    require_array("samples", samples, _COUNTS, shape)
    require_array("row_received", row_received, _BOOLS, shape[:1])


def require_mask(shape: tuple[int, int], name: str, mask: Any) -> None:
    """Refuse a mask of another shape, type or layout than the kernels read."""
    require_array(name, mask, _BOOLS, shape)


def require_image(shape: tuple[int, int], values: Any, flags: Any, *, writable: bool) -> None:
    """Refuse values and flags of another shape, type or layout than the kernels take."""
    require_array("values", values, _VALUES, shape, writable=writable)
    require_array("flags", flags, _FLAGS, shape, writable=writable)


def require_array(
    name: str, array: Any, dtype: np.dtype[Any], shape: tuple[int, ...], *, writable: bool = False
) -> None:
    """Raise `ArrayLayoutError` or `ShapeMismatchError` unless the array is as described."""
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        raise _layout_error(name, array, dtype, writable=writable)
    if array.shape != shape:
        raise ShapeMismatchError(shape, array.shape, name=name)
    layout = array.flags
    if not (layout.carray if writable else layout.c_contiguous and layout.aligned):
        raise _layout_error(name, array, dtype, writable=writable)


def _layout_error(
    name: str, array: Any, dtype: np.dtype[Any], *, writable: bool
) -> ArrayLayoutError:
    access = ", writable" if writable else ""
    return ArrayLayoutError(
        name, f"a C-contiguous, aligned{access} {dtype} array", _describe(array)
    )


def _describe(array: Any) -> str:
    if not isinstance(array, np.ndarray):
        return type(array).__name__
    set_flags = [
        word
        for word, is_set in (
            ("C-contiguous", array.flags.c_contiguous),
            ("aligned", array.flags.aligned),
            ("writable", array.flags.writeable),
        )
        if is_set
    ]
    return f"{array.dtype} array ({', '.join(set_flags) or 'neither contiguous nor aligned'})"
