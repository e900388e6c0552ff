"""`fpxi defects`: what is defective in a calibration, and what users say about it."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from fpxi_imaging import Decision
from fpxi_imaging.defects.defect_map import require_inside

from fpxi.calibration import load_calibration, save_calibration
from fpxi.calibration.decisions_taken import (
    counted_words,
    lost_decisions,
    with_decisions_of,
)
from fpxi.calibration.defect_edits import (
    decisions_of,
    with_decisions,
    with_imported,
    with_withdrawn,
)
from fpxi.calibration.defect_lists import format_words, read_defects, write_defects
from fpxi.calibration.defect_masks import Polarity
from fpxi.cli.defects_text import defects_document, defects_text, pixel_text, taken_text
from fpxi.cli.options import (
    INPUT_FILE,
    JSON_OPTION,
    OVERWRITE_OPTION,
    examples,
    output_option,
)
from fpxi.cli.output import plural, print_json
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


def _places(*, required: bool) -> Callable[[Any], Any]:
    return click.argument(
        "places",
        metavar="ROW,COLUMN..." if required else "[ROW,COLUMN]...",
        nargs=-1,
        required=required,
        callback=_place,
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
        "fpxi defects cal.h5 withdraw --import 1 --reason 'of another panel'",
        "fpxi defects new.h5 take cal.h5",
        "fpxi defects cal.h5 export -o mask.png --bad-is nonzero",
    ),
)
@click.argument("calibration", type=INPUT_FILE)
@click.pass_context
def command(ctx: click.Context, calibration: Path) -> None:
    """List and change the defects of CALIBRATION.

    What a calibration found stays in it; what users decide and import is kept beside it, with
    author, time and reason, and overrules it. What is withdrawn stays on record.
    """
    ctx.obj = calibration


@command.command("list")
@JSON_OPTION
@click.pass_obj
def list_defects(path: Path, *, as_json: bool) -> None:
    """Count the defects by class, and show what users decided, imported and withdrew.

    A pixel may be of several classes. --json gives every pixel.
    """
    calibration = load_calibration(path)
    if as_json:
        print_json(defects_document(path, calibration))
    else:
        click.echo(defects_text(path, calibration))


@command.command("show")
@_places(required=True)
@click.pass_obj
def show(path: Path, *, places: list[Place]) -> None:
    """Tell of pixels what was found, and what was ever decided."""
    calibration = load_calibration(path)
    for place in places:
        require_inside(place, calibration.shape)
    click.echo("\n\n".join(pixel_text(place, calibration) for place in places))


@command.command("mark")
@_places(required=True)
@_AUTHOR
@_REASON
@JSON_OPTION
@click.pass_obj
def mark(path: Path, *, places: list[Place], author: str, reason: str, as_json: bool) -> None:
    """Say that pixels are defective."""
    _decide(path, places, True, author, reason, as_json)


@command.command("clear")
@_places(required=True)
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
@_AUTHOR
@_REASON
@JSON_OPTION
@click.pass_obj
def import_defects(
    path: Path, *, file: Path, polarity: Polarity | None, author: str, reason: str, as_json: bool
) -> None:
    """Add the defects of FILE to those that were found.

    FILE is a list (.txt: lines such as 12,40 or 12 40 dead,noisy; .xml: BadPixelMap) or a mask
    (.npy, .tif, .png) of the same panel, region and binning. It is kept apart and can be withdrawn.
    """
    calibration = load_calibration(path)
    classes = read_defects(file, calibration.shape, polarity)
    changed, left_out = with_imported(
        calibration,
        classes,
        file=file.name,
        file_format=format_words(file, polarity),
        author=author,
        reason=reason,
    )
    save_calibration(path, changed, overwrite=True)
    listed, before, now = (
        int(np.count_nonzero(each))
        for each in (classes, calibration.defects.mask, changed.defects.mask)
    )
    number = len(changed.defects.imports)
    if as_json:
        document = {"listed": listed, "in_process_ring": left_out, "defective_pixels": now}
        print_json({"path": str(path), "import": number, **document})
        return
    ring = f"; {left_out} in the process ring left out" if left_out else ""
    click.echo(f"{path}: {plural(listed, 'pixel')} listed in {file}{ring}")
    click.echo(f"{plural(now, 'defective pixel')} now, {before} before; this is import {number}")


@command.command("withdraw")
@_places(required=False)
@click.option("--edit", "edits", type=int, multiple=True, metavar="N", help="An edit, as listed.")
@click.option(
    "--import", "imports", type=int, multiple=True, metavar="N", help="A whole import, as listed."
)
@click.option("--by", "authors", multiple=True, metavar="AUTHOR", help="All that AUTHOR decided.")
@_AUTHOR
@_REASON
@JSON_OPTION
@click.pass_obj
def withdraw(
    path: Path,
    *,
    places: list[Place],
    edits: tuple[int, ...],
    imports: tuple[int, ...],
    authors: tuple[str, ...],
    author: str,
    reason: str,
    as_json: bool,
) -> None:
    """Take back the decisions about pixels, numbered edits, whole imports, or all of an author.

    What was found holds again, and what was decided otherwise. Nothing is deleted: the list shows
    what was withdrawn, by whom and when.
    """
    if not (places or edits or imports or authors):
        raise click.UsageError("Say what to withdraw: ROW,COLUMN, --edit, --import or --by.")
    calibration = load_calibration(path)
    chosen = [(Decision.EDIT, number) for number in edits]
    chosen += [(Decision.IMPORT, number) for number in imports]
    chosen += decisions_of(calibration.defects, places, authors)
    changed = with_withdrawn(calibration, chosen, author=author, reason=reason)
    save_calibration(path, changed, overwrite=True)
    new = changed.defects.withdrawals[len(calibration.defects.withdrawals) :]
    taken = [sum(each.decision is kind for each in new) for kind in Decision]
    before, now = (int(np.count_nonzero(each.defects.mask)) for each in (calibration, changed))
    if as_json:
        counts = {"edits": taken[0], "imports": taken[1], "defective_pixels": now}
        print_json({"path": str(path), **counts})
        return
    words = " and ".join(
        plural(count, kind.value) for count, kind in zip(taken, Decision, strict=True) if count
    )
    click.echo(f"{path}: {words} withdrawn; {plural(now, 'defective pixel')} now, {before} before")


@command.command("take")
@click.argument("other", type=INPUT_FILE)
@JSON_OPTION
@click.pass_obj
def take(path: Path, *, other: Path, as_json: bool) -> None:
    """Take along what users decided, imported and withdrew in the calibration OTHER.

    Both must be of the same panel, region and binning. Authors, times and reasons stay; what
    CALIBRATION has already is taken once, and of two edits of a pixel the later one counts.
    """
    calibration, source = load_calibration(path), load_calibration(other)
    missing = lost_decisions(source.defects, calibration.defects)
    changed = with_decisions_of(calibration, source)
    save_calibration(path, changed, overwrite=True)
    before, now = (int(np.count_nonzero(each.defects.mask)) for each in (calibration, changed))
    if as_json:
        taken = {f"{kind}s": missing[kind] for kind in ("edit", "import", "withdrawal")}
        print_json({"path": str(path), **taken, "defective_pixels": now})
        return
    words = counted_words(missing) or "no edits or imports that it had not"
    click.echo(f"{path}: {taken_text(words, other, changed)}")
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
