"""The options that say what is done to frames, the same for every command that does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, cast

import click
from fpxi_imaging import (
    DEFAULT_PROCESSING,
    NO_AVERAGING,
    Averaging,
    AveragingMode,
    ImagingError,
    Processing,
    Scale,
)

from fpxi.cli.options import INPUT_FILE, Decorator
from fpxi.processing_file import load_processing

_MODES = [mode.value for mode in AveragingMode if mode is not AveragingMode.NONE]
_OFF = 0.0


def averaging(text: str) -> Averaging:
    """Read MODE:N, or none."""
    if text == AveragingMode.NONE.value:
        return NO_AVERAGING
    mode, _, frames = text.partition(":")
    if mode not in _MODES or not frames.isdecimal():
        raise click.BadParameter(
            f"{text!r}: write {', '.join(_MODES)} with how many frames, as in {_MODES[0]}:8; "
            "or none"
        )
    try:
        return Averaging(AveragingMode(mode), int(frames))
    except ImagingError as error:
        raise click.BadParameter(str(error)) from error


def sigma(text: str) -> float:
    """Read a number of standard deviations; 0 for off."""
    if text == "off":
        return _OFF
    try:
        return float(replace(DEFAULT_PROCESSING, zinger_sigma=float(text)).zinger_sigma or _OFF)
    except (ValueError, ImagingError) as error:
        raise click.BadParameter(
            f"{text!r}: write a number of standard deviations above 0, such as 6; or off"
        ) from error


_FILE = click.option(
    "--processing",
    "processing_file",
    type=INPUT_FILE,
    metavar="FILE",
    help="Do what this file says, which fpxi processing wrote; further options change it.",
)
_STEPS: dict[str, Decorator] = {
    "lag": click.option("--lag/--no-lag", default=None, help="Take out the lag.  [default: no]"),
    "zingers": click.option(
        "--zingers",
        type=sigma,
        metavar="SIGMA",
        help="Replace what stands out in one frame by so many standard deviations. What rises to "
        "stay is shown a frame late: leave it off for exposures of a single frame.  [default: off]",
    ),
    "average": click.option(
        "--average",
        type=averaging,
        metavar="MODE:N",
        help=f"Average N frames: {', '.join(_MODES)}.  [default: none]",
    ),
    "motion": click.option(
        "--motion",
        type=sigma,
        metavar="SIGMA",
        help="Let a recursive average begin anew where the image moves by so many standard "
        "deviations, such as 2.  [default: off]",
    ),
    "repair": click.option(
        "--repair/--no-repair", default=None, help="Interpolate defects.  [default: yes]"
    ),
    "scale": click.option(
        "--scale",
        type=click.Choice([scale.value for scale in Scale]),
        help="What the values are; attenuation is -ln(transmission).  [default: counts]",
    ),
    "flip": click.option(
        "--flip",
        multiple=True,
        type=click.Choice(["rows", "columns", "none"]),
        help="rows: top to bottom; columns: left to right; may be repeated.  [default: none]",
    ),
    "rotate": click.option(
        "--rotate",
        type=click.Choice(["0", "90", "180", "270"]),
        help="Degrees anticlockwise, after flipping.  [default: 0]",
    ),
}


def processing_file_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Option --processing; the command's argument `processing` is None without it."""

    @wraps(command)
    def with_processing(processing_file: Path | None, **others: Any) -> Any:
        given = None if processing_file is None else load_processing(processing_file)
        return command(processing=given, **others)

    return cast("Callable[..., Any]", _FILE(with_processing))


def processing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Option --processing and one for each step; the command's argument is `processing`."""

    @wraps(command)
    def with_processing(processing_file: Path | None, **others: Any) -> Any:
        begin = DEFAULT_PROCESSING if processing_file is None else load_processing(processing_file)
        steps = {name: others.pop(name) for name in _STEPS}
        return command(processing=_changed(begin, **steps), **others)

    wrapped: Callable[..., Any] = with_processing
    for option in reversed(_STEPS.values()):
        wrapped = option(wrapped)
    return _FILE(wrapped)


def _changed(
    begin: Processing,
    *,
    lag: bool | None,
    zingers: float | None,
    average: Averaging | None,
    motion: float | None,
    repair: bool | None,
    scale: str | None,
    flip: Sequence[str],
    rotate: str | None,
) -> Processing:
    """Return a description with what was given in place of its own."""
    orientation = begin.orientation
    if flip:
        orientation = replace(orientation, flip_rows="rows" in flip, flip_columns="columns" in flip)
    if rotate is not None:
        orientation = replace(orientation, rotate_deg=int(rotate))
    return Processing(
        lag=begin.lag if lag is None else lag,
        zinger_sigma=begin.zinger_sigma if zingers is None else zingers or None,
        averaging=_following(begin.averaging if average is None else average, motion),
        repair=begin.repair if repair is None else repair,
        scale=begin.scale if scale is None else Scale(scale),
        orientation=orientation,
    )


def _following(averaging: Averaging, motion: float | None) -> Averaging:
    """Return an average that follows motion, or does not, if that is said."""
    if motion is None:
        return averaging
    try:
        return replace(averaging, motion_sigma=motion or None)
    except ImagingError as error:
        raise click.UsageError(f"--motion: {error}; add --average recursive:8, say.") from error
