"""`fpxi export`: frames as files that other programs read."""

from __future__ import annotations

import re
from pathlib import Path

import click
from fpxi_imaging import DEFAULT_PROCESSING, Processing

from fpxi.calibration import load_calibration
from fpxi.cli.options import (
    JSON_OPTION,
    OVERWRITE_OPTION,
    calibration_option,
    examples,
    output_option,
    recording_argument,
)
from fpxi.cli.output import note, plural, print_json
from fpxi.cli.processing_options import processing_file_option
from fpxi.cli.progress import ProgressBar
from fpxi.export import ExportResult, Scan, export

Selection = list[int] | slice


def frame_selection(text: str) -> Selection:
    """Read frame indices as Python writes them: 5, -1, 0:100, 0:100:10, or 1,5,7."""
    if re.fullmatch(r"-?\d+(,-?\d+)*", text):
        return [int(index) for index in text.split(",")]
    if re.fullmatch(r"(-?\d+)?:(-?\d+)?(:(-?[1-9]\d*)?)?", text):
        return slice(*(int(part) if part else None for part in text.split(":")))
    raise click.BadParameter(f"{text!r}: write 5, -1 (the last), 0:100, 0:100:10 or 1,5,7")


def scan_size(text: str) -> tuple[int, int | None]:
    """Read the columns of a scan, or columns and rows: 64, 64x48."""
    match = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if match is None:
        raise click.BadParameter(f"{text!r}: write the scan's columns, 64, or with its rows, 64x48")
    return int(match[1]), int(match[2]) if match[2] else None


@click.command(
    "export",
    epilog=examples(
        "fpxi export run.h5 -o stack.tif",
        "fpxi export run.h5 -o mean.png --average --calibration cal.h5",
        "fpxi export run.h5 -o last.npy --frames -1",
        "fpxi export points.h5 -o picture.tif --scan 64 --step-um 100",
    ),
)
@recording_argument()
@output_option("File to write; its suffix says the format: .npy, .tif or .png.")
@click.option(
    "--frames",
    type=frame_selection,
    metavar="INDICES",
    help="5, -1 (the last), 0:100, 0:100:10 or 1,5,7.  [default: all]",
)
@click.option("--average", is_flag=True, help="Write the mean of the frames as one image.")
@click.option(
    "--scan",
    type=scan_size,
    metavar="COLUMNS[xROWS]",
    help="Join the frames of a scan to one image: 64 steps in a row, or 64x48.",
)
@click.option("--serpentine", is_flag=True, help="Every second row of the scan ran backwards.")
@click.option(
    "--step-um",
    type=float,
    metavar="UM",
    help="Length of the scan's steps.  [default: the panel's own size]",
)
@calibration_option("Correct a raw recording on the way.", required=False)
@processing_file_option
@click.option(
    "--bits",
    type=click.Choice(["8", "16"]),
    default="16",
    show_default=True,
    help="Bits of a grey value in a .png.",
)
@OVERWRITE_OPTION
@JSON_OPTION
def command(
    *,
    recording: Path,
    output: Path,
    frames: Selection | None,
    average: bool,
    scan: tuple[int, int | None] | None,
    serpentine: bool,
    step_um: float | None,
    calibration: Path | None,
    processing: Processing | None,
    bits: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write frames of RECORDING, raw or corrected, for other programs.

    .npy and .tif hold the values themselves; a .tif opens in ImageJ with its pixel size. A .png
    is grey between the 2nd and the 98th percentile of the good pixels, one file for each frame;
    how its greys relate to counts is told, and written into it.

    With --scan the panel was moved over its object: a single pixel, a row of them (--scan 1) or a
    small array; frame after frame, row by row from the upper left. A step of which no frame came
    is marked as missing.
    """
    if scan is None and (serpentine or step_um is not None):
        raise click.UsageError("--serpentine and --step-um say how a scan went; add --scan.")
    if processing is not None and calibration is None:
        raise click.UsageError("--processing says how a recording is corrected; add --calibration.")
    with ProgressBar() as bar:
        result = export(
            recording,
            output,
            frames=frames,
            calibration=None if calibration is None else load_calibration(calibration),
            processing=processing or DEFAULT_PROCESSING,
            average=average,
            scan=None if scan is None else Scan(*scan, serpentine, step_um),
            bits=int(bits),
            overwrite=overwrite,
            progress=lambda done, total: bar.show("Exporting", done, total),
            correcting=lambda done, total: bar.show("Correcting", done, total),
        )
    if as_json:
        print_json(
            {
                "paths": [str(path) for path in result.paths],
                "frames": result.frames,
                "scaling": result.scaling,
                "notes": list(result.notes),
            }
        )
        return
    click.echo(f"{_files(result)}: {plural(result.frames, 'frame')}; {result.scaling}")
    for line in result.notes:
        note(f"Note: {line}.")


def _files(result: ExportResult) -> str:
    paths = result.paths
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} to {paths[-1].name}"
