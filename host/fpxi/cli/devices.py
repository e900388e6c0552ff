"""`fpxi devices`: what can be opened from here."""

from __future__ import annotations

import click
from fpxi_hwsim.presets import PRESETS, Preset
from fpxi_readout.links import list_serial_ports

from fpxi.cli.options import JSON_OPTION
from fpxi.cli.output import format_table, print_json


@click.command("devices")
@JSON_OPTION
def command(as_json: bool) -> None:
    """List serial ports and simulated panels, each with the URL that opens it.

    A serial port is listed whether or not a panel is connected to it: ask it with fpxi info URL.
    """
    devices = [*_serial_devices(), *_simulated_devices()]
    if as_json:
        print_json({"devices": devices})
    else:
        rows = [(device["url"], device["description"]) for device in devices]
        click.echo(format_table(("URL", "DESCRIPTION"), rows))


def _serial_devices() -> list[dict[str, str]]:
    return [
        {"kind": "serial", "url": url, "description": description.replace("n/a", "serial port")}
        for url, description in list_serial_ports()
    ]


def _simulated_devices() -> list[dict[str, str]]:
    return [
        {"kind": "simulated", "url": f"sim:{name}", "description": _describe(preset)}
        for name, preset in PRESETS.items()
    ]


def _describe(preset: Preset) -> str:
    geometry = preset.geometry
    return (
        f"simulated panel, {geometry.rows} x {geometry.columns} pixels of {geometry.pitch_um:g} um"
    )
