"""`fpxi set`: set parameters of a panel."""

from __future__ import annotations

import click

from fpxi.cli.options import examples, require_distinct, setting, url_argument
from fpxi.cli.output import note
from fpxi.cli.panel import apply_settings, connected_panel
from fpxi.cli.parameters import format_value


@click.command(
    "set",
    epilog=examples(
        "fpxi set serial:/dev/ttyACM0 exposure_us=20000 trigger_mode=software",
        "fpxi set serial:/dev/ttyACM0 exposure_us=20000 --save",
    ),
)
@url_argument()
@click.argument("settings", nargs=-1, required=True, type=setting, metavar="NAME=VALUE...")
@click.option("--save", is_flag=True, help="Keep the settings in the panel's non-volatile memory.")
def command(url: str, settings: tuple[tuple[str, str], ...], save: bool) -> None:
    """Set parameters of the panel at URL; shows the values then in force.

    fpxi info URL lists the parameters with their ranges.
    """
    require_distinct(settings)
    with connected_panel(url) as panel:
        apply_settings(panel, settings)
        if save:
            panel.save()
        dictionary, values = panel.dictionary, panel.read_parameters()
    for name, _ in settings:
        info = dictionary.parameters[name]
        click.echo(f"{name} = {format_value(dictionary, info, values[name])} {info.unit}".rstrip())
    if url.startswith("sim:"):
        note("A simulated panel ends with the command: use --set of `fpxi capture` instead.")
