"""Calibrations of the first two layouts: one dark, one flat, and a mask of defects.

Layout 2 added region and sampling to the conditions; those of layout 1 are of whole panels.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import h5py
from fpxi_imaging import (
    Calibration,
    CheckLimits,
    Conditions,
    DefectThresholds,
    GainMethod,
    Shading,
    Source,
    SourceRole,
    calibration_from_maps,
)

GROUP = "calibration"
_ARRAYS = ("offset", "gain", "defects", "not_imaging")
_RENAMED = {"most_cut_off": "zero_fraction"}
"""Thresholds by the names they had; a limit is called `most_cut_off` now."""
_SCALARS = ("normalisation", "saturation_level", "dark_frames", "flat_frames")


def read_old_calibration(file: h5py.File) -> Calibration:
    """Return the calibration of a file of layout 1 or 2.

    Noise, uncertainties and the classes of defects were not kept then, and are unknown. Raises
    `KeyError`, `ValueError`, `TypeError` and `fpxi_imaging.ImagingError` for a damaged file.
    """
    group = file[GROUP]
    facts = _facts(group["thresholds"])
    thresholds = {_RENAMED.get(name, name): value for name, value in facts.items()}
    calibration = calibration_from_maps(
        **{name: group[name][()] for name in _ARRAYS},
        **{name: _number(group[name]) for name in _SCALARS},
        conditions=Conditions(**_facts(group["conditions"])),
        created=datetime.fromisoformat(group["created"].asstr()[()]),
        thresholds=DefectThresholds(**_taken(thresholds, DefectThresholds)),
        limits=CheckLimits(**_taken(thresholds, CheckLimits)),
        method=GainMethod.ONE_LEVEL,
        shading=Shading.REMOVED,
    )
    return replace(
        calibration,
        sources=_sources(group["sources"].asstr()[()].tolist()),
        software=str(group["software"].asstr()[()]),
    )


def _sources(paths: list[str]) -> tuple[Source, ...]:
    """Return the recordings; darks were named before flats."""
    roles = [SourceRole.DARK, *(SourceRole.FLAT for _ in paths[1:])]
    return tuple(Source(path, role) for path, role in zip(paths, roles, strict=False))


def _taken(facts: dict[str, Any], kind: type[Any]) -> dict[str, Any]:
    """Return those that belong to one of the two classes that there are of them now."""
    return {each.name: facts[each.name] for each in fields(kind) if each.name in facts}


def _facts(group: h5py.Group) -> dict[str, Any]:
    return {name: _plain(dataset) for name, dataset in group.items()}


def _plain(dataset: h5py.Dataset) -> Any:
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return dataset.asstr()[()]
    return _number(dataset)


def _number(dataset: h5py.Dataset) -> Any:
    return dataset[()].item()
