"""`fpxi correct`: apply a calibration to a recording."""

from __future__ import annotations

import json
from pathlib import Path

import click
from fpxi_imaging import AveragingMode, Processing

from fpxi.calibration import load_calibration
from fpxi.cli.conditions import TOLERANCE_OPTION, tolerances_from
from fpxi.cli.options import (
    JSON_OPTION,
    OVERWRITE_OPTION,
    calibration_option,
    examples,
    output_option,
    recording_argument,
)
from fpxi.cli.output import note, plural, print_json
from fpxi.cli.processing_options import processing_options
from fpxi.cli.progress import ProgressBar
from fpxi.correction import correct_recording
from fpxi.processing_words import flag_words


@click.command(
    "correct",
    epilog=examples(
        "fpxi correct run.h5 -c cal.h5 -o corrected.h5",
        "fpxi correct run.h5 -c cal.h5 -o mean.h5 --average block:10 --scale transmission",
        "fpxi correct run.h5 -c cal.h5 -o out.h5 --processing processing.json",
    ),
)
@recording_argument()
@calibration_option("Calibration to apply.", required=True)
@output_option("Corrected recording to write (HDF5).")
@processing_options
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Threads to correct with; the values do not depend on it.",
)
@TOLERANCE_OPTION
@OVERWRITE_OPTION
@JSON_OPTION
def command(
    *,
    recording: Path,
    calibration: Path,
    output: Path,
    processing: Processing,
    threads: int,
    tolerances: tuple[tuple[str, str], ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Correct every frame of RECORDING: offset, gain, linearity and defects, and what is asked for.

    The result is float32, signed and unclipped, in counts of the median pixel or as --scale says,
    with a flag for each pixel. A calibration of another panel is refused, and one that does not
    reach to the frames' conditions; what it interpolates is told.
    """
    wanted = tolerances_from(tolerances)
    with ProgressBar() as bar:
        result = correct_recording(
            recording,
            load_calibration(calibration),
            output,
            processing=processing,
            threads=threads,
            source=calibration,
            tolerances=wanted,
            progress=lambda done, total: bar.show("Correcting", done, total),
            overwrite=overwrite,
        )
    if as_json:
        print_json(
            {
                "path": str(output),
                "frames": result.frames,
                "pictures": result.pictures,
                "calibration": str(calibration),
                "processing": json.loads(processing.to_json()),
                "flags_per_picture": result.flags,
                "notes": list(result.notes),
            }
        )
        return
    averaged = processing.averaging.mode is not AveragingMode.NONE
    pictures = f" to {plural(result.pictures, 'picture')}" if averaged else ""
    click.echo(f"{output}: {plural(result.frames, 'frame')} corrected{pictures}")
    click.echo(f"Flagged pixels of a picture, on average: {flag_words(result.flags)}")
    for line in result.notes:
        note(f"Note: {line}.")
