"""The classes of defects as colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fpxi_imaging import Calibration
from fpxi_imaging.defects.defect_map import DefectClass
from matplotlib.axes import Axes

from fpxi.calibration.picture.maps import draw_classes

GOOD, RING, EDITED, FIRST_CLASS = 0, 1, 2, 3
_CLASSES = (
    (DefectClass.BAD_NEIGHBOURHOOD, "bad neighbourhood", "#f7d9a8"),
    (DefectClass.CLUSTER, "cluster", "#d8b26e"),
    (DefectClass.CLUSTER_KERNEL, "cluster kernel", "#9c6b1f"),
    (DefectClass.LINE, "line", "#6f6f6f"),
    (DefectClass.IMPORTED, "imported", "#b0a0ff"),
    (DefectClass.NON_UNIFORM, "non-uniform", "#7fc8f8"),
    (DefectClass.PERSISTENT, "persistent", "#12a4a0"),
    (DefectClass.NOISY, "noisy", "#f28e2b"),
    (DefectClass.UNDER_RESPONDING, "under-responding", "#3b6fd4"),
    (DefectClass.OVER_RESPONDING, "over-responding", "#e0457b"),
    (DefectClass.CUT_OFF, "cut off at 0", "#3d9a3d"),
    (DefectClass.SATURATED, "saturated", "#c01515"),
    (DefectClass.DEAD, "dead", "#101010"),
)
"""In rising order of what a pixel of several classes is drawn as: what it is before what it is
part of."""


def draw_defects(axes: Axes, calibration: Calibration) -> None:
    """Draw the class of every defect, with how many pixels are of each class."""
    defects = calibration.defects
    chosen = np.full(calibration.shape, GOOD, np.uint8)
    chosen[calibration.not_imaging] = RING
    mask = defects.mask
    chosen[mask] = EDITED
    for index, (kind, _, _) in enumerate(_CLASSES, start=FIRST_CLASS):
        chosen[mask & ((defects.classes & kind) != 0)] = index
    found = defects.classes[mask]
    listed = [index for index in (RING, EDITED) if (chosen == index).any()]
    listed += [
        index
        for index, (kind, _, _) in enumerate(_CLASSES, start=FIRST_CLASS)
        if (found & kind).any()
    ]
    draw_classes(axes, chosen, _legend(chosen, found), listed, _title(calibration))


def _legend(chosen: npt.NDArray[np.uint8], found: npt.NDArray[np.uint16]) -> list[tuple[str, str]]:
    legend = [
        ("good", "#fbfbfb"),
        ("process ring", "#e3e3e3"),
        (f"marked by hand: {int(np.count_nonzero(chosen == EDITED))}", "#ff00ff"),
    ]
    legend += [
        (f"{name}: {int(np.count_nonzero(found & kind))}", colour)
        for kind, name, colour in _CLASSES
    ]
    return legend


def _title(calibration: Calibration) -> str:
    imaging = int(np.count_nonzero(~calibration.not_imaging))
    bad = int(np.count_nonzero(calibration.defects.mask & ~calibration.not_imaging))
    return f"Defects: {bad} of {imaging} pixels ({bad / imaging:.2%})"
