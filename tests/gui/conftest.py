"""A session without a device, a clock that is set, and the application that windows need."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from fpxi.connection import ConnectionState, ConnectionStatus
from fpxi.discovery import Discovery
from fpxi.frame_rate_limit import NOTHING_YET
from fpxi.preview import PipelineSettings, PreviewImage
from fpxi.statistics import SessionStatistics
from fpxi_gui.controller import ViewerController
from fpxi_gui.state import ViewState
from fpxi_imaging.calibration.calibration import Calibration
from fpxi_imaging.calibration.from_maps import calibration_from_maps
from fpxi_imaging.calibration.offset_refresh import OffsetRefresh
from fpxi_imaging.conditions import Conditions
from fpxi_imaging.correction.processing import DEFAULT_PROCESSING, Processing
from fpxi_imaging.correction.turning import turned
from fpxi_imaging.defects.thresholds import DefectThresholds
from fpxi_imaging.raw import raw_values
from fpxi_readout.errors import FpxiError
from fpxi_readout.frame import Frame, Sampling
from fpxi_readout.identity import DeviceIdentity
from fpxi_readout.protocol.dictionary import (
    Dictionary,
    EnumerationInfo,
    EnumerationValue,
    ParameterInfo,
)
from fpxi_readout.protocol.generated import Fault, FrameFlag, ResetCause, State
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry
from fpxi_readout.statistics import LinkStatistics

ROWS, COLUMNS = 6, 8
WAIT_S = 180.0
"""Kernels may have to be compiled first."""
ONE_TO_ONE = Sampling()
GEOMETRY = PanelGeometry(
    name="test-panel",
    rows=ROWS,
    columns=COLUMNS,
    pitch_um=200.0,
    process_ring=0,
    adc_bits=16,
    line_time_us=50.0,
    gain_settings=(GainSetting("0.5 pC", 500.0), GainSetting("1.2 pC", 1200.0)),
)


class RefusedError(FpxiError):
    """What a fake device says no with."""


def parameter(
    name: str, identifier: int, access: Any, limits: tuple[int, int], **more: Any
) -> ParameterInfo:
    given: dict[str, Any] = {"unit": "", "default": limits[0], "enumeration": None, **more}
    return ParameterInfo(
        name=name,
        id=identifier,
        type="i32" if limits[0] < 0 else "u32",
        minimum=limits[0],
        maximum=limits[1],
        access=access,
        saved=False,
        help=f"About {name}.",
        **given,
    )


def enumeration(name: str, *values: str) -> EnumerationInfo:
    named = {value: EnumerationValue(place, value) for place, value in enumerate(values)}
    return EnumerationInfo(name, f"About {name}.", named)


def make_dictionary() -> Dictionary:
    infos = [
        parameter("exposure_us", 1, "rw", (100, 60_000_000), unit="us"),
        parameter("frame_period_us", 2, "rw", (0, 120_000_000), unit="us"),
        parameter("gain_setting", 3, "rw", (0, 1)),
        parameter("bias_mV", 4, "rw", (-20_000, 20_000), unit="mV", default=0),
        parameter("trigger_mode", 5, "idle", (0, 1), enumeration="trigger_mode"),
        parameter("average_log2", 13, "idle", (0, 3)),
        parameter("region_rows", 15, "idle", (0, ROWS), unit="rows"),
        parameter("baud", 24, "idle", (9600, 10_500_000), unit="bit/s"),
        parameter("novelty", 31, "rw", (0, 9)),
        parameter("state", 32, "ro", (0, 4), enumeration="state"),
        parameter("fault", 33, "ro", (0, 4), enumeration="fault"),
        parameter("temperature_mC", 34, "ro", (-(2**31), 2**31 - 1), unit="mC"),
    ]
    return Dictionary(
        protocol_version=(1, 0),
        panel=GEOMETRY,
        parameters={info.name: info for info in infos},
        enumerations={
            "trigger_mode": enumeration("trigger_mode", "free_running", "software"),
            "state": enumeration("state", "idle", "armed", "exposing", "reading", "fault"),
            "fault": enumeration("fault", "none", "panel_read", "bias", "watchdog", "internal"),
        },
        commands={},
    )


def make_calibration(dark_frames: int = 4, exposure_us: int = 1000) -> Calibration:
    shape = (ROWS, COLUMNS)
    return calibration_from_maps(
        offset=np.full(shape, 100, np.float32),
        gain=np.ones(shape, np.float32),
        defects=np.zeros(shape, np.bool_),
        not_imaging=np.zeros(shape, np.bool_),
        normalisation=1000.0,
        saturation_level=65535,
        dark_frames=dark_frames,
        flat_frames=5,
        conditions=Conditions("test-panel", "SN-1", exposure_us, 0, 0, 25_000),
        thresholds=DefectThresholds(),
        created=datetime(2024, 1, 2, 3, 4, tzinfo=UTC),
    )


class FakeSource:
    """A device whose every method takes care that the GUI thread does not call it."""

    def __init__(self, gui_thread: int) -> None:
        self._gui_thread = gui_thread
        self.values = {
            "exposure_us": 1000,
            "frame_period_us": 0,
            "gain_setting": 0,
            "bias_mV": 0,
            "trigger_mode": 0,
            "state": int(State.IDLE),
            "fault": 0,
            "temperature_mC": 25_000,
        }
        self.known: dict[str, int] = dict(self.values)
        self.refusals: dict[str, str] = {}
        self.calls: list[str] = []

    def get(self, name: str) -> int:
        self._note(f"get {name}")
        self.known = {**self.known, name: self.values[name]}
        return self.values[name]

    def set(self, name: str, value: int) -> int:
        self._note(f"set {name} {value}")
        self._refuse(name)
        self.values[name] = value
        self.known = {**self.known, name: value}
        return value

    def start(self, frames: int = 0, *, reliable: bool = False) -> int:
        self._note(f"start {frames} {'reliable' if reliable else 'live'}")
        self._refuse("start")
        self.values["state"] = int(State.EXPOSING)
        return 0

    def stop(self) -> None:
        self._note("stop")
        self.values["state"] = int(State.IDLE)

    def software_trigger(self) -> int:
        self._note("software_trigger")
        return 7

    def save(self) -> None:
        self._note("save")

    def reset(self) -> None:
        self._note("reset")
        self.values["state"] = int(State.IDLE)

    def _note(self, call: str) -> None:
        self.must_not_be_gui_thread()
        if not call.startswith("get"):
            self.calls.append(call)

    def must_not_be_gui_thread(self) -> None:
        assert threading.get_ident() != self._gui_thread, "a blocking call in the GUI thread"

    def _refuse(self, what: str) -> None:
        if what in self.refusals:
            raise RefusedError(self.refusals[what])


@dataclass
class FakeRecording:
    path: Path
    frames: int | None
    source: FakeSource
    frames_written: int = 0
    finished: bool = False
    error: FpxiError | None = None

    def stop(self) -> None:
        self.source.must_not_be_gui_thread()
        self.finished = True


class FakePipeline:
    def __init__(self) -> None:
        self.warm = True
        self.settings = PipelineSettings()

    def configure(self, **changes: Any) -> None:
        given = {name: value for name, value in changes.items() if value is not None}
        self.settings = replace(self.settings, **given)


class FakeScene:
    def __init__(self) -> None:
        self.beam_on = True
        self.object = "letters-caep"
        self.tube = "W:50kV"
        self.dose_rate = 5e-3
        self.wanted_bias_mV = 0


class FakeSession:
    """Has the interface of `fpxi.Session`; tests decide what arrives."""

    url = "sim:fake"

    def __init__(self) -> None:
        self.source = FakeSource(threading.get_ident())
        self.pipeline = FakePipeline()
        self.scene: FakeScene | None = FakeScene()
        self.connection = ConnectionStatus(ConnectionState.CONNECTING, None, 0.0, 0)
        self.identity: DeviceIdentity | None = None
        self.dictionary: Dictionary | None = None
        self.geometry: PanelGeometry | None = None
        self.recordings: list[FakeRecording] = []
        self.record_error: FpxiError | None = None
        self.preview_error: FpxiError | None = None
        self.event_list: list[Any] = []
        self.link = LinkStatistics(**{field.name: 0 for field in fields(LinkStatistics)})
        self.counted: dict[str, Any] = {
            "last_frame_at": None,
            "frame_rate_hz": 0.0,
            "limit": NOTHING_YET,
            "radio": None,
        }
        self.begun = self.closed = False
        self._newest: PreviewImage | None = None
        self._thread = ThreadPoolExecutor(1)

    @property
    def parameters(self) -> dict[str, int]:
        return self.source.known

    def begin(self) -> None:
        self.begun = True

    def close(self) -> None:
        self.closed = True
        self._thread.shutdown()

    def preview(self) -> PreviewImage | None:
        if self.preview_error is not None:
            raise self.preview_error
        return self._newest

    def statistics(self) -> SessionStatistics:
        nothing = {field.name: 0 for field in fields(SessionStatistics)}
        return SessionStatistics(**{**nothing, **self.counted, "link": self.link})

    def events(self) -> list[Any]:
        return self.event_list

    def submit(self, action: Callable[[Any], Any]) -> Future[Any]:
        return self._thread.submit(action, self.source)

    def record(
        self, path: Path, *, frames: int | None = None, overwrite: bool = False
    ) -> FakeRecording:
        self.source.must_not_be_gui_thread()
        if self.record_error is not None:
            raise self.record_error
        self.recordings.append(FakeRecording(path, frames, self.source))
        return self.recordings[-1]

    # --- what the tests make happen ---

    def connect(self) -> None:
        self.identity = DeviceIdentity(
            (1, 0), (0, 1, 0), "SN-1", b"", ResetCause.POWER_ON, Fault.NONE, Fault.NONE
        )
        self.dictionary, self.geometry = make_dictionary(), GEOMETRY
        self.set_connection(ConnectionState.CONNECTED)

    def set_connection(
        self, state: ConnectionState, error: FpxiError | None = None, attempt: int = 0
    ) -> None:
        self.connection = ConnectionStatus(state, error, 0.0, attempt)

    def deliver(
        self,
        samples: np.ndarray[Any, Any],
        *,
        row_received: np.ndarray[Any, Any] | None = None,
        values: np.ndarray[Any, Any] | None = None,
        flags: np.ndarray[Any, Any] | None = None,
        notice: str = "",
        at: float = 0.0,
        sampling: Sampling = ONE_TO_ONE,
        processing: Processing = DEFAULT_PROCESSING,
        notes: tuple[str, ...] = (),
        averaged_frames: int = 1,
    ) -> PreviewImage:
        generation = 1 if self._newest is None else self._newest.generation + 1
        received = np.ones(len(samples), np.bool_) if row_received is None else row_received
        flags_of_frame = FrameFlag(0)
        frame = Frame(
            generation, 0, 1000, 0, 0, 25_000, flags_of_frame, samples, received, sampling
        )
        raw, raw_flags = np.empty(samples.shape, np.float32), np.empty(samples.shape, np.uint8)
        raw_values(
            samples, received, np.zeros(samples.shape, np.bool_), 65535, out=raw, flags=raw_flags
        )
        self._newest = PreviewImage(
            frame=frame,
            values=np.ascontiguousarray(
                turned(raw if values is None else values, processing.orientation)
            ),
            flags=np.ascontiguousarray(
                turned(raw_flags if flags is None else flags, processing.orientation)
            ),
            generation=generation,
            corrected=values is not None,
            averaged_frames=averaged_frames,
            frames_to_average=processing.averaging.frames,
            scale=processing.scale,
            orientation=processing.orientation,
            notice=notice,
            notes=notes,
        )
        self.link = replace(self.link, frames_received=self.link.frames_received + 1)
        self.counted["preview_reached"] = self.link.frames_received
        self.counted["last_frame_at"] = at
        return self._newest


class FakeSearch:
    """Finds what a test says, once the test lets it go on."""

    def __init__(self, gui_thread: int) -> None:
        self.found = Discovery(())
        self.steps: list[tuple[Any, ...]] = []
        self.go_on = threading.Event()
        self.error: Exception | None = None
        self.asked: list[bool] = []
        self.spared: list[str] = []
        self._gui_thread = gui_thread
        self.go_on.set()

    def __call__(self, *, bluetooth: bool, scan_s: float, spare: str, progress: Any) -> Discovery:
        self.spared.append(spare)
        assert threading.get_ident() != self._gui_thread, "a search in the GUI thread"
        assert scan_s > 0
        self.asked.append(bluetooth)
        for step in self.steps:
            progress(*step)
        assert self.go_on.wait(20)
        if self.error is not None:
            raise self.error
        return self.found


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Rig:
    """A controller on a fake session, and how to wait for what other threads do."""

    session: FakeSession
    controller: ViewerController
    clock: Clock
    search: FakeSearch
    loaded: dict[Path, Calibration]

    def tick_until(self, condition: Callable[[ViewState], bool]) -> ViewState:
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            state = self.controller.tick()
            if condition(state):
                return state
            time.sleep(0.002)
        pytest.fail("the awaited state did not come")

    def settle(self) -> ViewState:
        """Tick until every action asked for has had its outcome handed out."""
        return self.tick_until(lambda _: not self.controller.busy)


@pytest.fixture
def ramp() -> np.ndarray[Any, Any]:
    """Samples that tell their place: 1000 times the row plus the column."""
    return (1000 * np.arange(ROWS)[:, None] + np.arange(COLUMNS)).astype(np.uint16)


@pytest.fixture
def rig() -> Iterator[Rig]:
    session, clock, search = FakeSession(), Clock(), FakeSearch(threading.get_ident())
    loaded: dict[Path, Calibration] = {}

    def load(path: Path) -> Calibration:
        session.source.must_not_be_gui_thread()
        if path not in loaded:
            raise RefusedError(f"{path} is no calibration")
        return loaded[path]

    def run(
        path: Path, frames: int, prompt: Callable[[str], None], tell: Callable[[str], None]
    ) -> Calibration:
        session.source.must_not_be_gui_thread()
        prompt("Switch the beam off.")
        tell("Darks: 3 of 3")
        prompt("Switch the beam on.")
        return make_calibration(dark_frames=frames)

    def refresh(
        path: Path, frames: int, prompt: Callable[[str], None], tell: Callable[[str], None]
    ) -> Calibration:
        session.source.must_not_be_gui_thread()
        prompt("Close the shutter.")
        tell("Darks: 3 of 3")
        drift = f"the offset has drifted by 7 counts, by {frames} darks of {path.name}"
        made = make_calibration()
        note = OffsetRefresh(made.created, frames, made.conditions, 7.0, 7.5, drift)
        return replace(made, refreshes=(note,))

    controller = ViewerController(
        session,
        load_calibration=load,
        run_calibration=run,
        refresh_offset=refresh,
        search=search,
        clock=clock,
        start_when_connected=False,
    )
    rig = Rig(session, controller, clock, search, loaded)
    rig.settle()
    yield rig
    controller.close()


@pytest.fixture
def calibration() -> Calibration:
    return make_calibration()


@pytest.fixture
def calibration_of_another_exposure() -> Calibration:
    return make_calibration(exposure_us=7)
