"""Calibration files of layouts 1 and 2: one dark, one flat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import h5py
from fpxi_imaging import Calibration, Conditions, DefectThresholds, calibration_from_maps

_ARRAYS = ("offset", "gain", "defects", "not_imaging")
_SCALARS = ("normalisation", "saturation_level", "dark_frames", "flat_frames")
_FRAME_LIMITS = {"least_flat_response", "most_defective", "most_saturated"}
"""Thresholds of these layouts that are no thresholds of defects."""


def read_single(group: h5py.Group) -> Calibration:
    """Return the calibration. Raises `KeyError`, and `fpxi_imaging.ImagingError` as it does."""
    thresholds = _facts(group["thresholds"])
    return calibration_from_maps(
        **{name: group[name][()] for name in _ARRAYS},
        **{name: group[name][()].item() for name in _SCALARS},
        created=datetime.fromisoformat(group["created"].asstr()[()]),
        conditions=Conditions(**_facts(group["conditions"])),
        thresholds=DefectThresholds(
            **{name: value for name, value in thresholds.items() if name not in _FRAME_LIMITS}
        ),
    )


def _facts(group: h5py.Group) -> dict[str, Any]:
    return {name: _plain(dataset) for name, dataset in group.items()}


def _plain(dataset: h5py.Dataset) -> Any:
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return dataset.asstr()[()]
    return dataset[()].item()
