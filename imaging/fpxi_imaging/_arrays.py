"""Refusing arrays that the kernels cannot take, by name and with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import ArrayLayoutError, ShapeMismatchError


def require_frame(shape: tuple[int, int], samples: Any, row_received: Any) -> None:
    """Refuse a raw frame of another shape, type or layout than the kernels read."""
    require_array("samples", samples, np.uint16, shape)
    require_array("row_received", row_received, np.bool_, shape[:1])


def require_image(shape: tuple[int, int], values: Any, flags: Any, *, writable: bool) -> None:
    """Refuse values and flags of another shape, type or layout than the kernels take."""
    require_array("values", values, np.float32, shape, writable=writable)
    require_array("flags", flags, np.uint8, shape, writable=writable)


def require_array(
    name: str,
    array: Any,
    dtype: npt.DTypeLike,
    shape: tuple[int, ...],
    *,
    writable: bool = False,
) -> None:
    """Raise `ArrayLayoutError` or `ShapeMismatchError` unless the array is as described."""
    expected = f"a C-contiguous, aligned{', writable' if writable else ''} {np.dtype(dtype)} array"
    if not isinstance(array, np.ndarray) or array.dtype != np.dtype(dtype):
        raise ArrayLayoutError(name, expected, _describe(array))
    if array.shape != shape:
        raise ShapeMismatchError(shape, array.shape, name=name)
    if not (array.flags.carray if writable else array.flags.c_contiguous and array.flags.aligned):
        raise ArrayLayoutError(name, expected, _describe(array))


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
