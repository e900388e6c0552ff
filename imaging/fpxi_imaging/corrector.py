"""Correcting the frames of a stream."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import require_frame, require_outputs
from fpxi_imaging._jit import warm_up
from fpxi_imaging._kernels import correct_block, repair_seams
from fpxi_imaging._plan import pack_plan
from fpxi_imaging._sharing import Sharing, row_blocks
from fpxi_imaging._state import State
from fpxi_imaging.averaging import AveragingMode
from fpxi_imaging.errors import FrameTimeError, SettingError, ShapeMismatchError
from fpxi_imaging.processing import DEFAULT_PROCESSING, Orientation, Processing, Scale
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

    Raises `NoLagModelError` if lag is to be taken out and the calibration does not know it, and
    `SettingError` for `threads` out of range.
    """

    def __init__(
        self,
        calibration: ResolvedCalibration,
        processing: Processing = DEFAULT_PROCESSING,
        *,
        threads: int = 1,
    ) -> None:
        _require_supported(processing)
        self.processing = processing
        self._blocks = row_blocks(calibration.shape, threads)
        self._sharing = Sharing(len(self._blocks))
        self._averaged_frames = 0
        self._restarts = processing.averaging.mode is AveragingMode.BLOCK
        plan = pack_plan(calibration, processing, self._blocks)
        self._state = State(plan.header[0], len(self._blocks))
        self._plan = plan.build(self._state.places)
        self.calibration = calibration
        warm_up()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the outputs."""
        return self.calibration.shape

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

        `row_received` has one bool per row. `flags` are `PixelFlag` bits. `time_us` is the device's
        time of the frame's begin in microseconds, needed for lag alone; if it runs back, lag starts
        anew. All arrays must be C-contiguous; the inputs may be read-only and are not changed, and
        must not overlap the outputs. Raises `FrameTimeError`, `ShapeMismatchError` or
        `ArrayLayoutError`, and then has changed nothing.
        """
        if time_us is None:
            if self.processing.lag:
                raise FrameTimeError
            time_us = 0
        restart = self._restarts and self._averaged_frames == self.processing.averaging.frames
        try:
            if len(self._blocks) == 1:
                done = correct_block(
                    samples, row_received, self._plan, self._state.array, 0, time_us, restart,
                    out, flags,
                )  # fmt: skip
            else:
                done = self._share(samples, row_received, time_us, restart, out, flags)
        except TypeError:  # how a kernel refuses a type or layout
            self._require(samples, row_received, out, flags)
            raise
        if not done:
            self._require(samples, row_received, out, flags)
        before = 0 if restart else self._averaged_frames
        self._averaged_frames = min(before + 1, self.processing.averaging.frames)

    def reset(self) -> None:
        """Forget all earlier frames, as after a change of the panel's settings."""
        self.reset_average()
        self._state.forget_lag()

    def reset_average(self) -> None:
        """Begin a new average with the next frame, and remember the lag."""
        self._state.forget_average()
        self._averaged_frames = 0

    def recalibrate(self, calibration: ResolvedCalibration) -> None:
        """Go on with another calibration of the same panel, and with what is remembered.

        For offsets that follow the temperature. Raises `ShapeMismatchError` for another shape,
        `NoLagModelError`, and `LagChangedError` for a lag of more or fewer components.
        """
        if calibration.shape != self.calibration.shape:
            raise ShapeMismatchError(self.calibration.shape, calibration.shape, name="calibration")
        plan = pack_plan(calibration, self.processing, self._blocks)
        self._state.require_fit(plan.header[0])
        self._plan = plan.build(self._state.places)
        self.calibration = calibration

    def _share(  # noqa: PLR0917 (as the kernel takes them)
        self,
        samples: npt.NDArray[np.uint16],
        row_received: npt.NDArray[np.bool_],
        time_us: int,
        restart: bool,
        out: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8],
    ) -> bool:
        plan, state = self._plan, self._state.array

        def job(block: int) -> bool:
            done: bool = correct_block(
                samples, row_received, plan, state, block, time_us, restart, out, flags
            )
            return done

        done = self._sharing.run(job)
        if done:
            repair_seams(plan, len(self._blocks), out, flags)
        return done

    def _require(
        self,
        samples: npt.NDArray[np.uint16],
        row_received: npt.NDArray[np.bool_],
        out: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8],
    ) -> None:
        require_frame(self.calibration.shape, samples, row_received)
        require_outputs(self.shape, out, flags)


def _require_supported(processing: Processing) -> None:
    """Refuse the steps that no kernel does."""
    if processing.zinger_sigma is not None:
        raise SettingError("zinger_sigma", processing.zinger_sigma, "None")
    if processing.scale is Scale.ATTENUATION:
        raise SettingError("scale", processing.scale.value, "counts or transmission")
    if processing.orientation != Orientation():
        raise SettingError("orientation", processing.orientation, "as the panel has it")
