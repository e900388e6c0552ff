"""Tubes and outputs as people write them."""

from __future__ import annotations

import pytest
from fpxi_hwsim.errors import BadValueError
from fpxi_hwsim.physics.source.output import STEADY, BeamOutput
from fpxi_hwsim.physics.source.text import parse_output, parse_tube
from fpxi_hwsim.physics.source.tube import Tube


@pytest.mark.parametrize(
    ("text", "tube"),
    [
        ("W:50kV", Tube("W", 50)),
        ("Ag:49.5kV@20deg", Tube("Ag", 49.5, (), 20)),
        ("W:70kV:Be 0.127mm+Al 2.5mm", Tube("W", 70, (("Be", 0.127), ("Al", 2.5)))),
        ("W:50kV:Be 127um + SiO2 26mm", Tube("W", 50, (("Be", 0.127), ("SiO2", 26)))),
        ("W:120kV@12deg:Gd2O2S:7.32 .1mm", Tube("W", 120, (("Gd2O2S:7.32", 0.1),))),
    ],
)
def test_tubes_are_read_and_written_as_one_text(text: str, tube: Tube) -> None:
    assert parse_tube("tube", text) == tube
    assert parse_tube("tube", str(tube)) == tube


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "such as W:50kV"),
        ("tungsten", "such as W:50kV"),
        ("W:50", "such as W:50kV"),
        ("W:50kV:", "such as W:50kV"),
        ("W:50kV:Al", "mm"),
        ("W:50kV:Al 2mm+", "mm"),
        ("W:50kV:Al 2", "mm"),
        ("W:50kV:Al -2mm", "0 or more"),
        ("W:nankV", "such as W:50kV"),
        ("W:1e9kV", "250 or less"),
        ("Fe:50kV", "one of W"),
        ("W:50kV@0deg", "1 or more"),
        ("W:50kV:vibranium 1mm", "no material 'vibranium'"),
        ("W:50kV:X9:2 1mm", "such as SiO2"),
    ],
)
def test_what_is_no_tube_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(BadValueError, match=said) as raised:
        parse_tube("tube", text)
    assert (raised.value.key, raised.value.value) == ("tube", text)


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("steady", STEADY),
        ("ripple=0.05@100Hz", BeamOutput(ripple=0.05, ripple_hz=100)),
        ("drift=-0.01/h", BeamOutput(drift_per_hour=-0.01)),
        ("pulses=15Hz*5ms", BeamOutput(pulse_hz=15, pulse_width_ms=5)),
        ("shutter=2s..", BeamOutput(shutter_opens_s=2)),
        ("shutter=2s..10s", BeamOutput(shutter_opens_s=2, shutter_closes_s=10)),
        ("shutter=2s..*20ms", BeamOutput(shutter_opens_s=2, shutter_travel_ms=20)),
        ("jitter=1e-2, drift=+.5/h", BeamOutput(jitter=0.01, drift_per_hour=0.5)),
        (
            "ripple=0.05@100Hz,drift=0.01/h,pulses=15Hz*5ms,shutter=2s..10s*20ms,jitter=0.01",
            BeamOutput(0.05, 100, 0.01, 15, 5, 2, 10, 20, 0.01),
        ),
    ],
)
def test_outputs_are_read(text: str, output: BeamOutput) -> None:
    assert parse_output("output", text) == output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "steady, or some of"),
        ("noisy", "steady, or some of"),
        ("ripple=5%@100Hz", "ripple=0.05@100Hz"),
        ("ripple=0.05", "ripple=0.05@100Hz"),
        ("drift=0.01", "drift=-0.01/h"),
        ("pulses=15Hz", "pulses=15Hz"),
        ("shutter=2s", "no end: 2s.."),
        ("jitter=nan", "jitter=0.01"),
        ("jitter=0.1,jitter=0.1", "steady, or some of"),
        ("jitter=0.1,", "steady, or some of"),
        ("ripple=2@100Hz", "ripple = 2"),
        ("pulses=15Hz*500ms", "pulse_width_ms = 500"),
    ],
)
def test_what_is_no_output_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(BadValueError) as raised:
        parse_output("output", text)
    assert said in str(raised.value)
    assert (raised.value.key, raised.value.value) == ("output", text)
