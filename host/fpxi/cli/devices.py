"""`fpxi devices`: what can be opened from here."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from fpxi.cli.options import JSON_OPTION, duration, examples
from fpxi.cli.output import format_table, note, print_json
from fpxi.cli.progress import Waiting
from fpxi.discovery import SCAN_S, Device, DeviceKind, Discovery, Step, discover

UNKNOWN = "-"
NOTHING_HEARD = (
    "No Bluetooth panel was heard: switch it on and bring it near. "
    "One that is connected to another computer or program is not heard."
)
BLUETOOTH_HEADER = ("BLUETOOTH", "NAME", "PANEL", "SERIAL NUMBER", "FIRMWARE", "dBm", "BATTERY")


@click.command(
    "devices",
    epilog=examples("fpxi devices", "fpxi devices --scan 10s", "fpxi devices --no-bluetooth"),
)
@click.option("--no-bluetooth", is_flag=True, help="Do not look for Bluetooth panels.")
@click.option(
    "--scan",
    "scan_s",
    type=duration,
    default=f"{SCAN_S:g}s",
    show_default=True,
    metavar="DURATION",
    help="How long to listen for them: 500ms or 10s.",
)
@click.option(
    "--quick", is_flag=True, help="Listen only; do not ask each Bluetooth panel who it is."
)
@JSON_OPTION
def command(*, no_bluetooth: bool, scan_s: float, quick: bool, as_json: bool) -> None:
    """List serial ports, Bluetooth panels and simulated panels, each with the URL that opens it.

    A serial port is listed whether or not a panel is connected to it: ask it with fpxi info URL.
    A Bluetooth panel tells anyone who it is and how full its battery is; nothing is paired.
    """
    bluetooth = not no_bluetooth
    with Waiting() as waiting:

        def tell(step: Step, name: str, done: int, total: int) -> None:
            waiting.show(_progress_text(step, name, done, total, scan_s))

        found = discover(bluetooth=bluetooth, scan_s=scan_s, ask=not quick, progress=tell)
    if as_json:
        print_json(_document(found, bluetooth=bluetooth))
        return
    click.echo(_tables(found))
    for line in _notes(found, bluetooth=bluetooth):
        note(line)


def _progress_text(step: Step, name: str, done: int, total: int, scan_s: float) -> str:
    if step is Step.LISTENING:
        return f"Listening for Bluetooth panels for {scan_s:g} s"
    return f"Asking {name} who it is ({done + 1} of {total})"


def _tables(found: Discovery) -> str:
    listed = found.of_kind(DeviceKind.SERIAL, DeviceKind.SIMULATED)
    rows = [(device.url, device.description) for device in listed]
    tables = [format_table(("URL", "DESCRIPTION"), rows)]
    panels = [_bluetooth_row(device) for device in found.of_kind(DeviceKind.BLUETOOTH)]
    if panels:
        tables.append(format_table(BLUETOOTH_HEADER, panels))
    return "\n\n".join(tables)


def _bluetooth_row(device: Device) -> tuple[str, ...]:
    radio = device.radio
    assert radio is not None
    battery = None if radio.battery_percent is None else f"{radio.battery_percent} %"
    facts = (radio.panel, radio.serial_number, radio.firmware, radio.rssi_dBm, battery)
    return device.url, radio.name, *(UNKNOWN if fact is None else str(fact) for fact in facts)


def _notes(found: Discovery, *, bluetooth: bool) -> list[str]:
    if found.bluetooth_problem:
        return [f"Bluetooth panels are not listed: {found.bluetooth_problem}"]
    panels = [device.radio for device in found.of_kind(DeviceKind.BLUETOOTH)]
    if bluetooth and not panels:
        return [NOTHING_HEARD]
    return [
        f"{radio.name} could not be asked who it is: {radio.problem}"
        for radio in panels
        if radio is not None and radio.problem
    ]


def _document(found: Discovery, *, bluetooth: bool) -> dict[str, Any]:
    return {
        "devices": [_entry(device) for device in found.devices],
        "bluetooth": {"searched": bluetooth, "problem": found.bluetooth_problem or None},
    }


def _entry(device: Device) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "kind": device.kind.value,
        "url": device.url,
        "description": device.description,
    }
    if device.radio is not None:
        facts = dataclasses.asdict(device.radio)
        entry |= facts | {"problem": facts["problem"] or None}
    return entry
