"""`fpxi defects`: what is defective in a calibration, and what users say about it."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from fpxi_imaging import Calibration
from fpxi_imaging.defects.defect_map import DefectClass, DefectMap
from fpxi_imaging.defects.verdicts import DEFECT_CHECKS

from fpxi.calibration import load_calibration, save_calibration
from fpxi.calibration.defect_edits import with_decisions, with_imported
from fpxi.calibration.defect_lists import effective_classes, read_defects, write_defects
from fpxi.calibration.defect_masks import Polarity
from fpxi.cli.options import (
    INPUT_FILE,
    JSON_OPTION,
    OVERWRITE_OPTION,
    examples,
    output_option,
)
from fpxi.cli.output import format_facts, format_table, plural, print_json
from fpxi.errors import ExportExistsError

Place = tuple[int, int]


def _place(_ctx: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> list[Place]:
    places = []
    for text in texts:
        match = re.fullmatch(r"(\d+),(\d+)", text)
        if match is None:
            raise click.BadParameter(f"{text!r}: write ROW,COLUMN, counted from 0, as in 12,40")
        places.append((int(match[1]), int(match[2])))
    return places


def _author(_ctx: click.Context, _option: click.Parameter, name: str | None) -> str:
    return getpass.getuser() if name is None else name


_PLACES: Callable[[Any], Any] = click.argument(
    "places", metavar="ROW,COLUMN...", nargs=-1, required=True, callback=_place
)
_AUTHOR: Callable[[Any], Any] = click.option(
    "--author", callback=_author, help="Who decides.  [default: whoever is logged in]"
)
_REASON: Callable[[Any], Any] = click.option("--reason", default="", help="Why.")
_BAD_IS: Callable[[Any], Any] = click.option(
    "--bad-is",
    "polarity",
    type=click.Choice([each.value for each in Polarity]),
    callback=lambda _ctx, _option, value: None if value is None else Polarity(value),
    help="Which value of a mask means defective; required for masks, never guessed.",
)


@click.group(
    "defects",
    epilog=examples(
        "fpxi defects cal.h5 list",
        "fpxi defects cal.h5 mark 12,40 12,41 --reason 'blinks in run 7'",
        "fpxi defects cal.h5 import maker.bpm.xml",
        "fpxi defects cal.h5 export -o mask.png --bad-is nonzero",
    ),
)
@click.argument("calibration", type=INPUT_FILE)
@click.pass_context
def command(ctx: click.Context, calibration: Path) -> None:
    """List and change the defects of CALIBRATION.

    What a calibration found stays in it; what users decide is kept beside it, with author, time and
    reason, and overrules it.
    """
    ctx.obj = calibration


@command.command("list")
@JSON_OPTION
@click.pass_obj
def list_defects(path: Path, *, as_json: bool) -> None:
    """Count the defects by class, and show what users decided.

    A pixel may be of several classes. --json gives every pixel.
    """
    calibration = load_calibration(path)
    if as_json:
        print_json(_document(path, calibration))
    else:
        click.echo(_summary(path, calibration))


@command.command("mark")
@_PLACES
@_AUTHOR
@_REASON
@JSON_OPTION
@click.pass_obj
def mark(path: Path, *, places: list[Place], author: str, reason: str, as_json: bool) -> None:
    """Say that pixels are defective."""
    _decide(path, places, True, author, reason, as_json)


@command.command("clear")
@_PLACES
@_AUTHOR
@_REASON
@JSON_OPTION
@click.pass_obj
def clear(path: Path, *, places: list[Place], author: str, reason: str, as_json: bool) -> None:
    """Say that pixels are good, whatever was found."""
    _decide(path, places, False, author, reason, as_json)


@command.command("import")
@click.argument("file", type=INPUT_FILE)
@_BAD_IS
@JSON_OPTION
@click.pass_obj
def import_defects(path: Path, *, file: Path, polarity: Polarity | None, as_json: bool) -> None:
    """Add the defects of FILE to those that were found.

    FILE is a list (.txt: row, column and classes in each line; .xml: BadPixelMap) or a mask (.npy,
    .tif, .png) of the same panel, region and binning.
    """
    calibration = load_calibration(path)
    classes = read_defects(file, calibration.shape, polarity)
    changed, left_out = with_imported(calibration, classes)
    save_calibration(path, changed, overwrite=True)
    listed, before, now = (
        int(np.count_nonzero(each))
        for each in (classes, calibration.defects.mask, changed.defects.mask)
    )
    if as_json:
        document = {"listed": listed, "in_process_ring": left_out, "defective_pixels": now}
        print_json({"path": str(path), **document})
        return
    ring = f"; {left_out} in the process ring left out" if left_out else ""
    click.echo(f"{path}: {plural(listed, 'pixel')} listed in {file}{ring}")
    click.echo(f"{plural(now, 'defective pixel')} now, {before} before")


@command.command("export")
@output_option("List (.txt, .xml) or mask (.npy, .tif, .png) to write.")
@_BAD_IS
@OVERWRITE_OPTION
@JSON_OPTION
@click.pass_obj
def export(
    path: Path, *, output: Path, polarity: Polarity | None, overwrite: bool, as_json: bool
) -> None:
    """Write the defects that are left after all decisions."""
    defects = load_calibration(path).defects
    if output.exists() and not overwrite:
        raise ExportExistsError(output)
    write_defects(output, defects, polarity)
    count = int(np.count_nonzero(defects.mask))
    if as_json:
        print_json({"path": str(output), "defective_pixels": count})
    else:
        click.echo(f"{output}: {plural(count, 'defective pixel')}")


def _decide(  # noqa: PLR0917 - the options of a command, handed on
    path: Path, places: list[Place], defective: bool, author: str, reason: str, as_json: bool
) -> None:
    calibration = load_calibration(path)
    changed = with_decisions(calibration, places, defective=defective, author=author, reason=reason)
    save_calibration(path, changed, overwrite=True)
    count = int(np.count_nonzero(changed.defects.mask))
    if as_json:
        print_json({"path": str(path), "edits": len(places), "defective_pixels": count})
        return
    done = "marked as defective" if defective else "marked as good"
    click.echo(
        f"{path}: {plural(len(places), 'pixel')} {done}; {plural(count, 'defective pixel')} now"
    )


def _summary(path: Path, calibration: Calibration) -> str:
    defects = calibration.defects
    imaging = int(np.count_nonzero(~calibration.not_imaging))
    count = int(np.count_nonzero(defects.mask))
    facts = [("Calibration", str(path)), ("Defects", f"{count} of {imaging} imaging pixels")]
    parts = [format_facts(facts), format_table(("CLASS", "PIXELS"), _counts(defects))]
    if defects.edits:
        rows = [
            (
                str(edit.row),
                str(edit.column),
                "defective" if edit.defective else "good",
                edit.author,
                edit.time.isoformat(timespec="seconds"),
                edit.reason,
            )
            for edit in defects.edits
        ]
        header = ("ROW", "COLUMN", "DECISION", "AUTHOR", "TIME", "REASON")
        parts.append(format_table(header, rows))
    parts += [each.text for each in calibration.verdicts if each.check in DEFECT_CHECKS]
    return "\n\n".join(parts)


def _counts(defects: DefectMap) -> list[tuple[str, str]]:
    return [
        (_name(each), str(int(np.count_nonzero(defects.classes & each)))) for each in DefectClass
    ]


def _name(defect: DefectClass) -> str:
    return str(defect.name).lower()


def _document(path: Path, calibration: Calibration) -> dict[str, Any]:
    defects = calibration.defects
    classes = effective_classes(defects)
    return {
        "path": str(path),
        "imaging_pixels": int(np.count_nonzero(~calibration.not_imaging)),
        "defective_pixels": int(np.count_nonzero(defects.mask)),
        "found": {name: int(count) for name, count in _counts(defects)},
        "pixels": [
            {
                "row": int(row),
                "column": int(column),
                "classes": [_name(each) for each in DefectClass if classes[row, column] & each],
            }
            for row, column in np.argwhere(classes)
        ],
        "edits": [
            {
                "row": edit.row,
                "column": edit.column,
                "defective": edit.defective,
                "author": edit.author,
                "time": edit.time.isoformat(),
                "reason": edit.reason,
            }
            for edit in defects.edits
        ],
    }
