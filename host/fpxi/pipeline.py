"""The thread that makes the pictures of the preview, and the settings for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from fpxi_readout.errors import FpxiError

from fpxi.device_state import DeviceState
from fpxi.errors import ThreadFailedError
from fpxi.preview import PipelineSettings, PreviewImage
from fpxi.waiting_frames import WaitingFrames

if TYPE_CHECKING:
    from fpxi_imaging.calibration.calibration import Calibration
    from fpxi_imaging.correction.processing import Processing
    from fpxi_readout.frame import Frame

    from fpxi.rendering import Renderer

RARE_KERNELS_AFTER_S = 5.0
"""When a preview has run so long, the kernels of rarer corrections are prepared too."""

SHOW_EVERY_S = 0.02
"""While more frames wait, a picture is shown so often."""


def _never() -> bool:
    return False


class Pipeline:
    """Runs `fpxi-pipeline`. Takes the newest frame only: one that is overtaken is counted skipped.

    Where the settings ask for steps that rest on the frames before, it takes all in order, shows
    the last, and skips, and counts as missed, those for which its bounded queue has no room. A
    source for which no real time passes (`source_waits`) is made to wait instead.

    Nothing is prepared before the first look at `newest`: what only records or computes does not
    pay for pictures. While the correction kernels are then being compiled or loaded (thread
    `fpxi-warm-up`), the preview is raw and says so.
    """

    def __init__(self, device: DeviceState, source_waits: Callable[[], bool] = _never) -> None:
        self.frames_previewed = 0
        self.frames_skipped = 0
        self.frames_missed = 0
        """Of those skipped, the ones that the steps of the settings in force should have had."""
        self.frames_reached = 0
        """Frames that came up to the one in `newest`, those skipped included."""
        self._device = device
        self._source_waits = source_waits
        self._settings = PipelineSettings()
        self._wake = threading.Condition()
        self._waiting = WaitingFrames()
        self._offered = self._place = 0
        self._show_by = 0.0
        self._repeat = False
        self._begun = False
        self._closing = False
        self._warm = False
        self._newest: PreviewImage | None = None
        self._error: ThreadFailedError | None = None
        self._thread = threading.Thread(target=self._run, name="fpxi-pipeline", daemon=True)
        self._warm_up = threading.Thread(target=self._prepare, name="fpxi-warm-up", daemon=True)

    @property
    def warm(self) -> bool:
        """Whether frames can be corrected and averaged."""
        return self._warm

    @property
    def crowded(self) -> bool:
        """True while a source that can wait should; one in real time, and its recording, go on."""
        return self._source_waits() and self._takes_all() and self._waiting.crowded

    @property
    def settings(self) -> PipelineSettings:
        """What the preview should be."""
        return self._settings

    @settings.setter
    def settings(self, settings: PipelineSettings) -> None:
        with self._wake:
            self._settings = settings
            self.frames_missed = 0
            self._repeat = True
            self._wake.notify_all()

    @property
    def newest(self) -> PreviewImage | None:
        """The newest picture. Raises `ThreadFailedError` once the thread has failed."""
        self._begin()
        if self._error is not None:
            raise self._error
        return self._newest

    def configure(
        self,
        *,
        corrected: bool | None = None,
        calibration: Calibration | None = None,
        processing: Processing | None = None,
        whole_blocks: bool | None = None,
    ) -> None:
        """Change what is given; the newest frame is shown again accordingly. Never waits."""
        given = {
            "corrected": corrected,
            "calibration": calibration,
            "processing": processing,
            "whole_blocks": whole_blocks,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        self.settings = replace(self._settings, **changes)  # type: ignore[arg-type]

    def offer(self, frame: Frame) -> bool:
        """Take the newest frame (link thread)."""
        with self._wake:
            self._offered += 1
            if self._takes_all():
                missed = self._waiting.append(frame, bounded=not self._source_waits())
                self.frames_missed += missed
                self.frames_skipped += missed
            else:
                overtaken = self._waiting.replace(frame)
                self.frames_skipped += overtaken if self._begun else 0
            self._wake.notify_all()
        return True

    def mark(self, text: str, device_time_us: int | None = None) -> None:
        """Do nothing: a picture shows no interruptions."""

    def lost(self, error: FpxiError) -> None:
        """Do nothing: the last picture stays."""

    def found(self, text: str, *, anew: bool) -> None:
        """Do nothing: the next picture will show it."""

    def end(self, error: FpxiError) -> None:
        """Do nothing: the last picture stays."""

    def close(self, timeout_s: float) -> None:
        """End the threads and wait for them."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        if not self._begun:
            return
        # A compilation cannot be cut short, and an interpreter that ends meanwhile may crash.
        self._warm_up.join()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            error = TimeoutError(f"still busy after {timeout_s} s")
            raise ThreadFailedError(self._thread.name, error)

    def _begin(self) -> None:
        """Start the threads at the first look."""
        with self._wake:
            if self._begun or self._closing:
                return
            self._begun = True
        self._thread.start()
        self._warm_up.start()

    def _prepare(self) -> None:
        try:
            from fpxi_imaging import warm_up  # noqa: PLC0415 - numba takes a second to import

            warm_up(rare=False)
            with self._wake:
                self._warm = self._repeat = True
                self._wake.notify_all()
                # Who wants a single picture need not wait for what it does not need.
                self._wake.wait_for(lambda: self._closing, RARE_KERNELS_AFTER_S)
            if not self._closing:
                warm_up()
        except Exception as error:  # noqa: BLE001 - raised where the preview is asked for
            self._error = ThreadFailedError("fpxi-warm-up", error)

    def _run(self) -> None:
        try:
            renderer: Renderer | None = None
            last: Frame | None = None
            while (frame := self._next(last)) is not None:
                renderer = renderer or self._make_renderer()
                picture = renderer.render(
                    frame, self._settings, warm=self._warm, repeated=frame is last
                )
                self._show(picture, anew=frame is not last)
                last = frame
        except Exception as error:  # noqa: BLE001 - raised where the preview is asked for
            self._error = ThreadFailedError("fpxi-pipeline", error)

    def _next(self, last: Frame | None) -> Frame | None:
        """Wait for a frame, or for a reason to show the last one again; None: closing."""
        with self._wake:
            self._wake.wait_for(
                lambda: (
                    self._closing or len(self._waiting) > 0 or (self._repeat and last is not None)
                )
            )
            frame = self._waiting.take() or last
            self._place = self._offered - len(self._waiting)
            self._repeat = False
            return None if self._closing else frame

    def _show(self, picture: PreviewImage, *, anew: bool) -> None:
        """Show a picture, unless the next is already due and the last one is still recent."""
        with self._wake:
            now = time.monotonic()
            if self._waiting and now < self._show_by:
                self.frames_skipped += anew
                return
            self._show_by = now + SHOW_EVERY_S
            self._newest = picture
            self.frames_previewed += anew
            self.frames_reached = self._place

    def _takes_all(self) -> bool:
        return self._warm and self._error is None and self._settings.rests_on_earlier_frames

    def _make_renderer(self) -> Renderer:
        from fpxi.rendering import Renderer  # noqa: PLC0415 - numba takes a second to import

        assert self._device.geometry is not None
        assert self._device.identity is not None
        return Renderer(self._device.geometry, self._device.identity.serial_number)
