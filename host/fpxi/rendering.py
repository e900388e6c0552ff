"""From a raw frame to a picture, as the settings ask and the conditions allow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fpxi_imaging import (
    NO_AVERAGING,
    Averaging,
    Calibration,
    Corrector,
    ImagingError,
    PixelFlag,
    Processing,
    ResolvedCalibration,
)
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.geometry import FrameArea, PanelGeometry

from fpxi.conditions import conditions_of, for_area
from fpxi.preview import PipelineSettings, PreviewImage

Values = npt.NDArray[np.float32]
Flags = npt.NDArray[np.uint8]

NOT_WARM = "correction is being prepared; showing raw counts"
NO_CALIBRATION = "no calibration is loaded; showing raw counts"


class Renderer:
    """Makes a `PreviewImage` of each frame. One thread owns it."""

    def __init__(self, geometry: PanelGeometry, serial_number: str) -> None:
        self._geometry = geometry
        self._serial_number = serial_number
        self._area = FrameArea.whole(geometry)
        self._not_imaging = geometry.not_imaging
        self._corrector: Corrector | None = None
        self._made_for: tuple[object, ...] = ()
        self._fitted: ResolvedCalibration | None = None
        self._fitted_for: tuple[object, ...] = ()
        self._generation = 0

    def render(
        self, frame: Frame, settings: PipelineSettings, *, warm: bool, repeated: bool = False
    ) -> PreviewImage:
        """Return the picture of a frame.

        Corrected only if the calibration fits the frame's own conditions; else raw, and the
        notice says why. A `repeated` frame does not count in the average again.
        """
        if frame.area != self._area:
            self._area = frame.area
            self._not_imaging = frame.area.not_imaging(self._geometry)
        notice = self._obstacle(frame, settings, warm)
        corrected = settings.corrected and not notice
        calibration = settings.calibration if corrected else None
        frames = settings.averaging_frames if warm else 1
        if calibration is None and frames == 1:
            values, flags = self._raw(frame)
            averaged = 1
        else:
            values, flags, averaged = self._compute(frame, calibration, frames, repeated)
        self._generation += 1
        return PreviewImage(frame, values, flags, self._generation, corrected, averaged, notice)

    def _obstacle(self, frame: Frame, settings: PipelineSettings, warm: bool) -> str:
        """Return why the settings cannot be met; empty if they can."""
        wants_kernel = settings.corrected or settings.averaging_frames > 1
        if wants_kernel and not warm:
            return NOT_WARM
        if not settings.corrected:
            return ""
        if settings.calibration is None:
            return NO_CALIBRATION
        try:
            self._fit(frame, settings.calibration)
        except ImagingError as error:
            return f"showing raw counts: {error}"
        return ""

    def _raw(self, frame: Frame) -> tuple[Values, Flags]:
        """Do as `fpxi_imaging.raw_values`, without a compiled kernel: it may not be ready."""
        values = frame.samples.astype(np.float32)
        saturated = frame.samples >= self._geometry.full_scale
        flags = np.where(saturated, PixelFlag.SATURATED, 0).astype(np.uint8)
        values[~frame.row_received] = np.nan
        flags[~frame.row_received] = PixelFlag.MISSING
        values[self._not_imaging] = np.nan
        flags[self._not_imaging] = PixelFlag.NOT_IMAGING
        return values, flags

    def _compute(
        self, frame: Frame, calibration: Calibration | None, frames: int, repeated: bool
    ) -> tuple[Values, Flags, int]:
        settings = (frame.exposure_us, frame.gain_setting, frame.bias_mV, frame.sampling)
        made_for = (calibration, frames, self._area, *settings)
        if self._corrector is None or made_for != self._made_for:
            self._corrector = self._make_corrector(frame, calibration, frames)
            self._made_for = made_for
        elif repeated:
            self._corrector.reset_average()
        values = np.empty(frame.samples.shape, np.float32)
        flags = np.empty(frame.samples.shape, np.uint8)
        self._corrector.correct(frame.samples, frame.row_received, out=values, flags=flags)
        return values, flags, max(1, min(self._corrector.averaged_frames, frames))

    def _make_corrector(
        self, frame: Frame, calibration: Calibration | None, frames: int
    ) -> Corrector:
        averaging = Averaging.recursive(frames) if frames > 1 else NO_AVERAGING
        if calibration is None:
            return Corrector(self._neutral(frame), Processing(averaging=averaging))
        return Corrector(self._fit(frame, calibration), Processing(averaging=averaging))

    def _fit(self, frame: Frame, calibration: Calibration) -> ResolvedCalibration:
        """Return what corrects the frame. Raises `fpxi_imaging.ImagingError` if nothing does."""
        actual = conditions_of(frame, self._geometry.name, self._serial_number)
        resolved = calibration.resolve(actual)
        if self._fitted is None or self._fitted_for != (calibration, self._area):
            self._fitted = for_area(resolved, self._area)
            self._fitted_for = (calibration, self._area)
        return self._fitted

    def _neutral(self, frame: Frame) -> ResolvedCalibration:
        """Return a calibration that changes nothing, for the average of raw counts."""
        shape = frame.samples.shape
        return ResolvedCalibration(
            offset=np.zeros(shape, np.float32),
            gain=np.ones(shape, np.float32),
            defects=np.zeros(shape, np.bool_),
            not_imaging=self._not_imaging,
            normalisation=1.0,
            saturation_level=self._geometry.full_scale,
            conditions=conditions_of(frame, self._geometry.name, self._serial_number),
        )
