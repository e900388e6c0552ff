"""Effects switched off by name: each the preset with that effect's settings neutral.

What is left keeps its noise bit for bit, since every effect draws from a stream of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fpxi_hwsim.errors import BadValueError
from fpxi_hwsim.physics.array.settings import Defects
from fpxi_hwsim.physics.film.film_noise import FilmNoise
from fpxi_hwsim.physics.film.ghosting import Ghosting
from fpxi_hwsim.physics.film.ion_migration import IonMigration
from fpxi_hwsim.physics.film.traps import Traps
from fpxi_hwsim.physics.source.output import STEADY
from fpxi_hwsim.presets.preset import Preset

Change = Callable[[Preset], Preset]


def _neutral(stage: str, **settings: Any) -> Change:
    """Give settings of one stage of a preset their neutral values."""
    return lambda preset: replace(preset, **{stage: replace(getattr(preset, stage), **settings)})


def _dark(preset: Preset) -> Preset:
    dark = replace(preset.film.dark, conductivity_S_cm=0.0)
    return replace(preset, film=replace(preset.film, dark=dark))


EFFECTS: dict[str, Change] = {
    "unsteadiness": _neutral("beam", output=STEADY),
    "penumbra": _neutral("beam", focal_spot_um=0.0),
    "sharing": _neutral("converter", spread=()),
    "dark": _dark,
    "migration": _neutral("film", migration=IonMigration()),
    "lag": _neutral("film", lag=()),
    "ghosting": _neutral("film", ghosting=Ghosting()),
    "traps": _neutral("film", traps=Traps()),
    "film-noise": _neutral("film", noise=FilmNoise()),
    "spreads": _neutral(
        "array", response_spread=0.0, film_spread=0.0, dark_spread=0.0, lag_spread=0.0
    ),
    "defects": _neutral("array", defects=Defects()),
    "feed-through": _neutral(
        "array", pedestal_fC=0.0, pedestal_spread_fC=0.0, ring_pedestal_fC=0.0, gate_droop=0.0
    ),
    "switch-noise": _neutral("array", switch_noise=0.0),
    "left-charge": _neutral("array", on_resistance_MOhm=0.0),
    "leakage": _neutral("array", off_conductance_fS=0.0),
    "full-well": _neutral("array", full_well_fC=None),
    "line-resistance": _neutral("array", data_line_us=0.0, gate_line_us=0.0),
    "read-noise": _neutral(
        "front_end",
        pixel_noise_e=0.0,
        line_noise_e=0.0,
        column_noise_e=0.0,
        converter_noise_counts=0.0,
    ),
    "flicker": _neutral("front_end", flicker_e=0.0),
    "crosstalk": _neutral("front_end", crosstalk=0.0),
    "offsets": _neutral(
        "front_end", channel_offset_spread_counts=0.0, output_offset_spread_counts=0.0
    ),
    "channel-gains": _neutral("front_end", channel_spread=0.0),
    "nonlinearity": _neutral("front_end", inl_counts=0.0, dnl_counts=0.0, missing_codes=0),
}
"""what each name switches off"""


def without(preset: Preset, names: str) -> Preset:
    """Return the preset without the effects named, between commas; BadValueError if one is none."""
    left_out = [name.strip() for name in names.split(",")]
    for name in left_out:
        if name not in EFFECTS or left_out.count(name) > 1:
            choices = ", ".join(EFFECTS)
            raise BadValueError("without", name, f"names between commas, each once: {choices}")
        preset = EFFECTS[name](preset)
    return preset
