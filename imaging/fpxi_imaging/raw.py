"""Showing raw frames without a calibration, with the same flags."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from fpxi_imaging._arrays import require_array, require_frame, require_image
from fpxi_imaging._jit import index, kernel, read, warm_up, write
from fpxi_imaging.flags import PixelFlag

_SATURATED = np.uint8(PixelFlag.SATURATED)
_MISSING = np.uint8(PixelFlag.MISSING)
_NOT_IMAGING = np.uint8(PixelFlag.NOT_IMAGING)
_NO_FLAG = np.uint8(0)
_NAN = np.float32(np.nan)


def raw_values(
    samples: npt.NDArray[np.uint16],
    row_received: npt.NDArray[np.bool_],
    not_imaging: npt.NDArray[np.bool_],
    saturation_level: int,
    *,
    out: npt.NDArray[np.float32],
    flags: npt.NDArray[np.uint8],
) -> None:
    """Write raw counts as float32 into `out`, and `PixelFlag` bits into `flags`.

    Rows not received and the process ring are NaN, as from `Corrector.correct`. All images have the
    shape of `samples`, `row_received` has one bool per row; all are C-contiguous.
    Raises `ShapeMismatchError` or `ArrayLayoutError`.
    """
    warm_up()
    rows, cols = np.shape(samples)
    require_frame((rows, cols), samples, row_received)
    require_array("not_imaging", not_imaging, np.bool_, (rows, cols))
    require_image((rows, cols), out, flags, writable=True)
    _raw(samples, row_received, not_imaging, saturation_level, out, flags)


@kernel(
    read(types.uint16, 2),
    read(types.boolean, 1),
    read(types.boolean, 2),
    index,
    write(types.float32, 2),
    write(types.uint8, 2),
)
def _raw(  # noqa: PLR0917 - numba calls kernels by position
    samples: Any, row_received: Any, not_imaging: Any, level: Any, out: Any, flags: Any
) -> Any:
    for row in range(samples.shape[0]):
        received = row_received[row]
        for col in range(samples.shape[1]):
            ring = not_imaging[row, col]
            sample = samples[row, col]
            out[row, col] = np.float32(sample) if received and not ring else _NAN
            lost = _NO_FLAG if received else _MISSING
            flag = _SATURATED if received and sample >= level else lost
            flags[row, col] = _NOT_IMAGING if ring else flag
