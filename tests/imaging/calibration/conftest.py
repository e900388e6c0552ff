"""Darks, and calibrations of them, with flats at 10 ms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest

SHAPE = (4, 5)
TAKEN = datetime(2026, 3, 4, tzinfo=UTC)
BIAS, RATE = 100.0, 2000.0  # counts, counts a second
Cal = Callable[..., im.Calibration]


@pytest.fixture
def dark(conditions: im.Conditions) -> Callable[..., im.DarkMap]:
    """Return a factory of darks: of bias and rate unless told, the newer the larger `age_s`."""

    def make(
        exposure_us: int, level: float | None = None, age_s: float = 0, **at: Any
    ) -> im.DarkMap:
        value = BIAS + RATE * exposure_us * 1e-6 if level is None else level
        return im.DarkMap(
            mean=np.full(SHAPE, value),
            noise=np.full(SHAPE, 2.0),
            frames=25,
            conditions=replace(conditions, exposure_us=exposure_us, **at),
            taken=TAKEN - timedelta(seconds=age_s),
        )

    return make


@pytest.fixture
def calibration(make_calibration: Cal, conditions: im.Conditions) -> Callable[..., im.Calibration]:
    """Return a factory of calibrations with these darks, flats at 10 ms."""

    def make(*darks: im.DarkMap, **changes: Any) -> im.Calibration:
        at = replace(conditions, exposure_us=10_000)
        return replace(make_calibration(SHAPE, conditions=at), darks=darks, **changes)

    return make
