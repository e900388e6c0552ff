"""`fpxi export`: frames as files that other programs read."""

from __future__ import annotations

import re
from pathlib import Path

import click

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
from fpxi.cli.progress import ProgressBar
from fpxi.export import ExportResult, export

Selection = list[int] | slice


def frame_selection(text: str) -> Selection:
    """Read frame indices as Python writes them: 5, -1, 0:100, 0:100:10, or 1,5,7."""
    if re.fullmatch(r"-?\d+(,-?\d+)*", text):
        return [int(index) for index in text.split(",")]
    if re.fullmatch(r"(-?\d+)?:(-?\d+)?(:(-?[1-9]\d*)?)?", text):
        return slice(*(int(part) if part else None for part in text.split(":")))
    raise click.BadParameter(f"{text!r}: write 5, -1 (the last), 0:100, 0:100:10 or 1,5,7")


@click.command(
    "export",
    epilog=examples(
        "fpxi export run.h5 -o stack.tif",
        "fpxi export run.h5 -o mean.png --average --calibration cal.h5",
        "fpxi export run.h5 -o last.npy --frames -1",
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
@calibration_option("Correct a raw recording on the way.", required=False)
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
    calibration: Path | None,
    bits: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write frames of RECORDING, raw or corrected, for other programs.

    .npy and .tif hold the values themselves; a .tif opens in ImageJ with its pixel size. A .png
    is grey between the 2nd and the 98th percentile of the good pixels, one file for each frame;
    how its greys relate to counts is told, and written into it.
    """
    with ProgressBar() as bar:
        result = export(
            recording,
            output,
            frames=frames,
            calibration=None if calibration is None else load_calibration(calibration),
            average=average,
            bits=int(bits),
            overwrite=overwrite,
            progress=lambda done, total: bar.show("Exporting", done, total),
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
