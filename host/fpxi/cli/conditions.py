"""Options about the conditions that a calibration belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import click
from fpxi_imaging import Tolerances

from fpxi.cli.options import setting

TOLERANCE_OPTION: Callable[[Any], Any] = click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    type=setting,
    metavar="NAME=VALUE",
    help="How far a condition may differ; may be repeated. Usually: "
    + ", ".join(f"{name}={value}" for name, value in asdict(Tolerances()).items())
    + ".",
)


def tolerances_from(settings: Sequence[tuple[str, str]]) -> Tolerances:
    """Return the usual tolerances with these changes. Raises `click.BadParameter`."""
    known = asdict(Tolerances())
    for name, value in settings:
        if name not in known:
            raise click.BadParameter(
                f"there is no condition {name!r}; the conditions are {', '.join(known)}"
            )
        if not value.isdecimal():
            raise click.BadParameter(f"{name}={value} is not a whole number, 0 or more")
        known[name] = int(value)
    return Tolerances(**known)
