"""Correcting the frames of a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import require_frame, require_outputs
from fpxi_imaging._jit import warm_up
from fpxi_imaging.correction._kernels import kernel_for
from fpxi_imaging.correction._later_passes import attenuate_block, follow_block, repair_seams, turn
from fpxi_imaging.correction._plan import pack_plan
from fpxi_imaging.correction._sharing import Sharing, row_blocks
from fpxi_imaging.correction._state import State
from fpxi_imaging.correction.averaging import AveragingMode
from fpxi_imaging.correction.processing import DEFAULT_PROCESSING, Orientation, Processing, Scale
from fpxi_imaging.correction.turning import turned, turned_shape
from fpxi_imaging.errors import FrameTimeError, RecalibrationError, ShapeMismatchError
from fpxi_imaging.resolved import ResolvedCalibration


class Corrector:
    """All steps of a `Processing` in one pass over a frame, for one frame after another.

    A defect is repaired from good received neighbours; if one of them is saturated or cut off, the
    defect is flagged so too, since its value is a bound as theirs is. The average is of values, per
    row over the frames that brought the row; a row is `MISSING` only if no frame of the average
    did. Lag starts in equilibrium: a row's first frame is taken to have been exposed like this for
    ever, which a recording that begins in the dark is.

    Large frames are shared among `threads`; the results do not depend on how many.

    Not thread safe: one thread owns a corrector. Nothing is allocated per frame.

    Raises `NoLagModelError` if lag is to be taken out and the calibration does not know it,
    `NoNoiseModelError` if zingers or motion are looked for and it does not know the noise,
    `SettingError` for `threads` out of range, and `TooLittleMemoryError` if what is to be kept of
    earlier frames does not fit.
    """

    def __init__(
        self,
        calibration: ResolvedCalibration,
        processing: Processing = DEFAULT_PROCESSING,
        *,
        threads: int = 1,
    ) -> None:
        self.processing = processing
        self._blocks = row_blocks(calibration.shape, threads)
        self._sharing = Sharing(len(self._blocks))
        self._averaged_frames = 0
        self._turning: _Turning | None = None
        if processing.orientation != Orientation():
            self._turning = _Turning(calibration.shape, processing.orientation)
        self._restarts = processing.averaging.mode is AveragingMode.BLOCK
        plan = pack_plan(calibration, processing, self._blocks)
        self._state = State(plan.header[0], len(self._blocks))
        self._memory = plan.lay_out(self._state.places, self._state.end)
        self._state.live_in(self._memory)
        self._state.forget()
        self.calibration = calibration
        self._most_frames = processing.averaging.frames
        self._timed = processing.lag
        self._follows_motion = processing.averaging.motion_sigma is not None
        self._odd_frame = False
        self._attenuates = processing.scale is Scale.ATTENUATION
        self._whole = not (len(self._blocks) > 1 or self._follows_motion or self._attenuates)
        """Whether one call of one kernel does it all."""
        self._kernel = kernel_for(plan.header[0])
        self._prepare()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the outputs, turned as the orientation has it."""
        return turned_shape(self.calibration.shape, self.processing.orientation)

    @property
    def averaged_frames(self) -> int:
        """Frames in the last output; 0 before the first."""
        return self._averaged_frames

    @property
    def frames_per_output(self) -> int:
        """Frames that make a whole output: those of a block; without blocks, 1."""
        return self.processing.averaging.frames if self._restarts else 1

    @property
    def complete(self) -> bool:
        """Whether the last output is a whole one: see `frames_per_output`."""
        return self._averaged_frames >= self.frames_per_output

    def correct(
        self,
        samples: npt.NDArray[np.uint16],
        row_received: npt.NDArray[np.bool_],
        *,
        out: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8],
        time_us: int | None = None,
    ) -> None:
        """Correct raw counts (rows, cols) into `out`, as the scale has it, and `flags`.

        The outputs are of `shape`.

        `row_received` has one bool per row. `flags` are `PixelFlag` bits. `time_us` is the device's
        time of the frame's begin in microseconds, needed for lag alone; if it runs back, lag starts
        anew. All arrays must be C-contiguous; the inputs may be read-only and are not changed, and
        must not overlap the outputs. Raises `FrameTimeError`, `ShapeMismatchError` or
        `ArrayLayoutError`, and then has changed nothing.
        """
        if self._timed:
            if time_us is None:
                raise FrameTimeError
            self._state.note_time(time_us)
        if self._restarts and self._averaged_frames == self._most_frames:
            self._require(samples, row_received, out, flags)
            self.reset_average()
        values, marked = out, flags
        if self._turning is not None:
            self._require(samples, row_received, out, flags)
            values, marked = self._turning.values, self._turning.flags
        try:
            if self._whole:
                done = self._kernel(samples, row_received, self._memory, 0, values, marked)
            else:
                done = self._share(samples, row_received, values, marked)
        except TypeError:  # how a kernel refuses a type or layout
            self._require(samples, row_received, out, flags)
            raise
        if not done:
            self._require(samples, row_received, out, flags)
        if self._turning is not None:
            self._turning.turn(out, flags)
        if self._averaged_frames < self._most_frames:
            self._averaged_frames += 1

    def reset(self) -> None:
        """Forget all earlier frames, as after a change of the panel's settings."""
        self._state.forget()
        self._averaged_frames = 0

    def reset_average(self) -> None:
        """Begin a new average with the next frame; lag and zingers go on from the last."""
        self._state.forget_average()
        self._averaged_frames = 0

    def recalibrate(self, calibration: ResolvedCalibration) -> None:
        """Go on with another calibration of the same panel, and with what is remembered.

        For offsets that follow the temperature. Raises `ShapeMismatchError` for another shape, what
        the constructor raises, and `RecalibrationError` where other pixels are good, since of these
        nothing is remembered, or lag and linearity are of another kind.
        """
        if calibration.shape != self.calibration.shape:
            raise ShapeMismatchError(self.calibration.shape, calibration.shape, name="calibration")
        plan = pack_plan(calibration, self.processing, self._blocks)
        self._require_fit(calibration, plan.header[0])
        memory = plan.lay_out(self._state.places, self._state.end, self._memory)
        if memory is not self._memory:
            self._state.move_to(self._memory, memory)
        self._memory = memory
        self.calibration = calibration

    def _require_fit(self, calibration: ResolvedCalibration, header: Any) -> None:
        """Raise `RecalibrationError` unless the state fits another calibration and its header."""
        if not np.array_equal(calibration.good, self.calibration.good):
            raise RecalibrationError("which pixels are good")
        if int(header["lag_components"]) != self._state.lag_components:
            raise RecalibrationError("the number of the lag's components")
        # Kernels keep the pixels' flags in words of different widths.
        if kernel_for(header) is not self._kernel:
            raise RecalibrationError("whether gains are linear")

    def _prepare(self) -> None:
        """Wait for the kernels that are needed."""
        kernels = [self._kernel]
        if self._follows_motion:
            kernels.append(follow_block)
        if len(self._blocks) > 1:
            kernels.append(repair_seams)
        if self._attenuates:
            kernels.append(attenuate_block)
        if self._turning is not None:
            kernels.append(turn)
        warm_up(*kernels)

    def _share(
        self,
        samples: npt.NDArray[np.uint16],
        row_received: npt.NDArray[np.bool_],
        out: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8],
    ) -> bool:
        kernel, memory = self._kernel, self._memory

        def job(block: int) -> bool:
            done: bool = kernel(samples, row_received, memory, block, out, flags)
            return done

        done = self._sharing.run(job)
        if done:
            self._finish(row_received, out, flags)
        return done

    def _finish(
        self,
        row_received: npt.NDArray[np.bool_],
        out: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8],
    ) -> None:
        """Do what needs all blocks of the frame to be there."""
        memory, odd = self._memory, self._odd_frame

        def follow(block: int) -> bool:
            follow_block(row_received, memory, block, odd, out, flags)
            return True

        def attenuate(block: int) -> bool:
            attenuate_block(memory, block, out, flags)
            return True

        if self._follows_motion:
            self._sharing.run(follow)
            self._odd_frame = not odd
        if len(self._blocks) > 1:
            repair_seams(memory, len(self._blocks), out, flags)
        if self._attenuates:
            self._sharing.run(attenuate)

    def _require(
        self,
        samples: npt.NDArray[np.uint16],
        row_received: npt.NDArray[np.bool_],
        out: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8],
    ) -> None:
        require_frame(self.calibration.shape, samples, row_received)
        require_outputs(self.shape, out, flags)


class _Turning:
    """A picture before it is turned, and how it comes to be turned."""

    def __init__(self, shape: tuple[int, int], orientation: Orientation) -> None:
        self.values = np.empty(shape, np.float32)
        self.flags = np.empty(shape, np.uint8)
        flat = np.arange(self.flags.size).reshape(shape)
        view = turned(flat, orientation)
        self._first = int(view[0, 0])
        self._row_step = view.strides[0] // flat.itemsize
        self._column_step = view.strides[1] // flat.itemsize

    def turn(self, out: npt.NDArray[np.float32], flags: npt.NDArray[np.uint8]) -> None:
        """Copy values and flags into arrays of the turned shape."""
        turn(self.values, self.flags, self._first, self._row_step, self._column_step, out, flags)
