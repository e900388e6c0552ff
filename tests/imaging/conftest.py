import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels() -> None:
    """Keep seconds of compilation out of the first test's (and hypothesis') time."""
    im.warm_up()


@pytest.fixture(scope="session")
def conditions() -> im.Conditions:
    return im.Conditions(
        panel="tft64",
        serial_number="A1",
        exposure_us=100_000,
        gain_setting=2,
        bias_mV=-50_000,
        temperature_mC=25_000,
    )


@pytest.fixture(scope="session")
def make_calibration(conditions: im.Conditions) -> Callable[..., im.Calibration]:
    """Return a factory of calibrations: unit gain, no offset, all pixels good unless told."""

    def make(shape: tuple[int, int] = (4, 5), **changes: Any) -> im.Calibration:
        values: dict[str, Any] = {
            "offset": np.zeros(shape),
            "gain": np.ones(shape),
            "defects": np.zeros(shape, bool),
            "not_imaging": np.zeros(shape, bool),
            "normalisation": 1000.0,
            "saturation_level": 60_000,
            "dark_frames": 10,
            "flat_frames": 10,
            "conditions": conditions,
            "created": datetime(2026, 1, 2, tzinfo=UTC),
        }
        return im.calibration_from_maps(**values | changes)

    return make


@pytest.fixture(scope="session")
def make_stack() -> Callable[..., im.FrameStack]:
    """Return a factory of stacks from an iterable of frames."""

    def make(frames: Any) -> im.FrameStack:
        frames = np.asarray(frames, np.uint16)
        stack = im.FrameStack(frames.shape[1:])
        for frame in frames:
            stack.add(frame)
        return stack

    return make


@pytest.fixture(scope="session")
def test_data() -> Path:
    folder = os.environ.get("FPXI_TEST_DATA")
    if folder is None:
        pytest.skip("FPXI_TEST_DATA is not set: no real detector frames to test with")
    return Path(folder)


@pytest.fixture(scope="session")
def make_resolved(conditions: im.Conditions) -> Callable[..., im.ResolvedCalibration]:
    """Return a factory of what corrects frames: as `make_calibration` makes them."""

    def make(shape: tuple[int, int] = (4, 5), **changes: Any) -> im.ResolvedCalibration:
        values: dict[str, Any] = {
            "offset": np.zeros(shape),
            "gain": np.ones(shape),
            "defects": np.zeros(shape, bool),
            "not_imaging": np.zeros(shape, bool),
            "normalisation": 1000.0,
            "saturation_level": 60_000,
            "conditions": conditions,
        }
        return im.ResolvedCalibration(**values | changes)

    return make
