"""From stacks of darks and flats to the evidence that defects are judged by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_imaging.defect_evidence import DefectEvidence
from fpxi_imaging.frame_stack import FrameStack

Map = npt.NDArray[np.float64]


def measured_evidence(
    dark: FrameStack,
    flat: FrameStack,
    *,
    imaging: npt.NDArray[np.bool_],
    saturation_level: int,
    other_flat: FrameStack | None = None,
    after_exposure: npt.NDArray[np.float64] | None = None,
    after_exposure_noise: npt.NDArray[np.float64] | None = None,
) -> DefectEvidence:
    """Return what the stacks, all of shape (rows, cols), say of each pixel.

    The flat that is corrected by the others' gain is `other_flat`, one of another dose, if there
    is; else the odd frames of `flat`, by the even ones' gain. `after_exposure` is the first frame
    after exposure, less offset; all in counts.

    Raises `ShapeMismatchError`.
    """
    corrected, noise = (
        _halves(flat, dark) if other_flat is None else _corrected(other_flat, flat, dark)
    )
    with np.errstate(invalid="ignore"):
        zero_fraction = dark.zeros / dark.count[:, None]
    return DefectEvidence(
        response=flat.mean - dark.mean,
        imaging=imaging,
        dark_noise=np.sqrt(dark.variance),
        dark_frames=dark.least_count,
        zero_fraction=zero_fraction,
        saturated=np.maximum(dark.maximum, flat.maximum) >= saturation_level,
        corrected_flat=corrected,
        corrected_flat_noise=noise,
        after_exposure=after_exposure,
        after_exposure_noise=after_exposure_noise,
    )


def _corrected(values: FrameStack, gain: FrameStack, dark: FrameStack) -> tuple[Map, Map]:
    """Return one stack's signal over another's, and its standard error by theirs."""
    counts = [stack.count[:, None] for stack in (values, gain, dark)]
    variances = [
        stack.variance / count for stack, count in zip((values, gain, dark), counts, strict=True)
    ]
    return _ratio(values.mean - dark.mean, gain.mean - dark.mean, variances)


def _halves(flat: FrameStack, dark: FrameStack) -> tuple[Map, Map]:
    """Return the odd frames' signal over the even frames', and its standard error."""
    even, odd = ((flat.count + 1) // 2)[:, None], (flat.count // 2)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = [flat.variance / odd, flat.variance / even, dark.variance / dark.count[:, None]]
    return _ratio(flat.odd_mean - dark.mean, flat.even_mean - dark.mean, variances)


def _ratio(values: Map, gain: Map, variances: list[Map]) -> tuple[Map, Map]:
    """Return values / gain where there is a gain, else NaN; and the standard error.

    The variances are those of values, gain and the offset in both: that of v / g for
    v = x - o, g = y - o is (var x + (v/g)^2 var y + (1 - v/g)^2 var o) / g^2.
    """
    of_values, of_gain, of_offset = variances
    gain = np.where(gain > 0, gain, np.nan)
    ratio = values / gain
    error = np.sqrt(of_values + ratio**2 * of_gain + (1 - ratio) ** 2 * of_offset) / gain
    return ratio, error
