"""Parameters: defaults, ranges, and what is saved."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p


def definitions(rig_module):
    return rig_module.PARAMETERS


def default(rig_module, panel, name):
    panels = rig_module.DEFINITION_PANELS
    own = panels[panel].get("parameters", {}).get(name, {})
    return {**definitions(rig_module)[name], **own}["default"]


def test_every_parameter_starts_with_its_default(rig, rig_module):
    for name, entry in definitions(rig_module).items():
        if entry["access"] != "ro":
            assert rig.get(name) == default(rig_module, "tft64", name), name


def test_every_setting_keeps_what_is_set_and_refuses_what_is_out_of_range(rig, rig_module):
    for name, entry in definitions(rig_module).items():
        if entry["access"] == "ro" or "maximum" not in entry or entry["type"] == "i32":
            continue
        parameter = entry["id"]
        before = rig.get(name)
        refused = rig.ask(p.Set(parameter, 0xFFFFFFFF))
        assert (refused.code, refused.detail) == (p.NackCode.OUT_OF_RANGE, parameter), name
        assert rig.get(name) == before
        assert rig.ask(p.Set(parameter, before)) == p.Value(parameter, before)


def test_saved_parameters_survive_a_restart_and_others_do_not(rig):
    rig.set(exposure_us=12_345, gain_setting=5, oversampling=2, test_pattern=1, bias_mV=-1000)
    assert isinstance(rig.ask(p.Save()), p.Ack)
    assert isinstance(rig.ask(p.Reset()), p.Ack)
    rig.run(200_000)
    assert rig.get("exposure_us") == 12_345
    assert rig.get("gain_setting") == 5
    assert rig.get("oversampling") == 2
    assert rig.get("test_pattern") == 0
    assert rig.get("bias_mV") == 0


def test_an_exposure_shorter_than_the_readout_is_refused_on_a_rolling_panel(rig):
    exposure_us = 1
    readout_us = rig.get("readout_us")
    for value in (readout_us - 1,):
        answer = rig.ask(p.Set(exposure_us, value))
        assert (answer.code, answer.detail) == (p.NackCode.OUT_OF_RANGE, exposure_us)
    rig.set(exposure_us=readout_us)


def test_the_bias_goes_to_its_set_point_at_the_slope_asked_for(rig):
    rig.set(bias_ramp_mV_s=50_000, bias_mV=-5000)
    rig.run(50_000)
    halfway = rig.get("bias_actual_mV") - 2**32
    assert -4000 < halfway < -1500
    rig.run(100_000)
    assert rig.get("bias_actual_mV") - 2**32 == -5000


@pytest.mark.parametrize("name", ["temperature_mC", "uptime_ms", "readout_us"])
def test_readings_make_sense_and_cannot_be_set(rig, rig_module, name):
    rig.run(10_000)
    assert rig.get(name) > 0
    parameter = definitions(rig_module)[name]["id"]
    assert rig.ask(p.Set(parameter, 1)).code == p.NackCode.READ_ONLY
