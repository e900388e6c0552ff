"""Frames, facts of a device, and sessions with simulated panels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import fpxi
import numpy as np
import pytest
from fpxi.recording.facts import RecordingFacts
from fpxi_readout.frame import Frame
from fpxi_readout.identity import DeviceIdentity
from fpxi_readout.protocol.dictionary import (
    Dictionary,
    EnumerationInfo,
    EnumerationValue,
    ParameterInfo,
)
from fpxi_readout.protocol.generated import FrameFlag
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry

ROWS, COLUMNS = 6, 5
VIRTUAL = "sim:cmos32?time=virtual"

MakeFrame = Callable[..., Frame]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def facts() -> RecordingFacts:
    """A small panel with one ring of pixels that do not image."""
    gains = (GainSetting("low", 100.0), GainSetting("high", 25.5))
    panel = PanelGeometry("tiny", ROWS, COLUMNS, 150.0, 1, 14, 40.0, gains)
    levels = {"off": EnumerationValue(0, "no"), "on": EnumerationValue(1, "yes")}
    parameters = {
        "exposure_us": ParameterInfo(
            "exposure_us", 1, "u32", "us", 1, 10**6, 100, "rw", True, None, "how long"
        ),
        "light": ParameterInfo("light", 2, "u32", "", 0, 1, 0, "ro", False, "level", "lamp"),
    }
    enumerations = {"level": EnumerationInfo("level", "a switch", levels)}
    dictionary = Dictionary((1, 2), panel, parameters, enumerations, {"get": 16})
    identity = DeviceIdentity((1, 2), (3, 4, 5), "SN-7", bytes(range(32)), 0, 1, 2)
    return RecordingFacts("sim:tiny", identity, dictionary, {"exposure_us": 2500, "light": 1})


@pytest.fixture
def make_frame() -> MakeFrame:
    """A frame of the small panel, known by its number."""

    def make(number: int, **changes: Any) -> Frame:
        samples = np.random.default_rng(number).integers(0, 16384, (ROWS, COLUMNS), np.uint16)
        values: dict[str, Any] = {
            "number": number,
            "timestamp_us": 1_000_000 + number * 2600,
            "exposure_us": 2500,
            "gain_setting": 1,
            "bias_mV": -12_345,
            "temperature_mC": 27_301,
            "flags": FrameFlag.HELD,
            "samples": samples,
            "row_received": np.ones(ROWS, np.bool_),
        }
        return Frame(**(values | changes))

    return make


@pytest.fixture
def session() -> Iterator[fpxi.Session]:
    """A session with a simulated panel that runs as fast as it is read."""
    with fpxi.open(VIRTUAL) as opened:
        yield opened


def same_frame(left: Frame, right: Frame) -> bool:
    """Whether two frames are equal in everything."""
    names = ("number", "timestamp_us", "exposure_us", "gain_setting", "bias_mV")
    names = (*names, "temperature_mC", "flags", "sampling")
    return (
        all(getattr(left, name) == getattr(right, name) for name in names)
        and np.array_equal(left.samples, right.samples)
        and np.array_equal(left.row_received, right.row_received)
    )


@pytest.fixture(name="same_frame")
def same_frame_fixture() -> Callable[[Frame, Frame], bool]:
    """`same_frame`, for tests."""
    return same_frame


@pytest.fixture
def files_limited_to() -> Callable[[int], AbstractContextManager[None]]:
    """Have the system refuse to let any file of this process grow beyond a size."""
    resource = pytest.importorskip("resource")  # not on Windows

    @contextmanager
    def limit(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit


@pytest.fixture
def record(tmp_path: Path, facts: RecordingFacts) -> Callable[..., Path]:
    """Record frames of the small panel; return the file."""
    from fpxi.recording.file import RecordingFile
    from fpxi.statistics import NOTHING

    def make(
        frames: list[Frame],
        name: str = "run.h5",
        key: fpxi.ImageKey | list[fpxi.ImageKey] = fpxi.ImageKey.IMAGE,
        about: RecordingFacts = facts,
    ) -> Path:
        file = RecordingFile(tmp_path / name, about)
        keys = key if isinstance(key, list) else [key] * len(frames)
        for frame, each in zip(frames, keys, strict=True):
            file.append(frame, each)
        file.finish(NOTHING, "stopped")
        return tmp_path / name

    return make
