"""The figures by which frames are checked and defects found, as options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

import click
from fpxi_imaging import CheckLimits, DefectThresholds
from fpxi_imaging.errors import SettingError

from fpxi.cli.options import require_distinct, setting

Figures = TypeVar("Figures", CheckLimits, DefectThresholds)
Decorator = Callable[[Any], Any]


def _figures(usual: Figures, settings: Sequence[tuple[str, str]]) -> Figures | None:
    """Return the usual figures with these changes; None without any. Raises `click.UsageError`."""
    if not settings:
        return None
    require_distinct(settings)
    known = asdict(usual)
    changes: dict[str, float] = {}
    for name, value in settings:
        if name not in known:
            listed = ", ".join(f"{each}={figure:g}" for each, figure in known.items())
            raise click.BadParameter(f"there is no {name!r}; usually {listed}")
        whole = isinstance(known[name], int)
        try:
            changes[name] = int(value) if whole else float(value)
        except ValueError as error:
            wanted = "a whole number" if whole else "a number"
            raise click.BadParameter(f"{name}={value} is not {wanted}") from error
    try:
        return replace(usual, **changes)  # type: ignore[arg-type]  # int or float by the field
    except SettingError as error:
        raise click.BadParameter(str(error)) from error


def _option(name: str, usual: Figures, help_text: str) -> Decorator:
    return click.option(
        f"--{name}",
        f"{name}s",
        multiple=True,
        type=setting,
        callback=lambda _context, _option, settings: _figures(usual, settings),
        metavar="NAME=VALUE",
        help=f"{help_text} May be repeated; --{name} x=1 lists the names.",
    )


LIMIT_OPTION = _option(
    "limit", CheckLimits(), "What the frames have to meet, such as most_local_residual=0.5."
)
THRESHOLD_OPTION = _option(
    "threshold", DefectThresholds(), "What makes a pixel defective, such as noise=8."
)
