"""From recordings in which the beam goes off to the panel's lag, and its lagging pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from fpxi_imaging import Calibration, Corrector, PixelFlag, ResolvedCalibration, Tolerances
from fpxi_imaging.conditions import DEFAULT_TOLERANCES
from fpxi_imaging.errors import ShapeMismatchError
from fpxi_imaging.lag.errors import AveragedExposuresError, TooFewLagFramesError
from fpxi_imaging.lag.fit import LagFit, fit_lag
from fpxi_imaging.lag.step_off import AfterExposure, after_exposure

from fpxi.calibration.series import require_within
from fpxi.conditions import for_area
from fpxi.recording.conditions import recorded_conditions, recorded_numbers
from fpxi.recording.reader import RecordingReader, read_recording

_NO_SAMPLE = PixelFlag.SATURATED | PixelFlag.CUT_OFF | PixelFlag.MISSING
READINGS = 3
"""How often `fit_lag` reads a frame at most."""
_ONE_VALUE = ("exposure_us", "gain_setting", "first_row", "first_column", "binning")

Values = npt.NDArray[np.float64]


def lag_from_recording(
    path: str | Path,
    calibration: Calibration,
    *,
    components: int | None = None,
    exposure_s: float | None = None,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    progress: Callable[[int, int], None] | None = None,
) -> LagFit:
    """Fit the lag to a recording in which the beam goes off while frames go on.

    All frames serve, whatever they are marked as; the last step-off is taken. They are corrected by
    `calibration`, without its lag; saturated samples and lost rows do not count. `components` and
    `exposure_s` are `fpxi_imaging.lag.fit.fit_lag`'s. The frames are read up to three times:
    `progress` is called with the readings done, and the most there may be.

    Raises `NotARecordingError`, `MixedConditionsError`, `fpxi_imaging.CalibrationMismatchError`,
    `fpxi_imaging.RegionMismatchError`, and what `fit_lag` raises.
    """
    with read_recording(path) as reader:
        exposure_us = _exposure_us(reader)
        exposures = int(reader.column("averaged").max())
        if exposures > 1:
            raise AveragedExposuresError(exposures)
        resolved = [calibration.resolve(each, tolerances) for each in recorded_conditions(reader)]
        fitted = for_area(resolved[-1], reader.area)
        return fit_lag(
            _CorrectedFrames(reader, fitted, progress),
            _times_us(reader),
            exposure_us,
            good=~(fitted.defects | fitted.not_imaging),
            components=components,
            exposure_s=exposure_s,
        )


def after_exposure_from_recordings(
    paths: str | Path | Sequence[str | Path], offset: npt.NDArray[np.floating]
) -> AfterExposure:
    """Return the mean first whole frame after every step-off of the recordings, less `offset`.

    `offset`, (rows, cols) in counts, is the mean dark of the same conditions and region. Saturated
    samples and lost rows do not count.

    Raises `NotARecordingError`, `MixedConditionsError`, `ShapeMismatchError`, and of
    `fpxi_imaging.lag.errors.LagError` what `fpxi_imaging.lag.step_off.after_exposure` raises.
    """
    listed = [paths] if isinstance(paths, str | Path) else list(paths)
    found = []
    for path in listed:
        with read_recording(path) as reader:
            exposure_us = _exposure_us(reader)
            imaging = ~reader.not_imaging
            if offset.shape != reader.area.shape:
                raise ShapeMismatchError(reader.area.shape, offset.shape, name="offset")
            frames = _RawFrames(reader, np.asarray(offset, np.float64))
            found.append(after_exposure(frames, _times_us(reader), exposure_us, good=imaging))
    steps = sum(each.steps for each in found)
    if not steps:
        raise TooFewLagFramesError("after", 0, 1)
    mean = np.average([each.mean for each in found], axis=0, weights=[each.steps for each in found])
    return AfterExposure(mean, steps)


class _RawFrames:
    """Frames less their dark, read when they are asked for; NaN is no sample."""

    def __init__(self, reader: RecordingReader, offset: Values) -> None:
        self._reader = reader
        self._offset = offset
        self._saturation_level = reader.geometry.full_scale

    def __len__(self) -> int:
        return self._reader.frame_count

    def __getitem__(self, index: int) -> Values:
        frame = self._reader.frame(index)
        samples = frame.samples
        clipped = (samples == 0) | (samples >= self._saturation_level)
        values: Values = np.where(clipped, np.nan, samples - self._offset)
        values[~frame.row_received] = np.nan
        return values


class _CorrectedFrames:
    """Corrected frames, made when they are asked for; NaN is no sample."""

    def __init__(
        self,
        reader: RecordingReader,
        calibration: ResolvedCalibration,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._reader = reader
        self._corrector = Corrector(calibration)
        self._shape = calibration.shape
        self._progress = progress
        self._done = 0

    def __len__(self) -> int:
        return self._reader.frame_count

    def __getitem__(self, index: int) -> Values:
        frame = self._reader.frame(index)
        values, flags = np.empty(self._shape, np.float32), np.empty(self._shape, np.uint8)
        self._corrector.correct(frame.samples, frame.row_received, out=values, flags=flags)
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, READINGS * len(self))
        corrected: Values = np.where(flags & _NO_SAMPLE, np.nan, values.astype(np.float64))
        return corrected


def _exposure_us(reader: RecordingReader) -> int:
    """Return the exposure that all frames have; they share range and region, too."""
    numbers = recorded_numbers(reader)
    for name in _ONE_VALUE:
        require_within(name, numbers[name], 0, str(reader.path))
    exposures = numbers["exposure_us"]
    if not len(exposures):
        raise TooFewLagFramesError("around", 0, 1)
    return int(exposures[0])


def _times_us(reader: RecordingReader) -> npt.NDArray[np.int64]:
    times_us: npt.NDArray[np.int64] = reader.column("timestamp").astype(np.int64)
    return times_us
