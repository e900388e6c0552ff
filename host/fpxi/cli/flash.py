"""`fpxi flash`: put new firmware on a board."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import click

from fpxi.cli.group import Terminated
from fpxi.cli.options import JSON_OPTION, examples, url_argument
from fpxi.cli.output import format_facts, note, plural, print_json
from fpxi.cli.progress import ProgressBar
from fpxi.firmware_update import FirmwareImage, UpdateReport, load_image, update_firmware


@click.command(
    "flash",
    epilog=examples("fpxi flash serial:/dev/ttyUSB0 firmware/manifest.json"),
)
@url_argument()
@click.argument("image", type=click.Path(exists=True, path_type=Path))
@JSON_OPTION
def command(url: str, image: Path, as_json: bool) -> None:
    """Update the firmware of the board at URL to IMAGE: a manifest, or the folder that holds one.

    The image is checked first, every byte is read back after, and the saved parameters are kept.
    Exit status 0: the new firmware runs. After an interruption, run the command again.
    """
    loaded = load_image(image)
    try:
        with ProgressBar() as bar:
            report = update_firmware(url, loaded, bar.show)
    except (KeyboardInterrupt, Terminated):
        note("The update is not done: run the same command again.")
        raise
    if as_json:
        print_json({"url": url, "image": str(loaded.path), **dataclasses.asdict(report)})
    else:
        click.echo(_summary(loaded, report))


def short_commit(git: str) -> str:
    """Shorten a manifest's commit to 12 digits; what else it says (`-dirty`) stays."""
    return re.sub(r"^([0-9a-f]{12})[0-9a-f]+", r"\1", git)


def _summary(image: FirmwareImage, report: UpdateReport) -> str:
    compared = report.parameters_compared
    return format_facts(
        [
            ("Firmware", f"{image.name} {report.version} ({short_commit(image.git)})"),
            ("Before", report.previous_version or "unknown: the board was in its boot loader"),
            ("Panel", f"{report.panel}, serial number {report.serial_number}"),
            ("Flash", "read back and equal to the image"),
            ("Start sector", "rewritten" if report.start_rewritten else "left as it was"),
            (
                "Parameters",
                f"{plural(compared, 'saved value')} as before" if compared else "sectors unchanged",
            ),
        ]
    )
