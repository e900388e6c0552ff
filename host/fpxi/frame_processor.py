"""Frames of one panel on their way through a `Processing`, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
from fpxi_imaging import (
    Calibration,
    Conditions,
    Corrector,
    Processing,
    ResolvedCalibration,
    Tolerances,
)
from fpxi_imaging.conditions import DEFAULT_TOLERANCES
from fpxi_imaging.departures import Agreement, collected
from fpxi_imaging.lag.errors import AveragedExposuresError
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.generated import FrameFlag
from fpxi_readout.protocol.geometry import FrameArea

from fpxi.conditions import conditions_of, for_area
from fpxi.image_key import ImageKey

Resolve = Callable[[Frame], ResolvedCalibration]


@dataclass(frozen=True, slots=True, eq=False)
class ProcessedFrame:
    """What came of a frame; its arrays are never written to again."""

    values: npt.NDArray[np.float32]
    """(rows, cols) of the picture, which may be turned; NaN where there is none."""
    flags: npt.NDArray[np.uint8]
    """`fpxi_imaging.PixelFlag` bits."""
    averaged_frames: int
    complete: bool
    """A block average has all its frames; True in every other mode."""
    anew: bool
    """An average began with it: the first frame, or the first after a break."""
    notes: tuple[str, ...]
    """What was interpolated for the frame's conditions, in words."""


class CalibrationResolver:
    """Finds what corrects each frame, by the frame's own conditions and region."""

    def __init__(
        self,
        calibration: Calibration,
        panel: str,
        serial_number: str,
        tolerances: Tolerances = DEFAULT_TOLERANCES,
    ) -> None:
        self._calibration = calibration
        self._panel = panel
        self._serial_number = serial_number
        self._tolerances = tolerances
        self._whole: ResolvedCalibration | None = None
        self._asked: tuple[Conditions | None, FrameArea | None] = (None, None)
        self._part: ResolvedCalibration | None = None

    def __call__(self, frame: Frame) -> ResolvedCalibration:
        """Return what corrects a frame; the same object as long as the answer is the same.

        Raises `fpxi_imaging.CalibrationMismatchError` and `fpxi_imaging.RegionMismatchError`.
        """
        return self.at(conditions_of(frame, self._panel, self._serial_number), frame.area)

    def agreement(self, conditions: Iterable[Conditions]) -> Agreement:
        """Return what may differ between frames and calibration, and what does for all of these.

        Raises `fpxi_imaging.CalibrationMismatchError`.
        """
        found = (self._calibration.departures(each, self._tolerances) for each in conditions)
        return Agreement(self._tolerances, collected(chain.from_iterable(found)))

    def at(self, conditions: Conditions, area: FrameArea) -> ResolvedCalibration:
        """Return what corrects frames of an area that are taken under these conditions."""
        if self._part is not None and (conditions, area) == self._asked:
            return self._part
        whole = self._calibration.resolve(conditions, self._tolerances)
        if self._part is None or whole is not self._whole or area != self._asked[1]:
            self._part = for_area(whole, area)
            self._whole = whole
        self._asked = (conditions, area)
        return self._part


class FrameProcessor:
    """Takes frames in the order in which they were taken. One thread owns it.

    Lag, zingers and averages rest on the frames before. They begin anew where these say nothing
    about the next one: after a change of region, sampling, exposure, gain setting or bias, to a
    test pattern and back, and when the panel has restarted (its frame numbers or its clock run
    back). Averages alone begin anew where a recording goes on to darks, flats or images. Frames
    that were lost are no such break: the lag ages by the panel's own time, averages are of the
    frames that came, and a block has as many. Nor is a temperature to which another offset belongs.
    """

    def __init__(self, processing: Processing, resolve: Resolve, *, threads: int = 1) -> None:
        self.processing = processing
        self._resolve = resolve
        self._threads = threads
        self._corrector: Corrector | None = None
        self._last: Frame | None = None

    def process(self, frame: Frame) -> ProcessedFrame:
        """Correct the next frame.

        Raises `fpxi_imaging.ImagingError` where the calibration does not hold for it or cannot do
        what the processing asks; the next frame is then the first.
        """
        last, self._last = self._last, None
        resolved = self._resolve(frame)
        if self.processing.lag and frame.sampling.averaged > 1:
            raise AveragedExposuresError(frame.sampling.averaged)
        anew = last is None or not _alike(frame, last)
        corrector = self._prepare(resolved, frame, last)
        values = np.empty(corrector.shape, np.float32)
        flags = np.empty(corrector.shape, np.uint8)
        time_us = frame.timestamp_us
        corrector.correct(
            frame.samples, frame.row_received, out=values, flags=flags, time_us=time_us
        )
        self._last = frame
        return ProcessedFrame(
            values, flags, corrector.averaged_frames, corrector.complete, anew, resolved.notes
        )

    def begin_anew(self) -> None:
        """Let the next frame be the first."""
        self._last = None

    def _prepare(
        self, resolved: ResolvedCalibration, frame: Frame, last: Frame | None
    ) -> Corrector:
        """Return a corrector that remembers of the frames before what holds for this one."""
        corrector = self._corrector
        follows = last is not None and _follows(frame, last)
        if corrector is None or (not follows and corrector.calibration is not resolved):
            corrector = Corrector(resolved, self.processing, threads=self._threads)
        elif not follows:
            corrector.reset()
        else:
            if corrector.calibration is not resolved:
                corrector.recalibrate(resolved)
            if last is not None and not _alike(frame, last):
                corrector.reset_average()
        self._corrector = corrector
        return corrector


def _follows(frame: Frame, last: Frame) -> bool:
    """Whether a frame was taken after another one, the panel set alike and running on."""
    return (
        frame.number > last.number
        and frame.timestamp_us > last.timestamp_us
        and _setting(frame) == _setting(last)
    )


def _alike(frame: Frame, last: Frame) -> bool:
    """Whether a frame may be averaged with the one before."""
    return _follows(frame, last) and _image_key(frame) == _image_key(last)


def _setting(frame: Frame) -> tuple[object, ...]:
    pattern = FrameFlag.PATTERN in frame.flags
    setting = (frame.exposure_us, frame.gain_setting, frame.bias_mV, pattern)
    return (frame.area, frame.sampling, *setting)


def _image_key(frame: Frame) -> ImageKey:
    """Return what a recorded frame shows; what comes from a panel has no mark."""
    return getattr(frame, "image_key", ImageKey.IMAGE)
