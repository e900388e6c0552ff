"""`fpxi calibrate`: a calibration from darks and flats, recorded now or before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from fpxi_imaging import Calibration

import fpxi
from fpxi.calibration import (
    calibrate_live,
    calibration_from_recordings,
    refresh_live,
    refresh_offset,
    save_in_place,
)
from fpxi.calibration.decisions_taken import decisions_words
from fpxi.calibration.run_errors import NoPictureError
from fpxi.calibration.summary_picture import draw_picture, picture_path
from fpxi.cli.calibration_limits import LIMIT_OPTION, THRESHOLD_OPTION
from fpxi.cli.calibration_options import GAINS, SHADINGS, Options
from fpxi.cli.calibration_run import TerminalOperator, notes_shown
from fpxi.cli.calibration_text import document_of, facts_of
from fpxi.cli.conditions import TOLERANCE_OPTION, tolerances_from
from fpxi.cli.defects_text import taken_text
from fpxi.cli.options import (
    EXPOSURE_OPTION,
    INPUT_FILE,
    JSON_OPTION,
    OVERWRITE_OPTION,
    SET_OPTION,
    duration,
    examples,
    exposure_setting,
    require_file_name,
)
from fpxi.cli.output import format_facts, note, print_json
from fpxi.cli.panel import apply_settings
from fpxi.cli.progress import ProgressBar
from fpxi.cli.scene import tell_missing_bias
from fpxi.errors import ExportExistsError

DEFAULT_FRAMES = "100"
FILE = click.Path(dir_okay=False, path_type=Path)
_NEEDS_URL = "needs the URL of a panel"
_NOW = "for recordings; with a URL all is recorded now"


def _exposures(_context: click.Context, _option: click.Parameter, text: str) -> tuple[int, ...]:
    return tuple(int(exposure_setting(part.strip())[1]) for part in text.split(",") if part)


def _optional_duration(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> float | None:
    return None if text is None else duration(text)


@click.command(
    "calibrate",
    epilog=examples(
        "fpxi calibrate sim:tft64 -o cal.h5",
        "fpxi calibrate serial:/dev/ttyACM0 --dark 200 --flat 200 --exposure 20ms -o cal.h5",
        "fpxi calibrate sim:cmos32 --exposures 5ms,20ms --levels 4 --gain polynomial -o cal.h5",
        "fpxi calibrate serial:/dev/ttyACM0 --refresh cal.h5",
        "fpxi calibrate --dark dark.h5 --flat flat.h5 -o cal.h5",
        "fpxi calibrate --refresh cal.h5 --dark dark.h5",
    ),
)
@click.argument("url", required=False)
@click.option(
    "--dark",
    multiple=True,
    metavar="N|FILE",
    help="How many darks to record, or a recording of them (may be repeated).  [default with a "
    "URL: 100]",
)
@click.option("--flat", multiple=True, metavar="N|FILE", help="Flats: likewise.")
@click.option("--step-off", type=INPUT_FILE, help="Recording of the lag: X-rays on, then off.")
@click.option(
    "-o",
    "--output",
    type=FILE,
    callback=require_file_name,
    help="Calibration to write (HDF5).  [default with --refresh: the file itself]",
)
@EXPOSURE_OPTION
@click.option(
    "--exposures",
    default="",
    callback=_exposures,
    metavar="TIMES",
    help="Exposures to take darks at as well, such as 5ms,20ms: the offset is then known between.",
)
@click.option(
    "--levels",
    type=click.IntRange(1, 20),
    help="Levels of dose to take flats at.  [default: 1; 3 with --gain]",
)
@click.option("--gain", type=click.Choice(list(GAINS)), help="How the response is described.")
@click.option(
    "--shading",
    type=click.Choice(list(SHADINGS)),
    default="removed",
    show_default=True,
    help="What becomes of the smooth unevenness of the flats (heel effect).",
)
@click.option("--lag", is_flag=True, help="Measure the lag too: the X-rays are switched live.")
@click.option(
    "--lag-on",
    callback=_optional_duration,
    metavar="TIME",
    help="How long the X-rays are on for the lag, twice its slowest part or more.  [default: 10s]",
)
@click.option(
    "--lag-off",
    callback=_optional_duration,
    metavar="TIME",
    help="How long it is recorded after them, likewise.  [default: 20s]",
)
@click.option(
    "--lag-exposed",
    callback=_optional_duration,
    metavar="TIME",
    help="How long the X-rays had been on in the recording of --step-off, where it begins with "
    "them on.",
)
@click.option(
    "--refresh",
    type=INPUT_FILE,
    metavar="CALIBRATION",
    help="Renew the offset of this calibration by darks alone: recorded now with the X-rays off, "
    "or those of --dark FILE.",
)
@click.option("--no-picture", is_flag=True, help="Draw no picture beside the calibration.")
@SET_OPTION
@TOLERANCE_OPTION
@LIMIT_OPTION
@THRESHOLD_OPTION
@click.option(
    "--unmarked",
    is_flag=True,
    help="Take all frames of a recording in which none is marked as a dark or flat.",
)
@OVERWRITE_OPTION
@JSON_OPTION
def command(*, url: str | None, as_json: bool, no_picture: bool, **given: Any) -> None:
    """Make a calibration: offset, gain and defects of every pixel.

    With a URL, --dark and --flat are numbers of frames to record now; they are kept beside the
    calibration (cal.dark.h5, cal.flat.h5 and so on). You are told what to do with the X-rays, and
    whether it was done; a simulated panel switches its own. Without a URL they are recordings,
    made by fpxi capture --dark and --flat. A picture of the calibration is drawn beside it
    (cal.png). What users decided about defects in a file that is overwritten is taken along.
    """
    options = Options(**given)
    if not no_picture:
        _require_no_picture(options)
    if options.refresh is not None:
        calibration = _refreshed(url, options)
    elif url is None:
        calibration = _from_recordings(options)
    else:
        calibration = _live(url, options)
    written = options.written
    if options.refresh is None:
        _tell_decisions(written, calibration)
    picture = None if no_picture else _draw(calibration, written)
    if as_json:
        drawn = None if picture is None else str(picture)
        print_json({**document_of(written, calibration), "picture": drawn})
    else:
        click.echo(format_facts(facts_of(written, calibration, picture)))


def _from_recordings(options: Options) -> Calibration:
    darks = [_recording("--dark", each) for each in options.dark or ("",)]
    flats = [_recording("--flat", each) for each in options.flat or ("",)]
    options.refuse(
        "exposure",
        "settings",
        "exposures",
        "levels",
        "lag",
        "lag_on",
        "lag_off",
        why=_NEEDS_URL,
    )
    if options.step_off is None:
        options.refuse("lag_exposed", why="needs --step-off")
    with ProgressBar() as bar:
        calibration = calibration_from_recordings(
            darks,
            flats,
            step_off=options.step_off,
            lag_exposure_s=options.lag_exposed,
            gain=options.gain_options,
            **options.figures,
            tolerances=tolerances_from(options.tolerances),
            unmarked=options.unmarked,
            progress=lambda done, total: bar.show("Reading", done, total),
        )
    return save_in_place(options.written, calibration, overwrite=options.overwrite)


def _live(url: str, options: Options) -> Calibration:
    if not options.lag:
        options.refuse("lag_on", "lag_off", why="needs --lag")
    options.refuse("step_off", "lag_exposed", "unmarked", "tolerances", why=_NOW)
    darks, flats = _count("--dark", options.dark), _count("--flat", options.flat)
    with _session(url, options) as (session, operator), notes_shown():
        return calibrate_live(
            session,
            options.written,
            operator=operator,
            exposures_us=options.exposures,
            levels=options.level_count,
            dark_frames=darks,
            flat_frames=flats,
            lag=options.lag,
            lag_on_s=options.lag_on,
            lag_off_s=options.lag_off,
            gain=options.gain_options,
            **options.figures,
            overwrite=options.overwrite,
        )


def _refreshed(url: str | None, options: Options) -> Calibration:
    others = ("flat", "step_off", "exposures", "levels", "gain")
    of_lag = ("lag", "lag_on", "lag_off", "lag_exposed")
    options.refuse(*others, *of_lag, why="--refresh takes darks alone")
    options.refuse("limits", "thresholds", why="--refresh keeps those of the calibration")
    if url is None:
        return _refreshed_from_recordings(options)
    return _refreshed_live(url, options)


def _refreshed_from_recordings(options: Options) -> Calibration:
    options.refuse("exposure", "settings", why=_NEEDS_URL)
    assert options.refresh is not None
    in_place = options.written.absolute() == options.refresh.absolute()
    with ProgressBar() as bar:
        return refresh_offset(
            options.refresh,
            [_recording("--dark", each) for each in options.dark or ("",)],
            out=None if in_place else options.written,
            overwrite=options.overwrite,
            tolerances=tolerances_from(options.tolerances),
            unmarked=options.unmarked,
            progress=lambda done, total: bar.show("Reading", done, total),
        )


def _refreshed_live(url: str, options: Options) -> Calibration:
    options.refuse("unmarked", "tolerances", why=_NOW)
    frames = _count("--dark", options.dark)
    assert options.refresh is not None
    with _session(url, options) as (session, operator), notes_shown():
        return refresh_live(
            session,
            options.refresh,
            output=options.written,
            operator=operator,
            exposures_us=[int(options.exposure[1])] if options.exposure else (),
            frames=frames,
            overwrite=options.overwrite,
        )


@contextmanager
def _session(url: str, options: Options) -> Iterator[tuple[fpxi.Session, TerminalOperator]]:
    """Connect to the panel, with its settings made; progress is shown while it lasts."""
    settings = (*options.settings, *([options.exposure] if options.exposure else []))
    with fpxi.Session(url, reconnect=False) as session, ProgressBar() as bar:
        session.wait_connected()
        session.submit(lambda panel: apply_settings(panel, settings)).result()
        tell_missing_bias(session)
        yield session, TerminalOperator(bar, simulated=session.scene is not None)


def _tell_decisions(written: Path, calibration: Calibration) -> None:
    """Say what a new calibration has of the one that it replaced."""
    words = decisions_words(calibration.defects)
    if words:
        note(f"Note: {taken_text(words, written, calibration)}")


def _recording(option: str, value: str) -> Path:
    if not value:
        raise click.UsageError(
            f"No {option} FILE: name a panel by its URL, or recordings by --dark FILE and, unless "
            "with --refresh, --flat FILE."
        )
    if value.isdecimal() and not Path(value).exists():
        raise click.UsageError(f"{option} {value}: to record frames now, name a panel by its URL.")
    return Path(value)


def _count(option: str, values: tuple[str, ...]) -> int:
    text = " ".join(values) or DEFAULT_FRAMES
    if not text.isdecimal() or int(text) == 0:
        raise click.UsageError(
            f"{option} {text}: with a URL, give how many frames to record; "
            "leave the URL out to use recordings."
        )
    return int(text)


def _require_no_picture(options: Options) -> None:
    """Raise `ExportExistsError` for a picture that may not be replaced.

    That of a calibration which is renewed in place is replaced with it.
    """
    picture = picture_path(options.written)
    in_place = options.refresh is not None and options.written.absolute() == (
        options.refresh.absolute()
    )
    if picture.exists() and not (options.overwrite or in_place):
        raise ExportExistsError(picture)


def _draw(calibration: Calibration, written: Path) -> Path | None:
    """Draw the picture; None, and a note, where it cannot be drawn."""
    picture = picture_path(written)
    try:
        draw_picture(calibration, picture)
    except NoPictureError as error:
        note(f"Note: {error}")
        return None
    return picture
