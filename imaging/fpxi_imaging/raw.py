"""Showing raw frames without a calibration, with the same flags."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from fpxi_imaging._guards import (
    image_shape,
    require_frame,
    require_mask,
    require_outputs,
    require_saturation_level,
)
from fpxi_imaging._jit import helper, index, kernel, read, warm_up, write
from fpxi_imaging.flags import PixelFlag

_SATURATED = np.uint8(PixelFlag.SATURATED)
_CUT_OFF = np.uint8(PixelFlag.CUT_OFF)
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
    Raises `ShapeMismatchError`, `ArrayLayoutError`, and `SettingError` for a saturation level
    outside 1 to 65535 counts.
    """
    warm_up(_raw)
    require_saturation_level(saturation_level)
    shape = image_shape("samples", samples)
    require_frame(shape, samples, row_received)
    require_mask(shape, "not_imaging", not_imaging)
    require_outputs(shape, out, flags)
    _raw(samples, row_received, not_imaging, saturation_level, out, flags)


@helper
def _show(samples: Any, not_imaging: Any, level: Any, out: Any, flags: Any) -> Any:
    for col in range(samples.size):
        out[col] = _NAN if not_imaging[col] else np.float32(samples[col])
    for col in range(samples.size):
        high = _SATURATED if samples[col] >= level else _NO_FLAG
        low = _CUT_OFF if samples[col] == 0 else _NO_FLAG
        flags[col] = _NOT_IMAGING if not_imaging[col] else high | low


@helper
def _miss(not_imaging: Any, out: Any, flags: Any) -> Any:
    out[:] = _NAN
    for col in range(not_imaging.size):
        flags[col] = _NOT_IMAGING if not_imaging[col] else _MISSING


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
        if row_received[row]:
            _show(samples[row], not_imaging[row], level, out[row], flags[row])
        else:
            _miss(not_imaging[row], out[row], flags[row])
