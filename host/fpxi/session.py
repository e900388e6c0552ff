"""A session: one device, three threads, and the facade that everyone else talks to.

| thread | owns | is given work by |
| --- | --- | --- |
| `fpxi-link` (`link_thread.py`) | the device: panel, simulator or replay | `Session.submit` |
| `fpxi-pipeline` (`pipeline.py`) | the corrector and the preview | the newest frame, or a queue |
| `fpxi-recorder` (`recording/recorder.py`), one for each recording | the file | a bounded queue |

Frames go from the link thread through the `FrameHub` to subscriptions and recordings, each with a
bounded queue of its own that fails loudly, and to the pipeline, which may skip.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, SupportsIndex, TypeVar

from fpxi.connection import ConnectionState, ConnectionStatus
from fpxi.connectors import connector_for
from fpxi.device_state import DeviceState
from fpxi.errors import (
    CaptureCountError,
    ConnectTimeoutError,
    NotConnectedError,
    SessionClosedError,
)
from fpxi.hub import FrameHub
from fpxi.image_key import ImageKey
from fpxi.link_thread import LinkThread
from fpxi.pipeline import Pipeline
from fpxi.preview import PreviewImage
from fpxi.replay_url import is_replay
from fpxi.source import FrameSource
from fpxi.statistics import SessionStatistics
from fpxi.subscription import QUEUE_FRAMES, FrameSubscription

if TYPE_CHECKING:
    from fpxi_readout.explanation import DeviceEvent
    from fpxi_readout.identity import DeviceIdentity
    from fpxi_readout.protocol.dictionary import Dictionary
    from fpxi_readout.protocol.geometry import PanelGeometry

    from fpxi.capture import CapturePlan, CaptureResult
    from fpxi.recording.recorder import Recording

T = TypeVar("T")

CLOSE_S = 15.0
"""Longest wait for each thread on closing; a thread that takes longer is an error."""


class Session:
    """A connection to one device that reads, shows and records its frames. Thread safe.

    Making one does nothing yet: `begin` starts connecting in the background and never waits;
    `fpxi.open` does both and waits. Properties are snapshots and never wait. Methods that ask the
    device something wait for its answer; `submit` is their form that does not.
    """

    def __init__(
        self, url: str, *, reconnect: bool = True, follow_link: bool | None = None
    ) -> None:
        """Prepare a session; `follow_link`: whether encoding and frame rate follow the link.

        None: on radio links only. What the user sets in the session is left as he set it. A source
        that waits for its reader in simulated time has no link rate to follow.
        """
        self.url = url
        self._device = DeviceState()
        self._hub = FrameHub()
        self._recordings: list[Recording] = []
        self._connector = connector_for(url)
        self._link = LinkThread(
            url,
            self._connector,
            self._hub,
            self._device,
            reconnect=reconnect,
            follow_link=follow_link,
        )
        self._pipeline = Pipeline(self._device, lambda: self._connector.unhurried)
        self._hub.add(self._pipeline)
        self._begun = False

    # --- life

    def begin(self) -> None:
        """Start the threads and begin connecting. Returns at once; a second call does nothing."""
        if self._begun:
            return
        self._begun = True
        self._link.start()

    def wait_connected(self, timeout_s: float | None = None, *, patient: bool = False) -> None:
        """Wait until the device has answered.

        Raises the named error of the first failed attempt; if `patient`, goes on until the time
        is over, while the session keeps trying. Raises `ConnectTimeoutError` when it is over: by
        default after 10 s, and on Bluetooth as much later as the opening may take (20 s, or
        `timeout_s` of the URL).
        """
        if timeout_s is None:
            timeout_s = self._connector.patience_s
        deadline = time.monotonic() + timeout_s
        status = self.connection
        while status.state is not ConnectionState.CONNECTED:
            over = status.state in (ConnectionState.CLOSED, ConnectionState.FAILED)
            if status.error is not None and (over or not patient):
                raise status.error
            if over:
                raise SessionClosedError(self.url)
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise ConnectTimeoutError(self.url, timeout_s) from status.error
            status = self._link.wait_for_change(status, left_s)

    def close(self) -> None:
        """Let go of the device and end all threads; an acquisition that was started is stopped.

        Frames that are queued for recordings are written first.
        """
        for recording in self._recordings:
            recording.stop()
        with ExitStack() as stack:  # each is tried, whatever becomes of the others
            for recording in self._recordings:
                stack.callback(recording.join, CLOSE_S)
            stack.callback(self._pipeline.close, CLOSE_S)
            stack.callback(self._link.close, CLOSE_S)

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- what is known, without waiting

    @property
    def connection(self) -> ConnectionStatus:
        """Where the connection stands, and why."""
        return self._link.status

    @property
    def identity(self) -> DeviceIdentity | None:
        """Who the device is; None before the first connection."""
        return self._device.identity

    @property
    def dictionary(self) -> Dictionary | None:
        """What the device understands; None before the first connection."""
        return self._device.dictionary

    @property
    def geometry(self) -> PanelGeometry | None:
        """The pixel array; None before the first connection."""
        return self._device.geometry

    @property
    def parameters(self) -> Mapping[str, int]:
        """Last known values; those that only the device changes are read again in turn."""
        return self._device.parameters

    @property
    def pipeline(self) -> Pipeline:
        """How the preview is made."""
        return self._pipeline

    @property
    def scene(self) -> Any | None:
        """Beam, object and dose rate of a `sim:` session once connected; else None."""
        return self._connector.scene

    def preview(self) -> PreviewImage | None:
        """Return the newest picture; None before the first."""
        return self._pipeline.newest

    def events(self) -> list[DeviceEvent]:
        """Return the newest events of the device, oldest first."""
        return self._device.events()

    def statistics(self) -> SessionStatistics:
        """Return all counters as they stand."""
        recordings = self._recordings
        link = self._device.link_view
        return SessionStatistics(
            link=self._device.link,
            frame_rate_hz=self._device.rate_hz(),
            frames_previewed=self._pipeline.frames_previewed,
            preview_skipped=self._pipeline.frames_skipped,
            preview_missed=self._pipeline.frames_missed,
            preview_reached=self._pipeline.frames_reached,
            frames_recorded=sum(recording.frames_written for recording in recordings),
            recording_queue_frames=sum(recording.queued_frames for recording in recordings),
            recording_dropped_frames=sum(recording.frames_dropped for recording in recordings),
            reconnections=max(0, self._device.connections - 1),
            away_s=self._device.away_s,
            last_frame_at=self._device.last_frame_at,
            link_rate_Bps=link.rate_Bps,
            link_capacity_Bps=link.capacity_Bps,
            limit=link.limit,
            radio=self._connector.radio,
        )

    # --- asking the device

    def submit(self, action: Callable[[FrameSource], T]) -> Future[T]:
        """Have `action` called with the device in the link thread; never waits.

        `session.submit(lambda device: device.set("exposure_us", 5000))`. The future carries the
        result or the named error. While no device is connected that is `NotConnectedError`.
        """
        return self._link.submit(action)

    def get(self, name: str) -> int:
        """Read a parameter from the device."""
        return self.submit(lambda device: device.get(name)).result()

    def set(self, name: str, value: int | str) -> int:
        """Set a parameter, by number or enumeration name; returns the value in force.

        It is set again after a reconnection.
        """
        return self.submit(lambda device: device.set(name, value)).result()

    def start(self, frames: int = 0, *, reliable: bool = False) -> int:
        """Begin acquiring (0: until stopped); returns the first frame's number.

        An acquisition that is on is stopped first. In reliable delivery the device waits for the
        link and for slow readers; live it skips.
        """
        return self.submit(lambda device: device.start(frames, reliable=reliable)).result()

    def stop(self) -> None:
        """End acquiring; frames already read out still arrive.

        Where this fails because the device is away, it is stopped as soon as it is back.
        """
        status = self.connection
        if status.state is ConnectionState.RECONNECTING:
            self._link.stop_when_back()
            raise NotConnectedError(self.url, str(status.error))
        try:
            self.submit(lambda device: device.stop()).result()
        except NotConnectedError:
            self._link.stop_when_back()
            raise

    def software_trigger(self) -> int:
        """Begin a burst of exposures; returns the number that its first frame will carry."""
        return self.submit(lambda device: device.software_trigger()).result()

    def save(self) -> None:
        """Keep the saved parameters in the device's non-volatile memory."""
        self.submit(lambda device: device.save()).result()

    def reset(self) -> None:
        """Restart the device; its parameters return to their saved values."""
        self.submit(lambda device: device.reset()).result()

    # --- frames

    def frames(
        self,
        count: int | None = None,
        *,
        timeout_s: float = 10.0,
        queue_frames: int = QUEUE_FRAMES,
    ) -> FrameSubscription:
        """Subscribe to every frame from now on; iterate over the result, best in a `with`.

        Ends after `count` frames. `timeout_s` is the longest wait for each one.
        """
        return FrameSubscription(self._hub, count, timeout_s, queue_frames)

    def record(
        self,
        path: str | Path,
        *,
        frames: int | None = None,
        image_key: ImageKey = ImageKey.IMAGE,
        overwrite: bool = False,
    ) -> Recording:
        """Record every frame from now on, at most `frames`, to an HDF5/NeXus file.

        `image_key` is what the frames show; replayed frames stay what they were recorded as,
        unless they were plain images. Returns at once. Raises `RecordingExistsError`,
        `NotConnectedError` and `ImageKeyContradictionError`; whatever happens later is in
        `Recording.error`.
        """
        if is_replay(self.url):
            from fpxi.replay import require_recordable  # noqa: PLC0415 - h5py only when wanted

            require_recordable(self.url, Path(path), image_key)
        recording = self._make_recording(Path(path), frames, image_key, overwrite=overwrite)
        self._hub.add(recording)
        return recording

    def _make_recording(
        self, path: Path, frames: int | None, image_key: ImageKey, *, overwrite: bool
    ) -> Recording:
        from fpxi.recording.facts import RecordingFacts  # noqa: PLC0415 - h5py only when wanted
        from fpxi.recording.recorder import Recording  # noqa: PLC0415

        if self.identity is None or self.dictionary is None:
            raise NotConnectedError(self.url, "it has never been")
        recording = Recording(
            path,
            RecordingFacts(self.url, self.identity, self.dictionary, self.parameters),
            frames=frames,
            image_key=image_key,
            overwrite=overwrite,
            link_statistics=lambda: self._device.link,
        )
        self._recordings.append(recording)
        return recording

    def capture(
        self,
        count: int,
        path: str | Path | None = None,
        *,
        reliable: bool = True,
        image_key: ImageKey = ImageKey.IMAGE,
        overwrite: bool = False,
        timeout_s: float | None = None,
        give_up_s: float = 60.0,
        progress: Callable[[int], None] | None = None,
        notify: Callable[[str], None] | None = None,
    ) -> CaptureResult:
        """Start, collect exactly `count` frames, stop; record them if a path is given.

        `progress` is called with the frames so far, in the caller's thread. `timeout_s` is the
        longest wait for one frame; by default it follows from the exposure. `image_key` is as for
        `record`.

        A device that is lost is waited for, `give_up_s` at most (0: not at all), and the capture
        goes on in the same file. One that restarted gets its settings again and acquires anew what
        is still wanted. `notify` is called with words for each loss and return, and on what was
        clipped in a recording that ends early.

        Raises the named error of the device, link or recording; a recording made so far is kept.
        """
        from fpxi.capture import CapturePlan, default_timeout_s, run_capture  # noqa: PLC0415

        if not isinstance(count, SupportsIndex) or count < 1:
            raise CaptureCountError(count)
        plan = CapturePlan(
            count=count,
            path=None if path is None else Path(path),
            image_key=image_key,
            overwrite=overwrite,
            reliable=reliable,
            timeout_s=default_timeout_s(self.parameters) if timeout_s is None else timeout_s,
            give_up_s=give_up_s,
            progress=progress,
            notify=notify,
        )
        return run_capture(self, plan)

    def begin_run(self, plan: CapturePlan) -> tuple[FrameSubscription, Recording | None]:
        """Start as planned, with a subscription and a recording that see this run's frames only."""

        def begin(device: FrameSource) -> tuple[FrameSubscription, Recording | None]:
            count = plan.count if plan.ends_by_itself(self.url) else 0
            device.start(count, reliable=plan.reliable)
            frames = FrameSubscription(
                self._hub,
                plan.count,
                plan.timeout_s,
                give_up_s=plan.give_up_s,
                url=self.url,
                notify=plan.notify,
            )
            if plan.path is None:
                return frames, None
            recording = self._make_recording(
                plan.path, plan.count, plan.image_key, overwrite=plan.overwrite
            )
            self._hub.add(recording)
            return frames, recording

        return self.submit(begin).result()
