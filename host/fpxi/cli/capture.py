"""`fpxi capture`: record frames to a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click
from fpxi_readout.errors import FpxiError

import fpxi
from fpxi.capture import CaptureResult
from fpxi.cli.group import CommandFailedError, Terminated
from fpxi.cli.link_report import LinkReport
from fpxi.cli.options import (
    EXPOSURE_OPTION,
    JSON_OPTION,
    OVERWRITE_OPTION,
    SET_OPTION,
    duration_s,
    examples,
    output_option,
    require_distinct,
    url_argument,
)
from fpxi.cli.output import format_facts, note, plural, print_json
from fpxi.cli.panel import apply_settings
from fpxi.cli.progress import ProgressBar
from fpxi.cli.scene import set_scene, tell_missing_bias
from fpxi.clipping import clipping_warnings
from fpxi.frame_rate_limit import rate_text
from fpxi.image_key import ImageKey
from fpxi.replay_url import is_replay


@click.command(
    "capture",
    epilog=examples(
        "fpxi capture sim:tft64 -n 100 -o run.h5",
        "fpxi capture serial:/dev/ttyACM0 -n 200 -o dark.h5 --dark --exposure 20ms",
    ),
)
@url_argument()
@click.option("-n", "--frames", required=True, type=click.IntRange(min=1), help="How many.")
@output_option("Recording to write (HDF5).")
@click.option(
    "--reliable/--live",
    default=True,
    show_default=True,
    help="Reliable: the panel waits for the link and sends again what was lost, so every frame is "
    "whole. Live: the panel keeps its pace, and losses are counted.",
)
@click.option(
    "--give-up",
    type=duration_s,
    default="60s",
    show_default=True,
    metavar="TIME",
    help="How long to wait for a panel that is lost: 30s, 5min; 0: not at all.",
)
@click.option("--dark", is_flag=True, help="Mark the frames as darks: no X-rays.")
@click.option("--flat", is_flag=True, help="Mark the frames as flats: X-rays, nothing in the beam.")
@EXPOSURE_OPTION
@SET_OPTION
@OVERWRITE_OPTION
@JSON_OPTION
def command(
    *,
    url: str,
    frames: int,
    output: Path,
    reliable: bool,
    give_up: float,
    dark: bool,
    flat: bool,
    exposure: tuple[str, str] | None,
    settings: tuple[tuple[str, str], ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Record frames from URL to an HDF5/NeXus file.

    A panel that is lost is waited for, and the capture goes on in the same file.
    Ctrl-C ends early and keeps what was recorded. Exit status 0: all frames are in the file, and
    with --reliable every row of them.
    """
    if dark and flat:
        raise click.UsageError("A frame is a dark or a flat, not both.")
    image_key = ImageKey.DARK if dark else ImageKey.FLAT if flat else ImageKey.IMAGE
    if exposure is not None:
        settings = (*settings, exposure)
    require_distinct(settings)
    if "delivery" in dict(settings):
        raise click.UsageError("Choose the delivery with --reliable or --live.")
    session = fpxi.Session(url, reconnect=give_up > 0)
    try:
        link = LinkReport(session)
        with session, ProgressBar() as bar:
            session.wait_connected()
            session.submit(lambda panel: apply_settings(panel, settings)).result()
            tell_missing_bias(session)
            set_scene(session, image_key)
            result = session.capture(
                frames,
                output,
                reliable=reliable,
                image_key=image_key,
                overwrite=overwrite,
                give_up_s=give_up,
                notify=bar.note,
                progress=lambda done: bar.show("Recording", done, frames, link.look()),
            )
    except (KeyboardInterrupt, Terminated, FpxiError):
        if kept := session.statistics().frames_recorded:
            note(f"{output}: {plural(kept, 'frame')} kept.")
        raise
    if as_json:
        print_json(_document(url, result, reliable) | link.document())
    else:
        click.echo(_summary(result, reliable, link))
    for line in clipping_warnings(result.saturated, result.cut_off):
        note(line)
    if reliable and not result.complete:
        raise CommandFailedError(_why_incomplete(url, result))


def _why_incomplete(url: str, result: CaptureResult) -> str:
    if is_replay(url):
        return (
            "the recording that was replayed lacks these rows itself: they never arrived when it "
            "was made, and are marked in the new file too"
        )
    if result.reconnections:
        return (
            "a panel that restarts, or is used by another host, cannot send again what it had: the "
            "rows that are missing are marked in the file, whose events tell when and why"
        )
    return (
        "the panel could not send some frames again: they are marked in the file; see that "
        "nothing else keeps this computer or the link busy, and record again"
    )


def _document(url: str, result: CaptureResult, reliable: bool) -> dict[str, Any]:
    return {
        **dataclasses.asdict(result),
        "path": str(result.path),
        "url": url,
        "delivery": "reliable" if reliable else "live",
        "complete": result.complete,
    }


def _summary(result: CaptureResult, reliable: bool, link: LinkReport) -> str:
    delivery = "reliable" if reliable else "live"
    rate = f" at {rate_text(result.frame_rate_hz)}" if result.frame_rate_hz else ""
    facts = [
        ("Recording", str(result.path)),
        ("Frames", f"{result.frames_received}{rate}, {delivery}"),
        ("Lost", _losses(result)),
    ]
    if result.frames_skipped:
        facts.append(("Skipped", f"{plural(result.frames_skipped, 'frame')}, by the panel"))
    if result.reconnections:
        breaks = plural(result.reconnections, "time")
        facts.append(("Link lost", f"{breaks}, {result.away_s:.1f} s in all"))
    if result.crc_errors or result.packets_lost:
        facts.append(("Packets", f"{result.crc_errors} damaged, {result.packets_lost} missing"))
    if result.chunks_recovered:
        facts.append(("Sent again", plural(result.chunks_recovered, "piece")))
    return format_facts([*facts, *link.facts()])


def _losses(result: CaptureResult) -> str:
    if result.complete:
        return "nothing"
    return f"{plural(result.frames_lost, 'frame')}; {plural(result.rows_lost, 'row')} in all"
