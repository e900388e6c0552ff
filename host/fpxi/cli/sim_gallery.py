"""`fpxi sim gallery`: every object on every simulated panel, as a page and a contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from fpxi_hwsim.presets import PRESETS, find_preset
from fpxi_hwsim.specification import SCHEME

from fpxi.cli.options import JSON_OPTION, OVERWRITE_OPTION, examples
from fpxi.cli.output import note, plural, print_json
from fpxi.cli.progress import ProgressBar
from fpxi.gallery import make_gallery
from fpxi.gallery.drawing import Drawn
from fpxi.gallery.objects import gallery_objects
from fpxi.gallery.run import FRAMES


@click.command(
    "gallery",
    epilog=examples(
        "fpxi sim gallery -o gallery",
        "fpxi sim gallery -o letters --object letters-caep --preset tft64 --preset cmos32",
    ),
)
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for index.html and contact-sheet.png.",
)
@click.option("--preset", "presets", multiple=True, help="Only this panel; may be repeated.")
@click.option(
    "--object", "objects", multiple=True, help="Only this object, as in a URL; may be repeated."
)
@click.option(
    "--frames",
    type=click.IntRange(1, 1000),
    default=FRAMES,
    show_default=True,
    help="Frames averaged in a picture.",
)
@OVERWRITE_OPTION
@JSON_OPTION
def command(
    *,
    folder: Path,
    presets: tuple[str, ...],
    objects: tuple[str, ...],
    frames: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Take pictures of every object with every simulated panel.

    Each picture is made of frames of the simulated device, from power-on, corrected with a
    calibration of its own and averaged. A single pixel, a row or a small array is moved over the
    object. The page needs no other file.
    """
    names = [name.removeprefix(SCHEME) for name in presets or PRESETS]
    chosen = [find_preset(name) for name in dict.fromkeys(names)]
    with ProgressBar() as bar:
        result = make_gallery(
            chosen,
            list(dict.fromkeys(objects or gallery_objects())),
            folder,
            frames=frames,
            overwrite=overwrite,
            progress=lambda preset, name, done, total: bar.show(
                "Taking pictures", done, total, f"{preset}: {name}"
            ),
        )
    if as_json:
        print_json(
            {
                "page": str(result.page),
                "contact_sheet": str(result.sheet),
                "pictures": [_document(each) for each in result.drawn],
                "notes": list(result.notes),
            }
        )
        return
    click.echo(f"{result.page}: {plural(len(result.drawn), 'picture')}; {result.sheet}")
    for line in result.notes:
        note(f"Note: {line}.")


def _document(drawn: Drawn) -> dict[str, Any]:
    picture = drawn.picture
    return {
        "preset": picture.preset,
        "object": picture.object,
        "url": picture.url,
        "how": picture.how,
        "dose_Gy": picture.dose_Gy,
        **picture.settings,
        "low": drawn.low,
        "high": drawn.high,
    }
