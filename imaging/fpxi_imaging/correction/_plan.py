"""What the kernels need of a calibration and a processing, worked out once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.correction._flag_steps import ranked_marks
from fpxi_imaging.correction._layout import (
    HEADER,
    MEAN,
    MEDIAN,
    MOVING_SUM,
    NO_AVERAGE,
    Parts,
    aligned_zeros,
)
from fpxi_imaging.correction._repair_table import repair_table, split_table
from fpxi_imaging.correction.averaging import Averaging, AveragingMode
from fpxi_imaging.correction.processing import Processing, Scale
from fpxi_imaging.errors import NoLagModelError, NoNoiseModelError, TooLittleMemoryError
from fpxi_imaging.flags import PixelFlag
from fpxi_imaging.lag.model import LagModel
from fpxi_imaging.linearity import Linearity, Polynomial
from fpxi_imaging.resolved import ResolvedCalibration

Blocks = list[tuple[int, int]]

MOST_SINGLE_FRAMES = 64
"""Up to so many frames an average is kept in single precision.

A mean loses what changes it by less than half its last place: at most `frames` / 2^24 of its value,
and 0.13 counts of 65535. A moving sum is renewed before its rounding errors come to as much.
"""


class Plan:
    """The header and the constants, until they are laid out in the memory."""

    def __init__(self) -> None:
        self.header = np.zeros(1, HEADER)
        self._contents: dict[str, npt.NDArray[Any]] = {}

    def note(self, **fields: int) -> None:
        """Write fields of the header."""
        for name, value in fields.items():
            self.header[name] = value

    def add(self, name: str, array: npt.NDArray[Any]) -> None:
        """Add a part; the header's field `name` will say where it begins."""
        self._contents[name] = array

    def lay_out(
        self, places: dict[str, int], begin: int, memory: npt.NDArray[np.uint8] | None = None
    ) -> npt.NDArray[np.uint8]:
        """Return a memory with the constants from byte `begin` on: the one given, if all fits in.

        What lies between is the state, zero in a new memory; `places` are the header's fields about
        it. Raises `TooLittleMemoryError` if there is not enough for a new one.
        """
        self.note(**places)
        parts = Parts(begin)
        at = {name: parts.reserve(part.size, part.dtype) for name, part in self._contents.items()}
        self.note(**at)
        if memory is None or memory.size < parts.size:
            try:
                memory = aligned_zeros(parts.size)
            except MemoryError as error:
                raise TooLittleMemoryError(parts.size) from error
        memory[: HEADER.itemsize] = self.header.view(np.uint8)
        for name, part in self._contents.items():
            first = at[name] * part.itemsize
            memory[first : first + part.nbytes] = (
                np.ascontiguousarray(part).reshape(-1).view(np.uint8)
            )
        return memory


def pack_plan(calibration: ResolvedCalibration, processing: Processing, blocks: Blocks) -> Plan:
    """Work all constants out.

    `blocks` are the first and last rows of each thread's share. Values are linear in the gain but
    for the linearity, so a scale costs nothing: it goes into the constants. Raises
    `NoLagModelError` if lag is to be taken out and the calibration does not know it, and
    `NoNoiseModelError` if zingers or motion are looked for and it does not know the noise.
    """
    scale = 1.0 if processing.scale is Scale.COUNTS else 1.0 / calibration.normalisation
    defects, ring = calibration.defects, calibration.not_imaging
    plan = Plan()
    rows, columns = calibration.shape
    plan.note(rows=rows, columns=columns, saturation_level=calibration.saturation_level)
    plan.add("offset_at", calibration.offset)
    gain = np.where(calibration.good, calibration.gain * np.float64(scale), np.float32(np.nan))
    plan.add("gain_at", gain.astype(np.float32))
    marks = np.where(ring, PixelFlag.NOT_IMAGING, 0).astype(np.uint8)
    marks[defects & ~ring] = PixelFlag.UNREPAIRABLE
    plan.add("marks_at", ranked_marks(marks))
    _add_linearity(plan, calibration.linearity, scale)
    if processing.lag:
        if calibration.lag is None:
            raise NoLagModelError
        _add_lag(plan, calibration.lag, calibration)
    if processing.needs_noise:
        _add_noise(plan, processing, calibration, scale)
    _note_averaging(plan, processing.averaging)
    repaired = defects & ~ring if processing.repair else np.zeros_like(defects)
    _add_repairs(plan, repair_table(repaired, ring | defects), blocks)
    return plan


