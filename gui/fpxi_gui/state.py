"""What the viewer shows: one frozen state for each tick, resolved before any widget is touched."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from fpxi_imaging.correction.processing import Orientation, Processing, Scale
from fpxi_imaging.defects.defect_map import DefectClass
from fpxi_imaging.flags import PixelFlag

if TYPE_CHECKING:
    from fpxi.frame_rate_limit import FrameRateLimit
    from fpxi_readout.errors import FpxiError
    from fpxi_readout.protocol.dictionary import Dictionary
    from fpxi_readout.protocol.geometry import FrameArea, PanelGeometry

DEFAULT_COLOUR_MAP = "grey"


class Level(enum.Enum):
    """How much a message matters; decides its colour."""

    GOOD = "good"
    BUSY = "busy"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Banner:
    """A condition that lasts, above the image: what happened, and what the viewer does about it."""

    level: Level
    title: str
    text: str


@dataclass(frozen=True)
class Picture:
    """One image to draw; equal when generation and display choices are equal."""

    generation: int
    values: npt.NDArray[np.float32] = field(compare=False, repr=False)
    """(rows, cols), counts; NaN where there is no value"""
    flags: npt.NDArray[np.uint8] = field(compare=False, repr=False)
    """(rows, cols), `PixelFlag` bits"""
    levels: tuple[float, float]
    """counts drawn as the first and the last colour"""
    colour_map: str
    marked: PixelFlag
    """flags drawn in their signal colour"""
    corrected: bool
    area: FrameArea
    """the part of the panel that it shows"""
    scale: Scale
    orientation: Orientation
    """how it is turned"""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        rows, cols = self.values.shape
        return rows, cols


@dataclass(frozen=True)
class Histogram:
    """Counts of good pixels in equal intervals of `span`."""

    generation: int
    counts: npt.NDArray[np.int64] = field(compare=False, repr=False)
    span: tuple[float, float]
    levels: tuple[float, float]


@dataclass(frozen=True)
class Cursor:
    """The pixel under the mouse pointer."""

    row: int
    """panel row; the first of a binned pixel's"""
    column: int
    """panel column; the first of a binned pixel's"""
    binning: int
    """panel rows, and columns, to the pixel"""
    raw: int | None
    """None where the row never arrived"""
    value: float
    """displayed value, counts"""
    corrected: bool
    flags: PixelFlag
    scale: Scale
    defect: DefectClass
    """what the calibration holds against the pixel"""


@dataclass(frozen=True)
class Display:
    """The display choices in force."""

    colour_map: str
    auto_levels: bool
    levels: tuple[float, float]
    mark_defects: bool
    axes_mm: bool
    scale: Scale
    """what the levels count"""


@dataclass(frozen=True)
class Correction:
    """The correction choices in force, and what came of them."""

    corrected: bool
    calibration: str
    """short description; empty without a calibration"""
    detail: str
    """conditions of the calibration, one a line"""
    notice: str
    """why the image is not corrected as asked; empty when it is"""
    notes: tuple[str, ...]
    """what was interpolated to correct the newest frame, in words"""
    progress: str
    """what a calibration run is doing; empty when none runs"""
    can_refresh: bool
    """the offset can be renewed from darks taken now"""
    misfit: FpxiError | None = field(compare=False)
    """how the newest frame departs from the conditions of the calibration to correct it with"""


@dataclass(frozen=True)
class ProcessingChoices:
    """What is done to frames, and which of it can be chosen."""

    processing: Processing
    corrected: bool
    """of a raw picture only averaging and orientation hold"""
    lag_known: bool
    """the calibration can take out the lag"""


@dataclass(frozen=True)
class ParameterValue:
    """One device parameter as it stands."""

    value: int | None
    pending: bool
    """a change is on its way to the device"""
    refusal: str
    """why the last change was refused; empty when it was not"""


@dataclass(frozen=True)
class Parameters:
    """Every device parameter, and whether those that need a stopped panel can be set."""

    dictionary: Dictionary | None
    """what the parameters are; None before the first connection"""
    values: Mapping[str, ParameterValue]
    """by name: exactly the parameters of the dictionary"""
    connected: bool
    acquiring: bool
    settable: bool
    """false for a recording that is played back"""


@dataclass(frozen=True)
class RecordingState:
    """The recording that runs, or the last one."""

    path: Path
    running: bool
    frames: int
    elapsed_s: float
    size_bytes: int
    error: str


@dataclass(frozen=True)
class Acquisition:
    """What the controls at the top can do at this moment."""

    connected: bool
    acquiring: bool
    ended: bool
    """the acquisition that was begun last has ended by itself"""
    triggered: bool
    """software trigger mode: the trigger button works"""
    reliable: bool
    recording: RecordingState | None
    busy: bool
    """an action is on its way"""


@dataclass(frozen=True)
class Status:
    """The figures of the status bar."""

    link: str
    link_level: Level
    frame_rate_hz: float
    frames_received: int
    frames_lost: int
    rows_lost: int
    damaged_packets: int
    frames_skipped: int
    """by the device, because the link was slow (live delivery)"""
    preview_skipped: int
    """received but not drawn: faster than the display"""
    preview_missed: int
    """of these, missing in the average, the lag and the zingers of the picture"""
    preview_reached: int
    """received up to the picture that is shown"""
    averaged_frames: int
    """in the picture that is shown; 0 before the first"""
    frames_to_average: int
    """in an average that is full; 1 where none was asked for"""
    temperature_mC: int | None
    link_rate_Bps: float | None
    """bytes per second received; None where there is no link: a recording is played back"""
    limit: FrameRateLimit | None
    """what limits the frame rate; None where a recording is played back"""
    rssi_dBm: int | None
    """None without a radio"""
    battery_percent: int | None
    """as the radio link was told it"""
    last_event: str
    event_level: Level


@dataclass(frozen=True)
class ListedPanel:
    """One of the panels that can be opened."""

    url: str
    title: str
    facts: str
    """signal strength and battery; empty where there is no radio"""
    detail: str
    current: bool
    """the panel that this viewer has"""
    can_open: bool


@dataclass(frozen=True)
class PanelList:
    """The panels that can be opened, and the search for more."""

    entries: tuple[ListedPanel, ...]
    searching: bool
    progress: str
    """what the search is doing; empty when none runs"""
    fraction: float
    """how much of that is done"""
    notice: str
    """why the search found nothing; empty when it did"""


@dataclass(frozen=True)
class SceneState:
    """The simulator's scene as it stands."""

    beam_on: bool
    object_name: str
    tube: str
    dose_rate_Gy_per_s: float
    wanted_bias_mV: int = 0
    """at which the panel works; 0: it asks for none"""


@dataclass(frozen=True)
class ViewState:
    """Everything that the window shows."""

    title: str
    geometry: PanelGeometry | None
    """None before the first connection"""
    replay: bool
    """a recording is played back"""
    banners: tuple[Banner, ...]
    message: str
    """outcome of the last action; empty when there is nothing to say"""
    message_level: Level
    picture: Picture | None
    histogram: Histogram | None
    legend: Mapping[PixelFlag, int]
    """how many pixels carry each flag"""
    cursor: Cursor | None
    display: Display
    correction: Correction
    processing: ProcessingChoices
    parameters: Parameters
    acquisition: Acquisition
    status: Status
    panels: PanelList
    scene: SceneState | None
    question: str | None
    """what a calibration run waits for the user to do"""
    failure: FpxiError | None
    """what last kept the viewer from doing as it was asked; who waits for a picture gives up"""
