"""Where the images of an export come from: a raw recording, a corrected one, or both in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import h5py
import numpy as np
import numpy.typing as npt
from fpxi_imaging import DEFAULT_PROCESSING, Calibration, PixelFlag, Processing
from fpxi_imaging.correction.turning import turned_shape

from fpxi.corrected_file import LAYOUT_ATTRIBUTE, PROCESS, PROCESSING
from fpxi.correction import correct_recording, looks_back, require_fitting, resolver_for
from fpxi.errors import ExportError, NotARecordingError
from fpxi.file_kind import why_unreadable
from fpxi.frame_processor import FrameProcessor
from fpxi.recording import layout
from fpxi.recording.reader import RecordingReader
from fpxi.scales import meaning_of

Flags = npt.NDArray[np.uint8]


class ImageSource(Protocol):
    """Images of one shape and type, by index."""

    frame_count: int
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    pitch_um: tuple[float, float]
    """From row to row, and from column to column."""
    numbers: npt.NDArray[np.int64]
    """What number the panel gave to each frame; gaps are frames that never arrived."""
    kind: str
    """What the values are, in words."""
    rows_across: bool
    """The panel's rows are columns of the images, which are turned."""
    notes: tuple[str, ...]
    """What was interpolated to correct the frames, and what differed, in words."""
    frames_in: npt.NDArray[np.int64]
    """How many frames are in each image: more than 1 where it is an average."""

    def image(self, index: int) -> tuple[npt.NDArray[Any], Flags]:
        """Return the values and the `PixelFlag` bits of one frame."""
        ...


class RawSource:
    """Raw counts, uint16; rows that never arrived are 0 and flagged."""

    kind = "raw counts"
    rows_across = False
    notes: tuple[str, ...] = ()

    def __init__(self, reader: RecordingReader) -> None:
        geometry = reader.geometry
        self.frame_count = reader.frame_count
        self.shape = reader.area.shape
        self.dtype = np.dtype(np.uint16)
        self.pitch_um = (reader.area.binning * geometry.pitch_um,) * 2
        self.numbers = _numbers(reader)
        self.frames_in = np.ones(self.frame_count, np.int64)
        self._reader = reader
        self._ring = np.where(reader.not_imaging, PixelFlag.NOT_IMAGING, 0).astype(np.uint8)

    def image(self, index: int) -> tuple[npt.NDArray[Any], Flags]:
        """Return counts as they were recorded."""
        frame = self._reader.frame(index)
        flags = self._ring.copy()
        flags[~frame.row_received] = PixelFlag.MISSING
        return frame.samples, flags


class CalibratedSource:
    """A raw recording corrected on the way, float32, by a processing that never looks back."""

    def __init__(
        self, reader: RecordingReader, calibration: Calibration, processing: Processing
    ) -> None:
        resolver = resolver_for(reader, calibration)
        fit = require_fitting(reader, resolver)
        self.notes = fit.notes
        self.rows_across = processing.orientation.rotate_deg % 180 != 0
        self.frame_count = reader.frame_count
        self.shape = turned_shape(fit.resolved.shape, processing.orientation)
        self.dtype = np.dtype(np.float32)
        self.pitch_um = (reader.area.binning * reader.geometry.pitch_um,) * 2
        self.numbers = _numbers(reader)
        self.frames_in = np.ones(self.frame_count, np.int64)
        self.kind = meaning_of(processing.scale, calibration)
        self._reader = reader
        self._processor = FrameProcessor(processing, resolver)

    def image(self, index: int) -> tuple[npt.NDArray[Any], Flags]:
        """Return one frame corrected."""
        made = self._processor.process(self._reader.frame(index))
        return made.values, made.flags


class CorrectedSource:
    """A file that `fpxi.correction.correct_recording` wrote, float32."""

    def __init__(self, file: h5py.File) -> None:
        self._data = file[layout.DATA]
        self.kind = str(self._data.attrs["long_name"])
        self._flags = file[f"{layout.DETECTOR}/pixel_flags"]
        self.frame_count, *shape = self._data.shape
        self.shape = (shape[0], shape[1])
        self.dtype = np.dtype(np.float32)
        detector = file[layout.DETECTOR]
        rows_m, columns_m = (float(detector[f"{axis}_pixel_size"][()]) for axis in "yx")
        self.pitch_um = (rows_m * 1e6, columns_m * 1e6)
        self.numbers = detector["sequence_number"][:].astype(np.int64)
        self.frames_in = np.ones(self.frame_count, np.int64)
        if "frames_averaged" in detector:  # since layout 2
            self.frames_in[:] = detector["frames_averaged"]
        process = file[PROCESS]
        self.notes = tuple(process["notes"].asstr()[:]) if "notes" in process else ()
        self.rows_across = _rotated(file)

    def image(self, index: int) -> tuple[npt.NDArray[Any], Flags]:
        """Return one corrected frame."""
        return self._data[index], self._flags[index]


def _rotated(file: h5py.File) -> bool:
    """Tell whether a corrected file's pictures lie on their side; those of layout 1 never do."""
    if PROCESSING not in file:
        return False
    processing = Processing.from_json(file[PROCESSING].asstr()[()])
    return processing.orientation.rotate_deg % 180 != 0


def _numbers(reader: RecordingReader) -> npt.NDArray[np.int64]:
    return reader.column("sequence_number").astype(np.int64)


@contextmanager
def open_source(
    path: Path,
    calibration: Calibration | None,
    processing: Processing = DEFAULT_PROCESSING,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[ImageSource]:
    """Open a recording or corrected file; with a calibration, a recording is corrected.

    Where the processing looks back on earlier frames, the whole recording is corrected into a
    temporary file, as `fpxi correct` does; `progress` is called with frames done and of how many.

    Raises `NotARecordingError`, `ExportError` for a file that is corrected already, and
    `fpxi_imaging.CalibrationMismatchError` and `fpxi_imaging.RegionMismatchError`.
    """
    if _is_corrected(path):
        if calibration is not None:
            raise ExportError(f"{path} is corrected already; export it without a calibration")
        with h5py.File(path, "r") as file:
            yield CorrectedSource(file)
    elif calibration is None:
        with RecordingReader(path) as reader:
            yield RawSource(reader)
    elif looks_back(processing):
        with TemporaryDirectory(prefix="fpxi-") as folder:
            corrected = Path(folder) / "corrected.h5"
            correct_recording(
                path, calibration, corrected, processing=processing, progress=progress
            )
            with h5py.File(corrected, "r") as file:
                yield CorrectedSource(file)
    else:
        with RecordingReader(path) as reader:
            yield CalibratedSource(reader, calibration, processing)


def _is_corrected(path: Path) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return LAYOUT_ATTRIBUTE in file.attrs
    except OSError as error:
        reason = why_unreadable(path, layout.LAYOUT_ATTRIBUTE, str(error))
        raise NotARecordingError(path, reason) from error
