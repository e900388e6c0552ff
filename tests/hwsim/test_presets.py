"""Presets agree with the protocol definition and with what the papers measured."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from fpxi_hwsim.presets import PRESETS, TFT64, Preset

DEFINITION = Path(__file__).parents[2] / "readout" / "protocol" / "protocol.toml"


def test_every_panel_that_the_board_reads_has_a_preset_of_its_name() -> None:
    panels = tomllib.loads(DEFINITION.read_text(encoding="utf-8"))["panels"]
    on_board = {name: panel for name, panel in panels.items() if "stm32f405" in panel["boards"]}
    assert set(on_board) == {"tft64", "cmos32"}
    for name, panel in on_board.items():
        full_scale_fC = [setting["full_scale_fC"] for setting in panel["gain_settings"]]
        assert list(PRESETS[name].geometry.full_scale_fC) == full_scale_fC


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_photons_times_their_charge_give_the_measured_sensitivity(preset: Preset) -> None:
    charge_fC_per_Gy = preset.absorbed_photons_per_Gy * preset.charge_per_photon_fC
    sensitivity = charge_fC_per_Gy * 1e-15 * 1e6 / preset.pixel_area_cm2
    assert sensitivity == pytest.approx(preset.sensor.sensitivity_uC_Gy_cm2)


def test_a_photon_of_the_tft_film_frees_the_carriers_that_its_energy_and_gain_allow() -> None:
    # 42 keV over 4.61 eV a pair, times the detection efficiency S/S0 of 151 %, over the fraction
    # absorbed: the paper's figures taken together.
    pairs = 42e3 / 4.61 * 1.515 / TFT64.sensor.absorbed_fraction
    assert TFT64.charge_per_photon_fC / 1.602176634e-4 == pytest.approx(pairs, rel=0.01)
