from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import fpxi_imaging as im
import numpy as np

SHAPE = (512, 512)
CREATED = datetime(2026, 3, 4, tzinfo=UTC)
MOST_BYTES = 150
"""Of a pixel, on top of the frames' sums: darks of two exposures and flats of two levels."""


def test_building_takes_little_more_memory_than_the_frames_sums(
    make_stack: Callable[..., im.FrameStack], conditions: im.Conditions
) -> None:
    random = np.random.default_rng(3)
    offset, response = random.normal(500, 20, SHAPE), random.normal(1, 0.03, SHAPE)

    def series(signal: float, at: im.Conditions) -> im.FrameSeries:
        noise = np.hypot(5, np.sqrt(signal))
        frames = offset + signal * response + noise * random.normal(size=(3, *SHAPE))
        return im.FrameSeries(make_stack(np.rint(frames).astype(np.uint16)), at, CREATED)

    longer = replace(conditions, exposure_us=2 * conditions.exposure_us)
    darks = [series(0.0, conditions), series(0.0, longer)]
    flats = [series(4_000.0, conditions), series(20_000.0, conditions)]
    tracemalloc.start()
    try:
        im.build_calibration(
            darks,
            flats,
            not_imaging=np.zeros(SHAPE, np.bool_),
            saturation_level=60_000,
            created=CREATED,
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak / offset.size < MOST_BYTES
