"""What a file is, for whoever was given the wrong one."""

from __future__ import annotations

from pathlib import Path

import h5py

CALIBRATION = "fpxi_calibration_layout"
RECORDING = "fpxi_layout"
CORRECTED = "fpxi_corrected_layout"
FROM_ELSEWHERE = (
    "frames from elsewhere (TIFF, arrays) are calibrated and corrected in a script, as "
    "docs/imaging.md shows under Frames from elsewhere"
)
_KINDS = {
    RECORDING: "it is a recording",
    CORRECTED: "it is a corrected recording, which `fpxi correct` wrote",
    CALIBRATION: "it is a calibration",
}


def attributes_of(path: Path) -> set[str] | None:
    """Return the names of a file's attributes, which tell what it is; None if it is not HDF5."""
    if not h5py.is_hdf5(path):
        return None
    with h5py.File(path, "r") as file:
        return set(file.attrs)


def why_unreadable(path: Path, expected: str, reason: str) -> str:
    """Say why a file without the attribute `expected` cannot be read; else return `reason`."""
    if not path.exists():
        return f"there is no file {path}"
    if path.is_dir():
        return "it is a folder; name a file in it"
    if path.stat().st_size == 0:
        return "it is empty"
    try:
        with h5py.File(path, "r") as file:
            return _of_content(set(file.attrs), expected, reason)
    except OSError:
        return reason if h5py.is_hdf5(path) else f"it is not an HDF5 file; {FROM_ELSEWHERE}"


def _of_content(attributes: set[str], expected: str, reason: str) -> str:
    if expected in attributes:
        return reason
    for attribute, kind in _KINDS.items():
        if attribute in attributes:
            return kind
    return "it is an HDF5 file that fpxi did not write"
