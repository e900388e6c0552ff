"""Options and arguments that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import click

MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000}

JSON_OPTION = click.option(
    "--json", "as_json", is_flag=True, help="Write machine-readable JSON to standard output."
)
OVERWRITE_OPTION = click.option(
    "--overwrite", is_flag=True, help="Replace the output file if it is there already."
)


def examples(*lines: str) -> str:
    """Epilog of a command's help: command lines to copy, left as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def url_argument(default: str | None = None) -> Callable[[Any], Any]:
    """Argument URL; required unless there is a default."""
    return click.argument("url", required=default is None, default=default)


def setting(text: str) -> tuple[str, str]:
    """Read `name=value`; the value is a number or the name of an enumeration's member."""
    name, _, value = (part.strip() for part in text.partition("="))
    if not (name and value):
        raise click.BadParameter(f"{text!r}: write name=value, as in exposure_us=5000")
    return name, value


def exposure_setting(text: str) -> tuple[str, str]:
    """Read 500us, 10ms or 1.5s as a setting of exposure_us."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *(us|ms|s)", text)
    if match is None:
        raise click.BadParameter(f"{text!r}: write a time with its unit: 500us, 10ms or 1.5s")
    exposure_us = Fraction(match[1]) * MICROSECONDS[match[2]]
    if exposure_us.denominator != 1:
        raise click.BadParameter(f"{text!r}: not a whole number of microseconds")
    return "exposure_us", str(exposure_us)


def address(text: str) -> tuple[str, int]:
    """Read HOST:PORT; the host may be an IPv6 address in brackets."""
    host, _, port = text.rpartition(":")
    if not (host and port.isdecimal() and int(port) < 1 << 16):
        raise click.BadParameter(f"{text!r}: write HOST:PORT, as in 127.0.0.1:5000")
    return host.strip("[]"), int(port)
