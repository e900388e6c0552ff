"""Renewing the darks of a calibration that was made before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fpxi_imaging import Calibration, SourceRole, Tolerances
from fpxi_imaging.conditions import DEFAULT_TOLERANCES

from fpxi.calibration.files import load_calibration, save_calibration
from fpxi.calibration.provenance import source_of
from fpxi.calibration.runs import Paths, Progress, chosen_frames, listed, read_groups
from fpxi.calibration.series import grouped, require_one_panel
from fpxi.image_key import ImageKey


def refreshed_from_recordings(
    calibration: Calibration,
    darks: Paths,
    *,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    unmarked: bool = False,
    progress: Progress | None = None,
) -> Calibration:
    """Return a calibration with the darks of recordings in place of its own of these settings.

    Its last `refreshes`, one for each series of darks, say how far the offset is from what it was.
    Arguments are those of `calibration_from_recordings`.

    Raises what that does for recordings of darks, `fpxi_imaging.CalibrationMismatchError` for darks
    of settings that the calibration has none of, and of `fpxi_imaging.CalibrationError`
    `BeamOnInDarkError`, as what other darks are refused for.
    """
    with chosen_frames(listed(darks, "darks"), ImageKey.DARK, unmarked=unmarked) as chosen:
        require_one_panel(chosen, tolerances)
        series = read_groups(grouped(chosen, tolerances), progress)
        calibration = calibration.refreshed(series, tolerances)
        used = tuple(source_of(each, SourceRole.REFRESH) for each in chosen)
    return replace(calibration, sources=(*calibration.sources, *used))


def refresh_offset(
    path: str | Path,
    darks: Paths,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    unmarked: bool = False,
    progress: Progress | None = None,
) -> Calibration:
    """Refresh the calibration in a file, and return it.

    The file is replaced as a whole, or, with `out`, stays and a new one is written. Raises what
    `refreshed_from_recordings`, `load_calibration` and `save_calibration` do; the file is then as
    it was.
    """
    calibration = refreshed_from_recordings(
        load_calibration(path), darks, tolerances=tolerances, unmarked=unmarked, progress=progress
    )
    save_calibration(path if out is None else out, calibration, overwrite=out is None or overwrite)
    return calibration
