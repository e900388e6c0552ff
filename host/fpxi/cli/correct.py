"""`fpxi correct`: apply a calibration to a recording."""

from __future__ import annotations

from pathlib import Path

import click

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
from fpxi.cli.output import plural, print_json
from fpxi.cli.progress import ProgressBar
from fpxi.correction import correct_recording


@click.command("correct", epilog=examples("fpxi correct run.h5 -c cal.h5 -o corrected.h5"))
@recording_argument()
@calibration_option("Calibration to apply.", required=True)
@output_option("Corrected recording to write (HDF5).")
@TOLERANCE_OPTION
@OVERWRITE_OPTION
@JSON_OPTION
def command(
    *,
    recording: Path,
    calibration: Path,
    output: Path,
    tolerances: tuple[tuple[str, str], ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Correct every frame of RECORDING for offset, gain and defects.

    The result is float32, signed and unclipped, in counts of the median pixel, with a flag for
    each pixel. A calibration of another panel or other conditions is refused.
    """
    wanted = tolerances_from(tolerances)
    with ProgressBar() as bar:
        frames = correct_recording(
            recording,
            load_calibration(calibration),
            output,
            source=calibration,
            tolerances=wanted,
            progress=lambda done, total: bar.show("Correcting", done, total),
            overwrite=overwrite,
        )
    if as_json:
        print_json({"path": str(output), "frames": frames, "calibration": str(calibration)})
    else:
        click.echo(f"{output}: {plural(frames, 'frame')} corrected")
