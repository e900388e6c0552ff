"""What whoever uses a calibration should know about it."""

from __future__ import annotations

import numpy as np
from fpxi_imaging import Calibration

MANY_DEFECTS = 0.05
FEW_FRAMES = 30
"""ASTM E2597 asks 30 to 100 darks to tell noisy pixels from chance."""


def calibration_notes(calibration: Calibration) -> list[str]:
    """Return a sentence for each thing that makes a calibration worse than it could be."""
    notes = []
    imaging = ~calibration.not_imaging
    fraction = float(np.mean(calibration.defects.mask[imaging]))
    if fraction > MANY_DEFECTS:
        notes.append(
            f"{fraction:.1%} of the imaging pixels are defects: look at the flats for an object "
            "or a shadow in the beam, or too little dose"
        )
    for name, count in (("darks", calibration.dark_frames), ("flats", calibration.flat_frames)):
        if count < FEW_FRAMES:
            notes.append(
                f"{count} {name} make a noisy calibration: take {FEW_FRAMES} or more, better 100"
            )
    return notes
