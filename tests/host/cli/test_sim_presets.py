"""`fpxi sim presets`."""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result
from fpxi_hwsim.presets import PRESETS

Run = Callable[..., Result]


def test_every_preset_is_listed_with_its_title(run: Run) -> None:
    result = run("sim", "presets")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()[1:]
    assert [line.split(maxsplit=1)[0] for line in lines] == [f"sim:{name}" for name in PRESETS]
    for line, preset in zip(lines, PRESETS.values(), strict=True):
        assert line.endswith(preset.title)
        assert str(preset.beam.tube) in line


def test_the_bias_is_that_of_the_figures_or_the_sensors_own(run: Run) -> None:
    lines = run("sim", "presets").stdout.splitlines()[1:]
    for line, preset in zip(lines, PRESETS.values(), strict=True):
        words = "own" if preset.own_supply else f"{preset.working_bias_mV / 1000:g} V"
        assert f"uGy/s {words} " in " ".join(line.split())


def test_json_has_the_numbers(run: Run) -> None:
    listed = json.loads(run("sim", "presets", "--json").stdout)["presets"]
    assert [preset["name"] for preset in listed] == list(PRESETS)
    first, preset = listed[0], next(iter(PRESETS.values()))
    assert (first["rows"], first["columns"]) == preset.geometry.shape
    assert first["dose_rate_Gy_s"] == preset.beam.dose_rate_Gy_s
    assert first["working_bias_mV"] == preset.working_bias_mV
