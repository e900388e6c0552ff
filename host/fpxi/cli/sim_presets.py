"""`fpxi sim presets`: which panels can be simulated."""

from __future__ import annotations

from typing import Any

import click
from fpxi_hwsim.presets import PRESETS, Preset

from fpxi.cli.options import JSON_OPTION
from fpxi.cli.output import format_table, print_json

HEADER = ("URL", "PIXELS", "PITCH", "BEAM", "DOSE RATE", "BIAS", "TITLE")
OWN_SUPPLY = "own"


@click.command("presets")
@JSON_OPTION
def command(*, as_json: bool) -> None:
    """List the panels that can be simulated, with the beam and the bias of their figures.

    BIAS is what to set on the board (fpxi set URL bias_mV=...); a sensor with a supply of its own
    is at its working bias always.
    """
    if as_json:
        print_json({"presets": [_document(preset) for preset in PRESETS.values()]})
        return
    click.echo(format_table(HEADER, [_row(preset) for preset in PRESETS.values()]))


def _row(preset: Preset) -> tuple[str, ...]:
    geometry, beam = preset.geometry, preset.beam
    return (
        f"sim:{preset.name}",
        f"{geometry.rows} x {geometry.columns}",
        f"{geometry.pitch_um:g} um",
        str(beam.tube),
        f"{beam.dose_rate_Gy_s * 1e6:.4g} uGy/s",
        OWN_SUPPLY if preset.own_supply else f"{preset.working_bias_mV / 1000:g} V",
        preset.title,
    )


def _document(preset: Preset) -> dict[str, Any]:
    geometry, beam = preset.geometry, preset.beam
    return {
        "name": preset.name,
        "url": f"sim:{preset.name}",
        "title": preset.title,
        "rows": geometry.rows,
        "columns": geometry.columns,
        "pitch_um": geometry.pitch_um,
        "tube": str(beam.tube),
        "dose_rate_Gy_s": beam.dose_rate_Gy_s,
        "working_bias_mV": preset.working_bias_mV,
        "own_supply": preset.own_supply,
        "object": preset.object,
        "temperature_mC": preset.temperature_mC,
    }
