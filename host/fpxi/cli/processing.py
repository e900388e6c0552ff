"""`fpxi processing`: describe what is to be done to frames, to do the same elsewhere."""

from __future__ import annotations

from pathlib import Path

import click
from fpxi_imaging import Processing

from fpxi.cli.options import OVERWRITE_OPTION, examples
from fpxi.cli.output import note
from fpxi.cli.processing_options import processing_options
from fpxi.errors import OutputError
from fpxi.processing_words import processing_notes
from fpxi.whole_file import whole_file


@click.command(
    "processing",
    epilog=examples(
        "fpxi processing --lag --average recursive:8 --scale transmission -o processing.json",
        "fpxi correct run.h5 -c cal.h5 -o out.h5 --processing processing.json",
        "fpxi processing --processing processing.json --rotate 90",
    ),
)
@processing_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write (JSON).  [default: standard output]",
)
@OVERWRITE_OPTION
def command(*, processing: Processing, output: Path | None, overwrite: bool) -> None:
    """Describe the steps between a raw frame and a picture, as JSON.

    The same description runs in fpxi view, fpxi correct and fpxi export, and in a script as
    fpxi_imaging.Processing.from_json.
    """
    for line in processing_notes(processing):
        note(f"Note: {line}.")
    text = processing.to_json()
    if output is None:
        click.echo(text)
        return
    if output.exists() and not overwrite:
        raise OutputError(output, "it exists", "choose another name, or --overwrite it")
    with whole_file(output) as part:
        part.write_text(text + "\n", encoding="utf-8")
    click.echo(str(output))
