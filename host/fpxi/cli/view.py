"""`fpxi view`: the live viewer."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import click
from fpxi_imaging import Processing

from fpxi.cli.options import OVERWRITE_OPTION, calibration_option, examples, url_argument
from fpxi.cli.output import note
from fpxi.cli.processing_options import processing_file_option


@click.command(
    "view",
    epilog=examples(
        "fpxi view",
        "fpxi view serial:/dev/ttyACM0 --calibration cal.h5",
        "fpxi view ble:FPXI-64",
        "fpxi view sim:cmos32 --screenshot window.png",
    ),
)
@url_argument(default="sim:tft64")
@calibration_option("Correct the picture.", required=False)
@processing_file_option
@click.option(
    "--screenshot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a picture of the window to this .png and end; needs no display.",
)
@click.option(
    "--frames",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Frames to wait for before the screenshot. It waits for a full average besides.",
)
@OVERWRITE_OPTION
@click.pass_context
def command(
    ctx: click.Context,
    *,
    url: str,
    calibration: Path | None,
    processing: Processing | None,
    screenshot: Path | None,
    frames: int,
    overwrite: bool,
) -> None:
    """Open the live viewer on URL; without a URL, on a simulated panel."""
    run_viewer = _load_viewer()
    status = run_viewer(
        url,
        calibration=calibration,
        processing=processing,
        screenshot=screenshot,
        screenshot_frames=frames,
        overwrite=overwrite,
        notify=note,
    )
    ctx.exit(status)


def _load_viewer() -> Callable[..., int]:
    """Import the viewer by name: it stands above this package, and its needs are optional."""
    viewer: Callable[..., int] = importlib.import_module("fpxi_gui.app").run_viewer
    return viewer
