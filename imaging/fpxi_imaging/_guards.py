"""Refusing what the kernels cannot take, by name and with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import numpy as np

from fpxi_imaging.errors import ArrayLayoutError, SettingError, ShapeMismatchError

_COUNTS = np.dtype(np.uint16)
_VALUES = np.dtype(np.float32)
_FLAGS = np.dtype(np.uint8)
_BOOLS = np.dtype(np.bool_)

FULL_SCALE = 65535


def require_saturation_level(level: int) -> None:
    """Raise `SettingError` for a level that no uint16 count can reach, or every one does."""
    if not 1 <= level <= FULL_SCALE:
        raise SettingError("saturation_level", level, f"1 to {FULL_SCALE} counts")


def require_positive(figures: Any) -> None:
    """Raise `SettingError` for a field of a dataclass of numbers that is not finite and above 0."""
    for each in fields(figures):
        value = getattr(figures, each.name)
        if not 0 < value < float("inf"):
            raise SettingError(each.name, value, "a number above 0")


def as_utc(name: str, time: datetime) -> datetime:
    """Return the time in UTC; raise `SettingError` for one without a time zone."""
    if time.tzinfo is None:
        raise SettingError(name, time, "a time with a time zone")
    return time.astimezone(UTC)


def image_shape(name: str, array: Any) -> tuple[int, int]:
    """Return rows and columns; raise `ArrayLayoutError` for what is no image."""
    if not isinstance(array, np.ndarray) or array.ndim != 2:
        actual = f"{array.ndim} dimensions" if isinstance(array, np.ndarray) else _describe(array)
        raise ArrayLayoutError(name, "an array of rows and columns", actual)
    rows, cols = array.shape
    return rows, cols


def require_frame(shape: tuple[int, int], samples: Any, row_received: Any) -> None:
    """Refuse a raw frame of another shape, type or layout than the kernels read."""
    require_array("samples", samples, _COUNTS, shape)
    require_array("row_received", row_received, _BOOLS, shape[:1])


def require_stack(
    shape: tuple[int, int], stack: Any, row_received: Any, times_us: Sequence[int] | None
) -> int:
    """Return the number of frames; refuse a stack of other frames than the kernels read."""
    if isinstance(stack, np.ndarray) and stack.ndim != 3:
        expected = "frames, rows and columns (for one frame: correct_frame, or stack[np.newaxis])"
        raise ArrayLayoutError("stack", expected, f"shape {stack.shape}")
    frames = len(stack) if isinstance(stack, np.ndarray) else 0
    require_array("stack", stack, _COUNTS, (frames, *shape))
    if row_received is not None:
        require_array("row_received", row_received, _BOOLS, (frames, shape[0]))
    if times_us is not None and len(times_us) != frames:
        raise ShapeMismatchError((frames,), (len(times_us),), name="times_us")
    return frames


def require_mask(shape: tuple[int, int], name: str, mask: Any) -> None:
    """Refuse a mask of another shape, type or layout than the kernels read."""
    require_array(name, mask, _BOOLS, shape)


def require_image(shape: tuple[int, int], values: Any, flags: Any) -> None:
    """Refuse values and flags of another shape, type or layout than the kernels read."""
    require_array("values", values, _VALUES, shape)
    require_array("flags", flags, _FLAGS, shape)


def require_outputs(shape: tuple[int, int], out: Any, flags: Any) -> None:
    """Refuse values and flags that the kernels cannot write to."""
    require_array("out", out, _VALUES, shape, writable=True)
    require_array("flags", flags, _FLAGS, shape, writable=True)


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
