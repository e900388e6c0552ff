"""Presets agree with the protocol definition and with what the papers measured."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim.physics.conversion.sensitivity import sensitivity_uC_Gy_cm2
from fpxi_hwsim.presets import PRESETS, TFT64
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification

DEFINITION = Path(__file__).parents[2] / "readout" / "protocol" / "protocol.toml"


def test_every_panel_that_the_board_reads_has_a_preset_of_its_name() -> None:
    panels = tomllib.loads(DEFINITION.read_text(encoding="utf-8"))["panels"]
    on_board = {name: panel for name, panel in panels.items() if "stm32f405" in panel["boards"]}
    assert set(on_board) == {"tft64", "cmos32"}
    for name, panel in on_board.items():
        full_scale_fC = [setting["full_scale_fC"] for setting in panel["gain_settings"]]
        assert list(PRESETS[name].geometry.full_scale_fC) == full_scale_fC


@pytest.mark.parametrize(("name", "published_uC_Gy_cm2"), [("tft64", 13_700.0), ("cmos32", 396.0)])
def test_a_generic_panel_is_about_as_sensitive_as_a_published_one(
    name: str, published_uC_Gy_cm2: float
) -> None:
    preset = PRESETS[name]
    bias_V = preset.bias_V(0)
    sensitivity = sensitivity_uC_Gy_cm2(preset.beam.spectrum(), preset.converter, bias_V)
    assert sensitivity == pytest.approx(published_uC_Gy_cm2, rel=0.03)


def test_a_sensor_with_its_own_supply_does_not_ask_for_the_boards_bias() -> None:
    assert TFT64.bias_V(-3_000) == TFT64.working_bias_mV * 1e-3
    assert replace(TFT64, own_supply=False).bias_V(-3_000) == -3.0


@pytest.mark.parametrize("name", PRESETS)
def test_a_dark_sample_stays_off_the_converters_floor_in_every_range(name: str) -> None:
    """A count that is cut off at 0 has no offset that a calibration could subtract."""
    preset = PRESETS[name]
    specification = SimulationSpecification(preset)
    scene = Scene(specification)
    scene.beam_on = False
    source = PixelSource(specification, scene)
    for gain_setting in range(len(preset.geometry.full_scale_fC)):
        frame = source.expose(
            Exposure(10_000, 10_000, gain_setting, cds=True, bias_mV=preset.working_bias_mV)
        )
        assert frame is not None
        assert np.mean(frame == 0) < 0.01