def _add_linearity(plan: Plan, linearity: Linearity | None, scale: float) -> None:
    """Pack coefficients; or slopes, intercepts and knots.

    With v = scale u in place of u, the coefficient of u^n becomes one of v^n: over scale^n.
    """
    if linearity is None:
        return
    if isinstance(linearity, Polynomial):
        coefficients = linearity.coefficients.astype(np.float64)
        plan.note(polynomial_terms=len(coefficients))
        powers = np.arange(1, len(coefficients) + 1).reshape(-1, 1, 1)
        plan.add("linearity_at", (coefficients / scale**powers).astype(np.float32))
        return
    plan.note(piecewise_segments=len(linearity.slopes))
    parts = (linearity.slopes, linearity.intercepts * scale, linearity.knots * scale)
    plan.add("linearity_at", np.concatenate(parts).astype(np.float32))


def _add_lag(plan: Plan, lag: LagModel, calibration: ResolvedCalibration) -> None:
    """Pack time constants and the mean of each component's current over a frame's window."""
    window_us = calibration.conditions.exposure_us
    constants_us = np.array(lag.time_constants_s) * 1e6
    ratio = window_us / constants_us
    mean_decay = -np.expm1(-ratio) / ratio if window_us else np.ones_like(ratio)
    weights = np.array(lag.fractions) * mean_decay
    multiplier = np.ones(calibration.shape, np.float32)
    if lag.multiplier is not None:
        multiplier = lag.multiplier
    plan.note(lag_components=len(constants_us))
    plan.add("lag_at", np.column_stack([constants_us, weights]))
    plan.add("lag_multiplier_at", multiplier)


def _add_noise(
    plan: Plan, processing: Processing, calibration: ResolvedCalibration, scale: float
) -> None:
    """Pack the noise model, in the units of the values, and the limits."""
    dark_variance, per_count = calibration.dark_noise**2, calibration.noise_per_count
    if not (dark_variance > 0 or per_count > 0):
        raise NoNoiseModelError
    limits = (processing.zinger_sigma or 0.0, processing.averaging.motion_sigma or 0.0)
    noise = np.array([dark_variance * scale**2, per_count * scale, *limits], np.float32)
    plan.note(rejects_zingers=processing.zinger_sigma is not None)
    plan.add("noise_at", noise)


def _note_averaging(plan: Plan, averaging: Averaging) -> None:
    kinds = {
        AveragingMode.NONE: NO_AVERAGE,
        AveragingMode.RUNNING: MOVING_SUM,
        AveragingMode.MEDIAN: MEDIAN,
    }
    follows_motion = averaging.motion_sigma is not None
    plan.note(
        averaging=kinds.get(averaging.mode, MEAN),
        averaged_frames=averaging.frames,
        double=averaging.frames > MOST_SINGLE_FRAMES and not follows_motion,
        hold_frames=averaging.hold_frames,
        follows_motion=follows_motion,
    )


def _add_repairs(plan: Plan, table: npt.NDArray[np.uint32], blocks: Blocks) -> None:
    """Pack for each block its first and last row, and where its own repair table lies.

    The seams come last: no rows, and the repairs that need more than one block.
    """
    tables = split_table(table, [0, *(end for _, end in blocks)])
    ends = np.cumsum([part.size for part in tables])
    begins = ends - [part.size for part in tables]
    rows = [*blocks, (0, 0)]
    plan.add("blocks_at", np.column_stack([rows, begins, ends]).astype(np.int64))
    plan.add("repair_at", np.concatenate(tables))
