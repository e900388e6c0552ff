"""Calibrations on disk: HDF5, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
from fpxi_imaging import Calibration, ImagingError

from fpxi.calibration.errors import NotACalibrationError
from fpxi.calibration.records import read_record, write_record
from fpxi.calibration.single import read_single
from fpxi.errors import CalibrationExistsError
from fpxi.file_kind import why_unreadable
from fpxi.recording.nexus import nexus_group
from fpxi.software import software_version
from fpxi.whole_file import require_apart, whole_hdf5

LAYOUT = 3
"""Version of the file's layout, an attribute of it; readers refuse a later one.

2 added region and sampling to the conditions; files of 1 are of whole panels. 3 holds darks and
gains of several conditions, classes of defects, and what checks found."""
LAYOUT_ATTRIBUTE = "fpxi_calibration_layout"


def save_calibration(
    path: str | Path,
    calibration: Calibration,
    *,
    sources: Sequence[str | Path] = (),
    overwrite: bool = False,
) -> None:
    """Write a calibration; `sources` are the recordings that it was made from.

    The file appears whole or not at all. Raises `CalibrationExistsError` and `OutputError`.
    """
    path = Path(path)
    require_apart(path, sources)
    if path.exists() and not overwrite:
        raise CalibrationExistsError(path)
    with whole_hdf5(path) as (file, _):
        _write(file, calibration, sources)


def load_calibration(path: str | Path) -> Calibration:
    """Read a calibration. Raises `NotACalibrationError`."""
    path = Path(path)
    try:
        with h5py.File(path, "r") as file:
            return _read(path, file)
    except (OSError, KeyError, ValueError, TypeError, ImagingError) as error:
        raise _not_a_calibration(path, error) from error


def load_sources(path: str | Path) -> list[str]:
    """Return the recordings that a calibration was made from. Raises `NotACalibrationError`."""
    path = Path(path)
    try:
        with h5py.File(path, "r") as file:
            return [str(name) for name in file["calibration/sources"].asstr()[()]]
    except (OSError, KeyError) as error:
        raise _not_a_calibration(path, error) from error


def write_calibration(
    group: h5py.Group, calibration: Calibration, sources: Sequence[str | Path]
) -> None:
    """Write a calibration's content into a group, for whichever file needs it."""
    write_record(group, calibration)
    group["software"] = f"fpxi {software_version()}"
    names = [str(source) for source in sources]
    group.create_dataset("sources", data=names, shape=(len(names),), dtype=h5py.string_dtype())


def _write(file: h5py.File, calibration: Calibration, sources: Sequence[str | Path]) -> None:
    file.attrs[LAYOUT_ATTRIBUTE] = LAYOUT
    write_calibration(nexus_group(file, "calibration", "NXcollection"), calibration, sources)


def _read(path: Path, file: h5py.File) -> Calibration:
    written_by = int(file.attrs[LAYOUT_ATTRIBUTE])
    if not 1 <= written_by <= LAYOUT:
        raise NotACalibrationError(
            path, f"its layout is version {written_by}, known are 1 to {LAYOUT}"
        )
    group = file["calibration"]
    return read_single(group) if written_by < 3 else read_record(group, Calibration)


def _not_a_calibration(path: Path, error: Exception) -> NotACalibrationError:
    return NotACalibrationError(path, why_unreadable(path, LAYOUT_ATTRIBUTE, str(error)))
