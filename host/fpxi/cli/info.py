"""`fpxi info`: what a panel is and how it is set, or what a file holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import Fault, FaultRecord, ResetCause
from fpxi_readout.protocol.version import UnsupportedByDeviceError

from fpxi.cli.options import JSON_OPTION, OVERWRITE_OPTION, url_argument
from fpxi.cli.output import format_facts, note, print_json
from fpxi.cli.panel import connected_panel_and_radio
from fpxi.cli.parameters import format_help, format_parameters, parameters_document
from fpxi.errors import ExportExistsError
from fpxi.frame_rate_limit import FrameTiming, rate_text

if TYPE_CHECKING:
    from fpxi_readout.identity import DeviceIdentity
    from fpxi_readout.links.base import RadioFacts
    from fpxi_readout.protocol.geometry import PanelGeometry

    from fpxi.source import FrameSource


@click.command("info")
@url_argument()
@click.option("--explain", is_flag=True, help="Say what each parameter is.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Of a calibration: draw the picture that fpxi calibrate draws (PNG).",
)
@OVERWRITE_OPTION
@JSON_OPTION
def command(
    url: str, *, explain: bool, picture: Path | None, overwrite: bool, as_json: bool
) -> None:
    """Show what the panel at URL is: identity, pixel array, and parameters with their ranges.

    Instead of a URL, a file: a recording, a corrected recording, a calibration (what it covers,
    what it was made of, how good it is) or a processing.
    """
    if Path(url).is_file():
        _show_file(Path(url), as_json)
        if picture is not None:
            _draw(Path(url), picture, overwrite=overwrite)
        return
    if picture is not None:
        raise click.UsageError(f"--picture draws a calibration's file, and {url} is none.")
    with connected_panel_and_radio(url) as (panel, radio):
        identity, dictionary = panel.identity, panel.dictionary
        values = panel.read_parameters()
        record = _last_fault(panel)
    timing = FrameTiming.of(values, dictionary.panel)
    if as_json:
        print_json(
            {
                "url": url,
                "identity": _identity_document(identity),
                "last_fault": _record_document(record),
                "radio": None if radio is None else dataclasses.asdict(radio),
                "frame_rate": _rate_document(timing),
                "geometry": dataclasses.asdict(dictionary.panel),
                "parameters": parameters_document(dictionary, values),
            }
        )
        return
    facts = [*_panel_facts(dictionary.panel), *_identity_facts(identity)]
    facts.append(("Frame rate", _rate_text(timing)))
    if radio is not None:
        facts.append(("Radio", _radio_text(radio)))
    if record is not None:
        facts.append(("Last fault", _record_text(record)))
    click.echo(format_facts(facts))
    click.echo()
    click.echo(format_parameters(dictionary, values))
    if explain:
        click.echo()
        click.echo(format_help(dictionary))


def _show_file(path: Path, as_json: bool) -> None:
    from fpxi.cli.info_file import info_of_file, info_text  # noqa: PLC0415 - h5py when wanted

    info = info_of_file(path)
    if as_json:
        print_json(info.document)
    else:
        click.echo(info_text(info))


def _draw(path: Path, picture: Path, *, overwrite: bool) -> None:
    from fpxi.calibration import load_calibration  # noqa: PLC0415 - numba only when wanted
    from fpxi.calibration.summary_picture import draw_picture  # noqa: PLC0415 - likewise

    calibration = load_calibration(path)
    if picture.exists() and not overwrite:
        raise ExportExistsError(picture)
    draw_picture(calibration, picture)
    note(f"Picture: {picture}")


def _panel_facts(panel: PanelGeometry) -> list[tuple[str, str]]:
    ring = panel.process_ring
    return [
        ("Panel", panel.name),
        ("Pixels", f"{panel.rows} rows x {panel.columns} columns, pitch {panel.pitch_um:g} um"),
        ("Not imaging", f"border of {ring} pixel{'s' * (ring > 1)}" if ring else "nothing"),
        ("Samples", f"{panel.adc_bits} bits, full scale {panel.full_scale} counts"),
        ("Gain settings", ", ".join(_gain_settings(panel))),
    ]


def _gain_settings(panel: PanelGeometry) -> list[str]:
    return [f"{index}: {gain.name}" for index, gain in enumerate(panel.gain_settings)]


def _identity_facts(identity: DeviceIdentity) -> list[tuple[str, str]]:
    return [
        ("Serial number", identity.serial_number),
        ("Firmware", _version(identity.firmware_version)),
        ("Protocol", _version(identity.protocol_version)),
        ("Last reset", _name(ResetCause, identity.reset_cause)),
        ("Fault", _name(Fault, identity.fault)),
        ("Fault before reset", _name(Fault, identity.reset_fault)),
    ]


def _rate_text(timing: FrameTiming) -> str:
    if not timing.free_running:
        return f"limited by {timing.limit}"
    return f"at most {rate_text(timing.frame_rate_hz, '.4g')}, limited by {timing.limit}"


def _rate_document(timing: FrameTiming) -> dict[str, Any]:
    return {
        "limit": timing.limit.cause.value,
        "at_most_hz": timing.frame_rate_hz if timing.free_running else None,
        "words": str(timing.limit),
    }


def _radio_text(radio: RadioFacts) -> str:
    words = [radio.name, radio.address]
    if radio.rssi_dBm is not None:
        words.append(f"{radio.rssi_dBm} dBm when it was found")
    if radio.battery_percent is not None:
        words.append(f"battery {radio.battery_percent} %")
    return ", ".join(words)


def _identity_document(identity: DeviceIdentity) -> dict[str, Any]:
    return {
        "serial_number": identity.serial_number,
        "firmware_version": _version(identity.firmware_version),
        "protocol_version": _version(identity.protocol_version),
        "schema_hash": identity.schema_hash.hex(),
        "reset_cause": _name(ResetCause, identity.reset_cause),
        "fault": _name(Fault, identity.fault),
        "reset_fault": _name(Fault, identity.reset_fault),
    }


def _last_fault(panel: FrameSource) -> FaultRecord | None:
    """Ask for the fault before the last reset; None where there was none, or no device to ask."""
    if not isinstance(panel, Panel):
        return None
    try:
        record = panel.last_fault()
    except UnsupportedByDeviceError:
        return None
    return None if record.fault == Fault.NONE else record


def _record_text(record: FaultRecord) -> str:
    words = [_name(Fault, record.fault), f"{record.uptime_ms / 1000:.3f} s after start-up"]
    if record.fault == Fault.PROCESSOR:
        words.insert(1, f"at program counter {record.line:#010x}")
    elif record.file:
        words.insert(1, f"at {_file(record)}:{record.line}")
    return ", ".join(words)


def _record_document(record: FaultRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "fault": _name(Fault, record.fault),
        "file": _file(record),
        "line": record.line,
        "uptime_ms": record.uptime_ms,
    }


def _file(record: FaultRecord) -> str:
    """Name of the source file; a byte that is no ASCII becomes a question mark."""
    return record.file.rstrip(b"\0").decode("ascii", errors="replace").replace("\ufffd", "?")


def _version(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _name(kind: type[ResetCause | Fault], value: int) -> str:
    """Name of a cause or fault; its number where this host has no name for it."""
    return kind(value).name.lower() if value in set(kind) else str(value)
