"""Options and arguments that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

SECONDS = {"s": 1, "min": 60}
MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000}

INPUT_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

Decorator = Callable[[Any], Any]


def setting(text: str) -> tuple[str, str]:
    """Read `name=value`; the value is a number or the name of an enumeration's member."""
    name, _, value = (part.strip() for part in text.partition("="))
    if not (name and value):
        raise click.BadParameter(f"{text!r}: write name=value, as in exposure_us=5000")
    return name, value


def exposure_setting(text: str) -> tuple[str, str]:
    """Read 500us, 10ms or 1.5s as a setting of exposure_us."""
    exposure_us = _time_us(text)
    if exposure_us.denominator != 1:
        raise click.BadParameter(f"{text!r}: not a whole number of microseconds")
    return "exposure_us", str(exposure_us)


def duration(text: str) -> float:
    """Read 500ms or 4s as seconds; zero is none."""
    duration_us = _time_us(text)
    if duration_us == 0:
        raise click.BadParameter(f"{text!r}: longer than nothing")
    return float(duration_us / MICROSECONDS["s"])


def _time_us(text: str) -> Fraction:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *(us|ms|s)", text)
    if match is None:
        raise click.BadParameter(f"{text!r}: write a time with its unit: 500us, 10ms or 1.5s")
    return Fraction(match[1]) * MICROSECONDS[match[2]]


def duration_s(text: str) -> float:
    """Read 30s, 1.5min or 0."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *(s|min)", text)
    if match is None and text != "0":
        raise click.BadParameter(f"{text!r}: write a time with its unit: 30s or 5min; or 0")
    return float(match[1]) * SECONDS[match[2]] if match else 0.0


def require_distinct(settings: Sequence[tuple[str, str]]) -> None:
    """Refuse a parameter that is set twice: which value is meant cannot be known."""
    names = [name for name, _ in settings]
    for name in names:
        if names.count(name) > 1:
            raise click.UsageError(f"{name} is given twice; give it once.")


def address(text: str) -> tuple[str, int]:
    """Read HOST:PORT; the host may be an IPv6 address in brackets."""
    host, _, port = text.rpartition(":")
    if not (host and port.isdecimal() and int(port) < 1 << 16):
        raise click.BadParameter(f"{text!r}: write HOST:PORT, as in 127.0.0.1:5000")
    return host.strip("[]"), int(port)


JSON_OPTION: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Write machine-readable JSON to standard output."
)
OVERWRITE_OPTION: Decorator = click.option(
    "--overwrite", is_flag=True, help="Replace what is there already."
)
EXPOSURE_OPTION: Decorator = click.option(
    "--exposure", type=exposure_setting, metavar="TIME", help="500us, 10ms or 1.5s."
)
SET_OPTION: Decorator = click.option(
    "--set",
    "settings",
    multiple=True,
    type=setting,
    metavar="NAME=VALUE",
    help="Set a parameter first; may be repeated. fpxi info lists them.",
)


def output_option(help_text: str) -> Decorator:
    """Option -o for the file that the command writes."""
    return click.option(
        "-o",
        "--output",
        required=True,
        type=click.Path(dir_okay=False, path_type=Path),
        callback=require_file_name,
        help=help_text,
    )


def require_file_name(
    _ctx: click.Context, _option: click.Parameter, path: Path | None
) -> Path | None:
    """Refuse the empty name, which would be the folder. Raises `click.BadParameter`."""
    if path is not None and not path.name:
        raise click.BadParameter("give the file a name")
    return path


def calibration_option(help_text: str, *, required: bool) -> Decorator:
    """Option -c for a calibration file."""
    return click.option("-c", "--calibration", required=required, type=INPUT_FILE, help=help_text)


def recording_argument() -> Decorator:
    """Argument RECORDING, an existing file."""
    return click.argument("recording", type=INPUT_FILE)


def examples(*lines: str) -> str:
    """Epilog of a command's help: command lines to copy, left as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def url_argument(default: str | None = None) -> Decorator:
    """Argument URL; required unless there is a default."""
    if default is None:
        return click.argument("url")
    return click.argument("url", default=default)
