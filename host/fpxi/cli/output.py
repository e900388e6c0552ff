"""What the commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click


def print_json(document: dict[str, Any]) -> None:
    """Write one JSON document; a value that JSON cannot hold is a programming error."""
    click.echo(json.dumps(document, indent=2, allow_nan=False))


def note(text: str) -> None:
    """Tell the user something that is not the result."""
    click.echo(text, err=True)


def plural(count: int, noun: str) -> str:
    """Write a count with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align columns by spaces, the same whether a terminal or a file reads it."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(_padded(line, widths) for line in lines)


def format_facts(facts: Sequence[tuple[str, str]]) -> str:
    """Align `name  value` lines."""
    width = max(len(name) for name, _ in facts)
    return "\n".join(f"{name:<{width}}  {value}".rstrip() for name, value in facts)


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()
