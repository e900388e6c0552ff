"""Read-only copies of what a frozen dataclass is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import ShapeMismatchError


def frozen_copy(array: npt.ArrayLike, dtype: Any) -> npt.NDArray[Any]:
    """Return a C-contiguous copy that nothing can write to."""
    copy = np.array(array, dtype, order="C")
    copy.flags.writeable = False
    return copy


def freeze(owner: object, shape: tuple[int, int] | None = None, /, **dtypes: Any) -> None:
    """Replace these arrays of a frozen dataclass by read-only copies.

    Raises `ShapeMismatchError` if one is not of `shape`, rows and columns, where that is given.
    """
    for name, dtype in dtypes.items():
        copy = frozen_copy(getattr(owner, name), dtype)
        if shape is not None and copy.shape != shape:
            raise ShapeMismatchError(shape, copy.shape, name=name)
        object.__setattr__(owner, name, copy)
