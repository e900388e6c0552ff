"""Settings of a `sim:` URL that change the preset: its beam, its temperature, effects left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fpxi_hwsim.errors import BadValueError
from fpxi_hwsim.physics.source.text import parse_output, parse_tube
from fpxi_hwsim.presets.preset import Preset
from fpxi_hwsim.settings_text import parse_float, parse_up_to
from fpxi_hwsim.without import without


def _tube(preset: Preset, text: str) -> Preset:
    """Another tube has its own photons for each gray, whatever was published of the preset's."""
    beam = replace(preset.beam, tube=parse_tube("tube", text), photons_per_Gy_cm2=None)
    return replace(preset, beam=beam)


def _output(preset: Preset, text: str) -> Preset:
    return replace(preset, beam=replace(preset.beam, output=parse_output("output", text)))


def _beam_number(name: str) -> Callable[[Preset, str], Preset]:
    def change(preset: Preset, text: str) -> Preset:
        value: Any = parse_float(name, text)
        return replace(preset, beam=replace(preset.beam, **{name: value}))

    return change


def _current(preset: Preset, text: str) -> Preset:
    """Set the dose rate that the tube, as it is, gives at the panel."""
    beam = preset.beam
    mA = parse_up_to("mA", text, MOST_mA)
    rate_Gy_s = beam.tube.dose_rate_Gy_s(mA, beam.field.source_distance_mm)
    return replace(preset, beam=replace(beam, dose_rate_Gy_s=rate_Gy_s))


def _distance(preset: Preset, text: str) -> Preset:
    distance_mm = parse_float("distance_mm", text)
    if not NEAREST_MM <= distance_mm <= FARTHEST_MM:
        allowed = f"mm from the focal spot to the panel, from {NEAREST_MM:g} to {FARTHEST_MM:g}"
        raise BadValueError("distance_mm", text, allowed)
    field = replace(preset.beam.field, source_distance_mm=distance_mm)
    return replace(preset, beam=replace(preset.beam, field=field))


def _temperature(preset: Preset, text: str) -> Preset:
    celsius = parse_float("temperature_C", text)
    if not COLDEST_C <= celsius <= HOTTEST_C:
        raise BadValueError("temperature_C", text, f"from {COLDEST_C} to {HOTTEST_C}")
    return replace(preset, temperature_mC=round(celsius * 1000))


COLDEST_C, HOTTEST_C = -100, 150
NEAREST_MM, FARTHEST_MM = 1.0, 1e5
MOST_mA = 1e5
PRESET_SETTINGS: dict[str, Callable[[Preset, str], Preset]] = {
    "tube": _tube,
    "output": _output,
    "distance_mm": _distance,
    "mA": _current,
    "magnification": _beam_number("magnification"),
    "focal_spot_um": _beam_number("focal_spot_um"),
    "temperature_C": _temperature,
    "without": without,
}
"""in the order in which they act"""
