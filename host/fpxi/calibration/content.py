"""What a group holds of a calibration, in its own file and in the files that it corrected.

These are the fields of `fpxi_imaging.Calibration`, as `fpxi.calibration.records` keeps dataclasses.
"""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import numpy.typing as npt
from fpxi_imaging import Calibration, DefectClass, DefectMap, DefectOrigin

from fpxi.calibration.errors import ContentError
from fpxi.calibration.records import MAP_OPTIONS, read_record, write_record
from fpxi.legends import write_bits

_ALL_CLASSES = sum(DefectClass)
_MODEL_MAPS = ("bias", "rate", "bias_uncertainty", "rate_uncertainty", "covariance")
_UNITS = {
    ("DarkMap", "mean"): "counts",
    ("DarkMap", "noise"): "counts",
    ("GainModel", "normalisation"): "counts",
    ("GainModel", "noise_per_count"): "counts",
    ("FlatLevel", "signal"): "counts",
    ("FlatLevel", "target"): "counts",
    ("Polynomial", "coefficients"): "counts^-(n+1) of coefficient n",
    ("Piecewise", "knots"): "counts",
    ("Piecewise", "intercepts"): "counts",
    ("OffsetModel", "bias"): "counts",
    ("OffsetModel", "bias_uncertainty"): "counts",
    ("OffsetModel", "rate"): "counts/s",
    ("OffsetModel", "rate_uncertainty"): "counts/s",
    ("OffsetModel", "covariance"): "counts^2/s",
    ("OffsetModel", "residual"): "counts",
    ("OffsetRefresh", "median_drift"): "counts",
    ("OffsetRefresh", "rms_drift"): "counts",
    ("Calibration", "saturation_level"): "counts",
    ("LagModel", "time_constants_s"): "s",
    ("LagModel", "covariance"): "fractions 1, time constants s; of each pair the product",
    ("Source", "size"): "bytes",
    ("DefectThresholds", "window"): "pixels",
    ("DefectThresholds", "fine_window"): "pixels",
    ("DefectThresholds", "line_length"): "pixels",
    ("CheckLimits", "residual_block"): "pixels",
}
_NUMBERS = {
    "GainModel": ("gain", "uncertainty"),
    "FlatLevel": ("clipped", "relative_dose"),
    "Piecewise": ("slopes",),
    "OffsetModel": ("goodness",),
    "LagModel": ("fractions", "multiplier", "residual"),
    "LagTrace": ("measured", "uncertainty", "fitted", "dark_level"),
    "Ghosting": ("change", "uncertainty", "map"),
}
"""Fields that are ratios, whose unit is 1."""
_OF_NUMBERS = ("DefectThresholds", "CheckLimits")
"""Classes of whose fields all are, but for those in `_UNITS`."""


def write_calibration(group: h5py.Group, calibration: Calibration) -> None:
    """Write a calibration into a group, for whichever file needs it."""
    write_record(group, calibration, _unit)
    defects = group["defects"]
    names = ("classes", "found", *(f"imports/{number}/classes" for number in defects["imports"]))
    for name in names:
        if name in defects:
            write_bits(defects[name], DefectClass)


def write_defect_origins(process: h5py.Group, defects: DefectMap) -> None:
    """Write of each pixel who says that it is defective, or good: `DefectOrigin` bits, uint8."""
    origins = process.create_dataset("defect_origins", data=defects.origins, **MAP_OPTIONS)
    write_bits(origins, DefectOrigin)
    origins.attrs["long_name"] = "who says that a pixel is defective, or good; 0: nobody"


def write_offset_models(group: h5py.Group, calibration: Calibration) -> None:
    """Write offset = bias + rate x exposure of each gain setting and temperature, float32."""
    for number, model in enumerate(calibration.offset_models):
        smaller = {name: getattr(model, name).astype(np.float32) for name in _MODEL_MAPS}
        write_record(group.create_group(str(number)), replace(model, **smaller), _unit)


def _unit(owner: str, name: str) -> str:
    known = _UNITS.get((owner, name))
    if known is None:
        return "1" if owner in _OF_NUMBERS or name in _NUMBERS.get(owner, ()) else ""
    return known


def read_calibration(group: h5py.Group) -> Calibration:
    """Return the calibration that a group holds.

    Raises `ContentError`, and what h5py raises for damaged files.
    """
    calibration: Calibration = read_record(group, Calibration)
    defects = calibration.defects
    _require_known_classes(group["defects/classes"], defects.classes | defects.as_found)
    return calibration


def _require_known_classes(dataset: h5py.Dataset, classes: npt.NDArray[np.uint16]) -> None:
    unknown = int(np.bitwise_or.reduce(classes, axis=None)) & ~_ALL_CLASSES
    if unknown:
        raise ContentError(dataset.name, f"has bits of classes that nobody knows: {unknown:#x}")
