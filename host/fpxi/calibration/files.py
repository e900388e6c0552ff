"""Calibrations on disk: one HDF5 file each, all or nothing.

NeXus: `/entry` is an NXentry, `/entry/instrument/detector` an NXdetector with `pixel_mask`, and
`/entry/process` the NXprocess that made the calibration, with all of it in `calibration`, where a
corrected recording has its own. The frames themselves stay in their recordings, which are named
with their SHA-256: what is kept of them are the statistics that a calibration is judged by.
`/entry/process/offset_models` and `defect_origins` are for other readers; they follow from the
calibration, and are not read.
"""

from __future__ import annotations

from pathlib import Path

import h5py
from fpxi_imaging import Calibration, DefectMap, ImagingError
from fpxi_imaging.defects.pixel_mask import pixel_mask

from fpxi.calibration.content import (
    read_calibration,
    write_calibration,
    write_defect_origins,
    write_offset_models,
)
from fpxi.calibration.decisions_taken import counted_words, lost_decisions
from fpxi.calibration.defect_edit_errors import DecisionsWouldBeLostError, UnknownDecisionsError
from fpxi.calibration.errors import ContentError, NoCalibrationGivenError, NotACalibrationError
from fpxi.calibration.old_layouts import read_old_calibration
from fpxi.errors import CalibrationExistsError
from fpxi.file_kind import CALIBRATION, why_unreadable
from fpxi.recording import layout
from fpxi.recording.nexus import nexus_group
from fpxi.software import software_version
from fpxi.whole_file import require_apart, whole_hdf5

LAYOUT = 3
"""Version of the file's layout, its attribute `CALIBRATION`; readers refuse a later one.

2 added region and sampling to the conditions, 3 everything but one dark, one gain and a mask."""
PROCESS = "entry/process"
CONTENT = f"{PROCESS}/calibration"
_KEEP = (
    "save under another name and take them along: `fpxi defects NEW take OLD` "
    "(fpxi.calibration.with_decisions_of)"
)
_WHAT_DAMAGE_RAISES = (
    ContentError,
    ImagingError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


def save_calibration(
    path: str | Path, calibration: Calibration, *, overwrite: bool = False
) -> None:
    """Write a calibration.

    The file appears whole or not at all. Raises `CalibrationExistsError`,
    `NoCalibrationGivenError` where the arguments are swapped, and `OutputError`, also where it
    would replace a recording that the calibration was made from. With `overwrite` raises
    `DecisionsWouldBeLostError` where the file holds decisions about defects that the calibration
    has not (`with_decisions_of` takes them along), `UnknownDecisionsError` where it is unreadable.
    """
    _require_order(path, calibration)
    path = Path(path)
    require_apart(path, [source.path for source in calibration.sources])
    require_decisions_kept(path, calibration.defects, overwrite=overwrite)
    with whole_hdf5(path) as (file, _):
        _write(file, calibration)


def _require_order(path: object, calibration: object) -> None:
    """Raise `NoCalibrationGivenError` unless the path is first and the calibration second."""
    if not isinstance(path, str | Path) or not isinstance(calibration, Calibration):
        raise NoCalibrationGivenError(path, calibration)


def require_decisions_kept(path: Path, defects: DefectMap, *, overwrite: bool) -> None:
    """Raise what `save_calibration` does for a file that may not be replaced."""
    replaced = replaced_calibration(path, overwrite=overwrite)
    lost = None if replaced is None else lost_decisions(replaced.defects, defects)
    if lost:
        raise DecisionsWouldBeLostError(path, counted_words(lost), _KEEP)


def replaced_calibration(path: Path, *, overwrite: bool) -> Calibration | None:
    """Return the calibration whose place another takes; None where there is no file.

    Raises `CalibrationExistsError` where it may not, and `UnknownDecisionsError` for what is no
    readable calibration.
    """
    if not path.exists():
        return None
    if not overwrite:
        raise CalibrationExistsError(path)
    try:
        return load_calibration(path)
    except NotACalibrationError as error:
        raise UnknownDecisionsError(path, error.reason) from error


def load_calibration(path: str | Path) -> Calibration:
    """Read a calibration of this layout or an earlier one.

    Raises `NotACalibrationError`, which names what is missing or wrong.
    """
    path = Path(path)
    try:
        with h5py.File(path, "r") as file:
            return _read(path, file)
    except _WHAT_DAMAGE_RAISES as error:
        raise NotACalibrationError(path, why_unreadable(path, CALIBRATION, str(error))) from error


def layout_of(path: str | Path) -> int:
    """Return the version of a calibration's layout. Raises `OSError` and `KeyError`."""
    with h5py.File(path, "r") as file:
        return int(file.attrs[CALIBRATION])


def _write(file: h5py.File, calibration: Calibration) -> None:
    at = calibration.conditions
    file.attrs[CALIBRATION] = LAYOUT
    file.attrs["default"] = layout.ENTRY
    entry = nexus_group(file, layout.ENTRY, "NXentry")
    entry["title"] = f"calibration of {at.panel} {at.serial_number}"
    nexus_group(file, "entry/instrument", "NXinstrument")
    detector = nexus_group(file, layout.DETECTOR, "NXdetector")
    detector["local_name"] = at.panel
    detector["serial_number"] = at.serial_number
    detector["saturation_value"] = calibration.saturation_level
    mask = pixel_mask(calibration.defects, calibration.not_imaging)
    detector.create_dataset("pixel_mask", data=mask, compression="gzip")
    process = nexus_group(file, PROCESS, "NXprocess")
    process["program"] = "fpxi"
    process["version"] = software_version()
    process["date"] = calibration.created.isoformat()
    write_calibration(nexus_group(file, CONTENT, "NXcollection"), calibration)
    write_defect_origins(process, calibration.defects)
    write_offset_models(nexus_group(file, f"{PROCESS}/offset_models", "NXcollection"), calibration)


def _read(path: Path, file: h5py.File) -> Calibration:
    written_by = int(file.attrs[CALIBRATION])
    if not 1 <= written_by <= LAYOUT:
        raise NotACalibrationError(
            path, f"its layout is version {written_by}, known are 1 to {LAYOUT}"
        )
    if written_by < LAYOUT:
        return read_old_calibration(file)
    return read_calibration(file[CONTENT])
