"""The viewer without its window: the user's wishes in, one `ViewState` a tick out. No Qt here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import fpxi_imaging
from fpxi.connection import ConnectionState
from fpxi.discovery import discover
from fpxi.preview import PreviewImage
from fpxi_imaging.correction.processing import Scale
from fpxi_imaging.flags import PixelFlag
from fpxi_readout.errors import FpxiError

from fpxi_gui.actions import Actions
from fpxi_gui.calibration_control import (
    CalibrationControl,
    LoadCalibration,
    RefreshOffset,
    RunCalibration,
)
from fpxi_gui.contracts import ViewerSession
from fpxi_gui.device_control import DeviceControl
from fpxi_gui.figures import make_status
from fpxi_gui.intent import DisplayIntent
from fpxi_gui.messages import Messages
from fpxi_gui.outage import Outage, duration_text
from fpxi_gui.picture import LevelFinder, make_cursor, make_histogram, make_picture
from fpxi_gui.processing_control import ProcessingControl
from fpxi_gui.recording_control import RecordingControl
from fpxi_gui.render import count_flags
from fpxi_gui.scene_control import SceneControl
from fpxi_gui.search_control import Search, SearchControl
from fpxi_gui.snapshot import Snapshot, take_snapshot
from fpxi_gui.state import (
    Acquisition,
    Banner,
    Cursor,
    Display,
    Histogram,
    Level,
    Picture,
    ViewState,
)
from fpxi_gui.watch import Watched, find_banner, frame_period_s, is_triggered


def _warm_up_usual_kernels() -> None:
    """Compile what a picture waits for; the session sees to the rest."""
    fpxi_imaging.warm_up(rare=False)


class ViewerController:
    """All methods belong to the GUI thread and none of them waits.

    Commands are asked for and their outcome appears in a later `tick`.
    """

    def __init__(
        self,
        session: ViewerSession,
        *,
        load_calibration: LoadCalibration,
        run_calibration: RunCalibration,
        refresh_offset: RefreshOffset | None = None,
        search: Search = discover,
        warm_up: Callable[[], None] = _warm_up_usual_kernels,
        clock: Callable[[], float] = time.monotonic,
        start_when_connected: bool = True,
        start_when_warm: bool = False,
    ) -> None:
        """With `start_when_warm` the first start waits until frames can be corrected as asked."""
        self._session = session
        self._clock = clock
        self._actions = Actions()
        self._messages = Messages(clock)
        self.display = DisplayIntent()
        self.device = DeviceControl(session, self._actions, self._messages, clock)
        self.recording = RecordingControl(session, self._actions, self._messages, clock)
        self.scene = SceneControl(session, self._actions, self._messages)
        self.search = SearchControl(session.url, self._actions, clock, search)
        self.processing = ProcessingControl(session)
        self.calibration = CalibrationControl(
            session,
            self._actions,
            self._messages,
            load=load_calibration,
            run=run_calibration,
            refresh=refresh_offset,
        )
        self._finder = LevelFinder()
        self._outage = Outage(clock)
        self._start_pending = start_when_connected
        self._start_when_warm = start_when_warm
        self._pipeline_error: FpxiError | None = None
        self._picture: Picture | None = None
        self._histogram: Histogram | None = None
        self._legend: dict[PixelFlag, int] = {}
        self._resolved_for: tuple[int, object] | None = None
        self._actions.run(warm_up, done=self._kernels_ready, failed=self._messages.fail)

    @property
    def busy(self) -> bool:
        """Whether anything that was asked for is still on its way."""
        return self._actions.busy

    def begin(self) -> None:
        """Start connecting, and list what else is there."""
        self._session.begin()
        self.search.look_around()

    def tick(self) -> ViewState:
        """Hand out outcomes, look at the session once, and resolve what to show."""
        self._actions.poll()
        self._start_once()
        self.device.tick()
        seen = take_snapshot(self._session)  # first: the picture has come at least so far
        preview = self._preview()
        self._resolve_picture(preview)
        return self._state(preview, seen)

    def report(self, text: str) -> None:
        """Show the user that something went wrong outside of any action."""
        self._messages.say(text, Level.ERROR)

    def close(self) -> None:
        """End the session; waits a bounded time, so the window should be gone already."""
        self.search.close()
        self.calibration.close()
        self._actions.close()
        self._session.close()

    def _preview(self) -> PreviewImage | None:
        """Return the newest picture; a pipeline that ended is told in the banner."""
        try:
            return self._session.preview()
        except FpxiError as error:
            self._pipeline_error = error
            return None

    def _start_once(self) -> None:
        ready = self._ready_to_correct() or not self._start_when_warm
        if self._start_pending and self.device.connected and ready:
            self._start_pending = False
            self.device.start()

    def _ready_to_correct(self) -> bool:
        """Whether the first frame will be taken as all others."""
        kernels = self._finder.kernels_ready and self._session.pipeline.warm
        return kernels and not self.calibration.busy

    def _kernels_ready(self, _: None) -> None:
        self._finder.kernels_ready = True
        self._resolved_for = None

    def _resolve_picture(self, preview: PreviewImage | None) -> None:
        """Resolve the picture anew when the preview or a display choice has changed."""
        if preview is None:
            return
        choices = replace(self.display, cursor=None)
        if self._resolved_for == (preview.generation, choices):
            return
        self._resolved_for = (preview.generation, choices)
        if self._picture is not None and preview.scale is not self._picture.scale:
            self.display.auto_levels = True  # levels of another scale mean nothing
        self._picture = make_picture(preview, self.display, self._finder)
        self._histogram = make_histogram(self._picture, self._finder)
        self._legend = count_flags(preview.flags)

    def _state(self, preview: PreviewImage | None, seen: Snapshot) -> ViewState:
        now_s = self._clock()
        self._note_connection(seen.connection.state)
        return ViewState(
            title=_title(seen),
            geometry=seen.geometry,
            replay=seen.replay,
            banners=self._banners(seen, now_s),
            message=self._messages.text,
            message_level=self._messages.level,
            picture=self._picture,
            histogram=self._histogram,
            legend=self._legend,
            cursor=self._cursor(preview),
            display=self._display(),
            correction=self.calibration.state(preview, seen),
            processing=self.processing.state(),
            parameters=self.device.parameters(seen),
            acquisition=self._acquisition(seen),
            status=make_status(seen, preview),
            panels=self.search.panels(seen.statistics.radio, given_up=seen.given_up),
            scene=self.scene.state(),
            question=self.calibration.question,
            failure=self._failure(seen),
        )

    def _cursor(self, preview: PreviewImage | None) -> Cursor | None:
        if preview is None:
            return None
        calibration = self._session.pipeline.settings.calibration
        return make_cursor(preview, self.display.cursor, calibration)

    def _display(self) -> Display:
        intent = self.display
        levels = self._picture.levels if self._picture else intent.manual_levels
        return Display(
            intent.colour_map,
            intent.auto_levels,
            levels,
            intent.mark_defects,
            intent.axes_mm,
            self._picture.scale if self._picture else Scale.COUNTS,
        )

    def _acquisition(self, seen: Snapshot) -> Acquisition:
        return Acquisition(
            connected=seen.connected,
            acquiring=self.device.acquiring,
            ended=self.device.ended,
            triggered=is_triggered(seen.parameters),
            reliable=self.device.reliable,
            recording=self.recording.state(),
            busy=self.device.busy or self.calibration.making,
        )

    def _banners(self, seen: Snapshot, now_s: float) -> tuple[Banner, ...]:
        geometry = seen.geometry
        device = find_banner(
            Watched(
                url=seen.url,
                connection=seen.connection,
                ever_connected=geometry is not None,
                parameters=seen.parameters,
                quiet_s=self._quiet_s(seen, now_s),
                period_s=frame_period_s(seen.parameters),
                away_s=self._outage.so_far_s,
            )
        )
        lasting = (device, self._pipeline_banner(), self.recording.banner())
        return tuple(banner for banner in lasting if banner is not None)

    def _note_connection(self, state: ConnectionState) -> None:
        lasted_s = self._outage.note(state)
        if lasted_s is not None:
            self._messages.say(f"Connected again after {duration_text(lasted_s)}.")

    def _pipeline_banner(self) -> Banner | None:
        if self._pipeline_error is None:
            return None
        return Banner(Level.ERROR, "The preview has stopped", str(self._pipeline_error))

    def _failure(self, seen: Snapshot) -> FpxiError | None:
        failed = seen.connection.state is ConnectionState.FAILED
        lost = seen.connection.error if failed else None
        return lost or self._pipeline_error or self._messages.failure

    def _quiet_s(self, seen: Snapshot, now_s: float) -> float | None:
        since = self.device.acquiring_since
        if not self.device.acquiring or since is None or is_triggered(seen.parameters):
            return None
        return now_s - max(since, seen.statistics.last_frame_at or since)


def _title(seen: Snapshot) -> str:
    if seen.identity is None or seen.geometry is None:
        return seen.url
    return f"{seen.geometry.name}   {seen.identity.serial_number}   {seen.url}"
