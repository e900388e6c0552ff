"""Entry point of the `fpxi` console script."""

from __future__ import annotations

import click

from fpxi.cli.group import LazyCommand, LazyGroup, end_in_order_on_sigterm
from fpxi.software import software_version

URLS = """\b
A panel is named by a URL:
  sim:tft64, sim:cmos32          a simulated panel (sim:tft64?seed=1&beam=off ...)
  serial:/dev/ttyACM0            a panel on a serial port (serial:COM3 on Windows)
  socket://localhost:5000        a panel behind a TCP port
  ble:FPXI-64                    a panel over Bluetooth, by name or address
  file:run.h5                    a recording, played back as a panel"""

COMMANDS = {
    "devices": LazyCommand(
        "fpxi.cli.devices", "List serial ports, Bluetooth and simulated panels."
    ),
    "info": LazyCommand("fpxi.cli.info", "Show what a panel is and how it is set."),
    "set": LazyCommand("fpxi.cli.set", "Set parameters of a panel."),
    "reset": LazyCommand("fpxi.cli.reset", "Restart the firmware of a panel; clears a fault."),
    "forget": LazyCommand("fpxi.cli.forget", "Forget a Bluetooth panel on this computer."),
    "view": LazyCommand("fpxi.cli.view", "Open the live viewer."),
    "capture": LazyCommand("fpxi.cli.capture", "Record frames to a file."),
    "calibrate": LazyCommand("fpxi.cli.calibrate", "Make a calibration from darks and flats."),
    "defects": LazyCommand("fpxi.cli.defects", "List and change a calibration's defects."),
    "correct": LazyCommand("fpxi.cli.correct", "Apply a calibration to a recording."),
    "processing": LazyCommand("fpxi.cli.processing", "Describe what is done to frames, as JSON."),
    "export": LazyCommand("fpxi.cli.export", "Write frames as .npy, .tif or .png."),
    "selftest": LazyCommand("fpxi.cli.selftest", "Test a board and the lines of its panel."),
    "flash": LazyCommand("fpxi.cli.flash", "Put new firmware on a board."),
    "sim": LazyCommand("fpxi.cli.sim", "List, show and serve simulated panels."),
}


def _show_version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    if not asked:
        return
    click.echo(f"fpxi {software_version()}")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=URLS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Live images, recordings and calibration of flat-panel X-ray imagers.

    Try it without an instrument: fpxi view sim:tft64
    """


def main() -> None:
    """Run the command line and exit."""
    end_in_order_on_sigterm()
    cli(prog_name="fpxi")
