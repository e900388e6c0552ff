"""The test patterns of the protocol, as they must arrive (protocol.toml, test_pattern)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fpxi_readout.protocol.generated import TestPattern

Samples = npt.NDArray[np.uint16]


def expected_pattern(
    pattern: TestPattern, rows: int, columns: int, exposure_number: int
) -> Samples:
    """Return what a frame of a test pattern must hold, uint16 (rows, columns).

    Raises `ValueError` for `TestPattern.NONE`, which has no definition.
    """
    row, column = np.indices((rows, columns), dtype=np.uint64)
    if pattern is TestPattern.RAMP:
        values = (row * columns + column + exposure_number) % 65_536
    elif pattern is TestPattern.CHECKERBOARD:
        values = np.where((row + column) % 2 == 0, 0x5555, 0xAAAA)
    elif pattern is TestPattern.WALKING_ONE:
        values = np.uint64(1) << (row + column) % 16
    else:
        raise ValueError(f"{pattern!r} is no pattern")
    return values.astype(np.uint16)


def first_difference(found: Samples, expected: Samples) -> tuple[int, int] | None:
    """Return row and column of the first sample that differs; None when all are equal."""
    places = np.argwhere(found != expected)
    return (int(places[0][0]), int(places[0][1])) if len(places) else None
