"""From a raw frame to a picture, as the settings ask and the conditions allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fpxi_imaging import (
    DEFAULT_PROCESSING,
    NO_AVERAGING,
    Calibration,
    ImagingError,
    PixelFlag,
    Processing,
    ResolvedCalibration,
)
from fpxi_imaging.correction.turning import turned
from fpxi_imaging.departures import notes_of
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.generated import FrameFlag
from fpxi_readout.protocol.geometry import FrameArea, PanelGeometry

from fpxi.conditions import conditions_of
from fpxi.frame_processor import CalibrationResolver, FrameProcessor, ProcessedFrame
from fpxi.preview import PipelineSettings, PreviewImage

NOT_WARM = "correction is being prepared; showing raw counts"
TEST_PATTERN = "the panel sends a test pattern; showing raw counts"
NO_CALIBRATION = "no calibration is loaded; showing raw counts"


class Renderer:
    """Makes a `PreviewImage` of each frame. One thread owns it."""

    def __init__(self, geometry: PanelGeometry, serial_number: str) -> None:
        self._geometry = geometry
        self._serial_number = serial_number
        self._area = FrameArea.whole(geometry)
        self._not_imaging = geometry.not_imaging
        self._neutral: ResolvedCalibration | None = None
        self._resolver: CalibrationResolver
        self._correcting: FrameProcessor | None = None
        self._correcting_with: tuple[Calibration, Processing] | None = None
        self._averaging: FrameProcessor | None = None
        self._generation = 0
        self._settings = PipelineSettings()
        self._whole_block: PreviewImage | None = None

    def render(
        self, frame: Frame, settings: PipelineSettings, *, warm: bool, repeated: bool = False
    ) -> PreviewImage:
        """Return the picture of a frame.

        Corrected only if the calibration fits the frame's own conditions; else raw, and the
        notice says why. Lag, zingers and averages begin anew with a `repeated` frame, which must
        not count twice.
        """
        if settings is not self._settings:
            self._settings, self._whole_block = settings, None
        if repeated:
            self._forget()
        if frame.area != self._area:
            self._area, self._neutral = frame.area, None
            self._not_imaging = frame.area.not_imaging(self._geometry)
        processing = settings.processing or DEFAULT_PROCESSING
        if not settings.corrected:
            return self._uncorrected(frame, processing, "", warm=warm)
        if not warm:
            return self._uncorrected(frame, processing, NOT_WARM, warm=warm)
        if FrameFlag.PATTERN in frame.flags:
            return self._uncorrected(frame, processing, TEST_PATTERN, warm=warm)
        if settings.calibration is None:
            return self._uncorrected(frame, processing, NO_CALIBRATION, warm=warm)
        try:
            made = self._correct(frame, settings.calibration, processing)
        except ImagingError as error:
            notice = f"showing raw counts: {error}"
            return self._uncorrected(frame, processing, notice, warm=warm)
        if self._averaging is not None:
            self._averaging.begin_anew()
        return self._picture(frame, made, processing, processing.averaging.frames, corrected=True)

    def _correct(
        self, frame: Frame, calibration: Calibration, processing: Processing
    ) -> ProcessedFrame:
        """Raise `fpxi_imaging.ImagingError` where that cannot be."""
        wanted = (calibration, processing)
        if self._correcting is None or self._correcting_with != wanted:
            self._resolver = CalibrationResolver(
                calibration, self._geometry.name, self._serial_number
            )
            self._correcting = FrameProcessor(processing, self._resolver)
            self._correcting_with = wanted
        made = self._correcting.process(frame)
        at = conditions_of(frame, self._geometry.name, self._serial_number)
        apart = notes_of(self._resolver.agreement([at]).departures)
        return replace(made, notes=(*made.notes, *apart))

    def _uncorrected(
        self, frame: Frame, processing: Processing, notice: str, *, warm: bool
    ) -> PreviewImage:
        """Return a picture of raw counts, averaged and turned as the processing says."""
        if self._correcting is not None:
            self._correcting.begin_anew()
        averages = processing.averaging != NO_AVERAGING
        if averages and warm:
            averaging = replace(processing.averaging, motion_sigma=None)  # asks for known noise
            raw = Processing(averaging=averaging, repair=False)
            if self._averaging is None or self._averaging.processing != raw:
                self._averaging = FrameProcessor(raw, self._resolve_neutral)
            made = self._averaging.process(frame)
        else:
            made = self._single(frame)
            notice = NOT_WARM if averages else notice
        shown = Processing(orientation=processing.orientation)
        made = replace(
            made,
            values=np.ascontiguousarray(turned(made.values, shown.orientation)),
            flags=np.ascontiguousarray(turned(made.flags, shown.orientation)),
        )
        asked = processing.averaging.frames
        return self._picture(frame, made, shown, asked, corrected=False, notice=notice)

    def _single(self, frame: Frame) -> ProcessedFrame:
        """Do as `fpxi_imaging.raw_values`, without a compiled kernel: it may not be ready."""
        values = frame.samples.astype(np.float32)
        flags = np.zeros(frame.samples.shape, np.uint8)
        flags[frame.samples >= self._geometry.full_scale] = PixelFlag.SATURATED
        flags[frame.samples == 0] = PixelFlag.CUT_OFF
        values[~frame.row_received] = np.nan
        flags[~frame.row_received] = PixelFlag.MISSING
        values[self._not_imaging] = np.nan
        flags[self._not_imaging] = PixelFlag.NOT_IMAGING
        return ProcessedFrame(values, flags, averaged_frames=1, complete=True, anew=True, notes=())

    def _picture(
        self,
        frame: Frame,
        made: ProcessedFrame,
        processing: Processing,
        frames_to_average: int,
        *,
        corrected: bool,
        notice: str = "",
    ) -> PreviewImage:
        grows = not (made.complete or made.anew)
        if self._settings.whole_blocks and grows and self._whole_block is not None:
            return self._whole_block
        self._generation += 1
        picture = PreviewImage(
            frame=frame,
            values=made.values,
            flags=made.flags,
            generation=self._generation,
            corrected=corrected,
            averaged_frames=made.averaged_frames,
            frames_to_average=frames_to_average,
            scale=processing.scale,
            orientation=processing.orientation,
            notice=notice,
            notes=made.notes,
        )
        self._whole_block = picture if made.complete else None
        return picture

    def _resolve_neutral(self, frame: Frame) -> ResolvedCalibration:
        """Return what changes nothing, for the average of raw counts."""
        if self._neutral is None:
            shape = frame.samples.shape
            self._neutral = ResolvedCalibration(
                offset=np.zeros(shape, np.float32),
                gain=np.ones(shape, np.float32),
                defects=np.zeros(shape, np.bool_),
                not_imaging=self._not_imaging,
                normalisation=1.0,
                saturation_level=self._geometry.full_scale,
                conditions=conditions_of(frame, self._geometry.name, self._serial_number),
            )
        return self._neutral

    def _forget(self) -> None:
        for processor in (self._correcting, self._averaging):
            if processor is not None:
                processor.begin_anew()
