"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

JSON_OPTION = click.option(
    "--json", "as_json", is_flag=True, help="Write machine-readable JSON to standard output."
)


def url_argument(default: str | None = None) -> Callable[[Any], Any]:
    """Argument URL; required unless there is a default."""
    return click.argument("url", required=default is None, default=default)


def parse_assignment(text: str) -> tuple[str, str]:
    """Split `name=value`."""
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise click.BadParameter(f"{text!r} is not of the form name=value, as in exposure_us=5000.")
    return name.strip(), value.strip()
