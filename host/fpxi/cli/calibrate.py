"""`fpxi calibrate`: a calibration from darks and flats, recorded now or before."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
from fpxi_imaging import Calibration, Tolerances
from fpxi_readout.errors import FpxiError

import fpxi
from fpxi.calibration import (
    BeamStep,
    calibrate_live,
    calibration_from_recordings,
    calibration_notes,
    save_calibration,
)
from fpxi.cli.conditions import TOLERANCE_OPTION, format_conditions, tolerances_from
from fpxi.cli.group import CommandFailedError
from fpxi.cli.options import (
    EXPOSURE_OPTION,
    JSON_OPTION,
    OVERWRITE_OPTION,
    SET_OPTION,
    examples,
    output_option,
)
from fpxi.cli.output import format_facts, note, plural, print_json
from fpxi.cli.panel import apply_settings
from fpxi.cli.progress import ProgressBar
from fpxi.cli.scene import tell_missing_bias

Settings = tuple[tuple[str, str], ...]
DEFAULT_FRAMES = "100"


@click.command(
    "calibrate",
    epilog=examples(
        "fpxi calibrate sim:tft64 -o cal.h5",
        "fpxi calibrate serial:/dev/ttyACM0 --dark 200 --flat 200 --exposure 20ms -o cal.h5",
        "fpxi calibrate --dark dark.h5 --flat flat.h5 -o cal.h5",
    ),
)
@click.argument("url", required=False)
@click.option(
    "--dark",
    metavar="N|FILE",
    help="How many darks to record, or a recording of them.  [default with a URL: 100]",
)
@click.option("--flat", metavar="N|FILE", help="Flats: likewise.")
@output_option("Calibration to write (HDF5).")
@EXPOSURE_OPTION
@SET_OPTION
@TOLERANCE_OPTION
@click.option(
    "--unmarked",
    is_flag=True,
    help="Take all frames of a recording in which none is marked as a dark or flat.",
)
@OVERWRITE_OPTION
@JSON_OPTION
def command(
    *,
    url: str | None,
    dark: str | None,
    flat: str | None,
    output: Path,
    exposure: tuple[str, str] | None,
    settings: Settings,
    tolerances: Settings,
    unmarked: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Make a calibration: offset, gain and defects of every pixel.

    With a URL, --dark and --flat are numbers of frames to record now; they are kept beside the
    calibration (cal.dark.h5 and cal.flat.h5). You are asked to switch the X-rays; a simulated
    panel switches its own. Without a URL they are recordings, made by fpxi capture --dark and
    --flat.
    """
    if url is None:
        recordings = _recording("--dark", dark), _recording("--flat", flat)
        if exposure or settings:
            raise click.UsageError("--exposure and --set need the URL of a panel.")
        calibration = _from_recordings(
            recordings, output, tolerances_from(tolerances), unmarked, overwrite
        )
    else:
        if unmarked:
            raise click.UsageError("--unmarked is for recordings; with a URL all is recorded now.")
        if tolerances:
            raise click.UsageError("--tolerance is for recordings; with a URL all is recorded now.")
        frames = _count("--dark", dark), _count("--flat", flat)
        wanted = (*settings, exposure) if exposure else settings
        calibration = _live(url, output, frames, wanted, overwrite)
    if as_json:
        print_json(_document(output, calibration))
    else:
        click.echo(_summary(output, calibration))


def _recording(option: str, value: str | None) -> Path:
    if value is None:
        raise click.UsageError(
            "Name a panel by its URL, or two recordings by --dark FILE and --flat FILE."
        )
    if value.isdecimal() and not Path(value).exists():
        raise click.UsageError(f"{option} {value}: to record frames now, name a panel by its URL.")
    return Path(value)


def _count(option: str, value: str | None) -> int:
    text = value or DEFAULT_FRAMES
    if not text.isdecimal() or int(text) == 0:
        raise click.UsageError(
            f"{option} {text}: with a URL, give how many frames to record; "
            "leave the URL out to use recordings."
        )
    return int(text)


def _from_recordings(
    recordings: tuple[Path, Path],
    output: Path,
    tolerances: Tolerances,
    unmarked: bool,
    overwrite: bool,
) -> Calibration:
    with ProgressBar() as bar:
        calibration = calibration_from_recordings(
            *recordings,
            tolerances=tolerances,
            unmarked=unmarked,
            progress=lambda done, total: bar.show("Reading", done, total),
        )
    save_calibration(output, calibration, overwrite=overwrite)
    return calibration


def _live(
    url: str, output: Path, frames: tuple[int, int], settings: Settings, overwrite: bool
) -> Calibration:
    with fpxi.Session(url, reconnect=False) as session, ProgressBar() as bar:
        session.wait_connected()
        session.submit(lambda panel: apply_settings(panel, settings)).result()
        tell_missing_bias(session)

        def prompt(step: BeamStep) -> None:
            bar.hide()
            _wait_for_beam(step)

        with _notes_shown():
            return calibrate_live(
                session,
                output,
                dark_frames=frames[0],
                flat_frames=frames[1],
                prompt=prompt,
                progress=lambda step, done, total: bar.show(_label(step), done, total),
                overwrite=overwrite,
            )


@contextmanager
def _notes_shown() -> Iterator[None]:
    """Show the notes of an interruption; those of a named error are shown with the error."""
    try:
        yield
    except FpxiError:
        raise
    except BaseException as error:
        for line in getattr(error, "__notes__", ()):
            note(line)
        raise


def _label(step: BeamStep) -> str:
    return "Darks" if step is BeamStep.DARK else "Flats"


def _wait_for_beam(step: BeamStep) -> None:
    note(f"{_label(step)}: {step.value}, then press Enter.")
    if not sys.stdin.readline():
        raise CommandFailedError(
            "nobody confirmed the X-rays: standard input has ended. Record darks and flats with "
            "fpxi capture --dark and --flat, and give the files to fpxi calibrate"
        )


def _defects(calibration: Calibration) -> int:
    return int(np.count_nonzero(calibration.defects.mask))


def _imaging(calibration: Calibration) -> int:
    return int(np.count_nonzero(~calibration.not_imaging))


def _document(output: Path, calibration: Calibration) -> dict[str, Any]:
    return {
        "path": str(output),
        "dark_frames": calibration.dark_frames,
        "flat_frames": calibration.flat_frames,
        "defective_pixels": _defects(calibration),
        "imaging_pixels": _imaging(calibration),
        "normalisation_counts": calibration.normalisation,
        "conditions": asdict(calibration.conditions),
        "created": calibration.created.isoformat(),
        "notes": calibration_notes(calibration),
    }


def _summary(output: Path, calibration: Calibration) -> str:
    conditions = calibration.conditions
    facts = [
        ("Calibration", str(output)),
        ("Panel", f"{conditions.panel}, serial number {conditions.serial_number}"),
        ("Conditions", format_conditions(conditions)),
        (
            "Frames",
            f"{plural(calibration.dark_frames, 'dark')}, {plural(calibration.flat_frames, 'flat')}",
        ),
        ("Signal", f"{calibration.normalisation:.1f} counts above dark (median pixel)"),
        ("Defects", f"{_defects(calibration)} of {_imaging(calibration)} imaging pixels"),
    ]
    facts += [("Note", text) for text in calibration_notes(calibration)]
    return format_facts(facts)
