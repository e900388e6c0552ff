"""Every limit of the array's and the front end's parameters, on its failing side."""

from __future__ import annotations

from dataclasses import fields

import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.array.settings import ArraySettings, Defects, reset_noise_e
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings

NUMBERS = [
    (settings, prefix, field.name)
    for settings, prefix in (
        (ArraySettings, "array"),
        (FrontEndSettings, "front_end"),
        (Defects, "defects"),
    )
    for field in fields(settings)
    if field.name not in {"defects", "amplifiers_at_both_ends", "frayed_breaks"}
]
SIGNED = {"pedestal_fC", "ring_pedestal_fC", "offset_counts", "reset_level_counts", "polarity"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e12, -1e12])
@pytest.mark.parametrize(("settings", "prefix", "name"), NUMBERS)
def test_no_parameter_may_be_infinite_or_no_number(
    settings: type, prefix: str, name: str, value: float
) -> None:
    with pytest.raises(UnphysicalError) as refused:
        settings(**{name: value})
    assert refused.value.name == f"{prefix}.{name}"


@pytest.mark.parametrize(("settings", "prefix", "name"), NUMBERS)
def test_what_has_no_sign_may_not_be_negative(settings: type, prefix: str, name: str) -> None:
    if name in SIGNED:
        settings(**{name: -1})
        return
    with pytest.raises(UnphysicalError) as refused:
        settings(**{name: -1})
    assert refused.value.name == f"{prefix}.{name}"


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        (ArraySettings, "response_spread", 1.01),
        (ArraySettings, "dark_spread", 1.01),
        (ArraySettings, "gate_droop", 1.01),
        (ArraySettings, "full_well_fC", 0.0),
        (ArraySettings, "pixel_capacitance_fF", 1e-3),
        (FrontEndSettings, "polarity", 0),
        (FrontEndSettings, "polarity", 2),
        (FrontEndSettings, "outputs", 0),
        (FrontEndSettings, "crosstalk", 0.34),
        (FrontEndSettings, "channel_spread", 0.21),
        (FrontEndSettings, "dnl_counts", 0.31),
        (FrontEndSettings, "amplifier_us", 0.0),
        (FrontEndSettings, "cds_interval_us", 1e-4),
    ],
)
def test_what_is_beyond_its_limit_is_refused(settings: type, name: str, value: float) -> None:
    with pytest.raises(UnphysicalError) as refused:
        settings(**{name: value})
    assert refused.value.name.endswith(f".{name}")


@pytest.mark.parametrize("temperature_K", [0.0, -1.0, float("nan")])
def test_a_reset_below_absolute_zero_is_refused(temperature_K: float) -> None:
    with pytest.raises(UnphysicalError) as refused:
        reset_noise_e(1000.0, temperature_K)
    assert refused.value.name == "temperature_K"
