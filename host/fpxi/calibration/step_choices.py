"""What can be taken again when frames of a calibration run are refused."""

from __future__ import annotations

from collections.abc import Sequence

from fpxi_imaging import BeamOnInDarkError, DriftError, UnevenFlatError
from fpxi_readout.errors import FpxiError

from fpxi.calibration.plan import RunStep, StepKind
from fpxi.calibration.run_errors import (
    BeamOnError,
    DarkLevelMovedError,
    FirstDarksLitError,
    FlatTooDimError,
)

_EITHER = (FlatTooDimError, BeamOnError, DarkLevelMovedError)
"""Errors that the first darks may be to blame for as well."""


def choices_after(
    error: FpxiError, step: RunStep | None, steps: Sequence[RunStep]
) -> tuple[RunStep, ...]:
    """Return from where a run can go on, the likeliest first.

    `step` is the one that was refused; None: the frames of all of them make no calibration.
    """
    first = steps[0]
    if step is None:
        flats = [each for each in steps if each.kind is StepKind.FLAT]
        return (*flats[:1], first) if _of_flats(error) else (first, *flats[:1])
    if step is first or isinstance(error, FirstDarksLitError):
        return (first,)
    if isinstance(error, BeamOnInDarkError) and error.series != "closing darks":
        return (first,)
    if isinstance(error, FlatTooDimError) and error.darks_lit:
        return (first,)
    return (step, first) if isinstance(error, _EITHER) else (step,)


def _of_flats(error: FpxiError) -> bool:
    """Whether the flats are to blame for frames that make no calibration together."""
    drifted = isinstance(error, DriftError) and error.series == "flats"
    return drifted or isinstance(error, UnevenFlatError)
