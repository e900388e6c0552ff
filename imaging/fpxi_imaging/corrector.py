"""Correcting frames: the class for a stream, the function for a script."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_imaging._correction import correct_average, correct_single, pack_plan
from fpxi_imaging._guards import require_frame, require_outputs
from fpxi_imaging._jit import warm_up
from fpxi_imaging.averaging import AveragingMode
from fpxi_imaging.processing import DEFAULT_PROCESSING, Processing
from fpxi_imaging.resolved import ResolvedCalibration


class Corrector:
    """Offset, gain, defects, saturation, process ring, lost rows and averaging in one pass.

    A defect takes the mean of the good received neighbours that share an edge with it, else of
    those at its corners; if one of them is saturated the defect is flagged `SATURATED` too, since
    its value is a lower bound as theirs is. The average is of raw counts, per row over the frames
    that brought the row; a row is `MISSING` only if no frame of the average did.

    Not thread safe: one thread owns a corrector. Nothing is allocated per frame.
    """

    def __init__(
        self, calibration: ResolvedCalibration, processing: Processing = DEFAULT_PROCESSING
    ) -> None:
        averaging = processing.averaging
        self.calibration = calibration
        self.averaging = averaging
        self._shape = calibration.shape
        self._plan = pack_plan(calibration)
        self._averaged_frames = 0
        self._averages = averaging.mode is not AveragingMode.NONE
        self._restart_after = averaging.frames if averaging.mode is AveragingMode.BLOCK else None
        self._hold_frames = averaging.hold_frames
        state_shape = self._shape if self._averages else (0, 0)
        self._mean = np.zeros(state_shape, np.float64)
        self._hold = np.zeros(state_shape, np.uint16)
        self._row_frames = np.zeros(state_shape[0], np.int64)
        warm_up()

    @property
    def averaged_frames(self) -> int:
        """Frames in the last output: in block mode a block is complete at `averaging.frames`."""
        return self._averaged_frames

    def correct(
        self,
        samples: npt.NDArray[np.uint16],
        row_received: npt.NDArray[np.bool_],
        *,
        out: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8],
    ) -> None:
        """Correct raw counts (rows, cols) into `out`, counts of the median pixel, and `flags`.

        `row_received` has one bool per row. `flags` are `PixelFlag` bits. All arrays must be
        C-contiguous; the inputs may be read-only and are not changed, and must not overlap the
        outputs. Raises `ShapeMismatchError` or `ArrayLayoutError`, and then has changed nothing.
        """
        try:
            if self._averages:
                done = self._average(samples, row_received, out, flags)
            else:
                done = correct_single(samples, row_received, self._plan, out, flags)
        except TypeError:  # how a kernel refuses a type or layout
            self._require(samples, row_received, out, flags)
            raise
        if not done:
            self._require(samples, row_received, out, flags)

    def reset_average(self) -> None:
        """Forget all earlier frames, as after a change of the panel's settings."""
        self._row_frames.fill(0)
        self._averaged_frames = 0

    def _average(
        self,
        samples: npt.NDArray[np.uint16],
        row_received: npt.NDArray[np.bool_],
        out: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8],
    ) -> bool:
        restart = self._averaged_frames == self._restart_after
        done: bool = correct_average(
            samples,
            row_received,
            self._plan,
            self.averaging.frames,
            self._hold_frames,
            restart,
            self._mean,
            self._hold,
            self._row_frames,
            out,
            flags,
        )
        if done:
            self._averaged_frames = 1 if restart else self._averaged_frames + 1
        return done

    def _require(
        self,
        samples: npt.NDArray[np.uint16],
        row_received: npt.NDArray[np.bool_],
        out: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8],
    ) -> None:
        require_frame(self._shape, samples, row_received)
        require_outputs(self._shape, out, flags)


def correct_frame(
    samples: npt.NDArray[np.uint16],
    calibration: ResolvedCalibration,
    row_received: npt.NDArray[np.bool_] | None = None,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return corrected values and flags of one raw frame, as `Corrector.correct` gives them.

    Without `row_received` every row is taken as received. Builds a `Corrector` for each call: for
    more than a few frames make one and keep it.
    """
    if row_received is None:
        row_received = np.ones(calibration.shape[0], np.bool_)
    out = np.empty(calibration.shape, np.float32)
    flags = np.empty(calibration.shape, np.uint8)
    Corrector(calibration).correct(samples, row_received, out=out, flags=flags)
    return out, flags
