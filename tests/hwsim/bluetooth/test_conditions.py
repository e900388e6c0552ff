from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from fpxi_hwsim.bluetooth.conditions import RadioConditions, with_condition
from fpxi_hwsim.errors import BadValueError, UnknownKeyError


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("interval_ms", "7.5", 7.5),
        ("phy", "1M", "1M"),
        ("data_length", "27", 27),
        ("packet_errors", "0.1", 0.1),
        ("supervision_s", "0.5", 0.5),
        ("rssi_dBm", "-90", -90),
        ("in_reach", "off", False),
        ("radio_seed", "7", 7),
    ],
)
def test_a_condition_is_set_from_text_and_no_other_changes(
    name: str, text: str, value: Any
) -> None:
    changed = asdict(with_condition(RadioConditions(), name, text))
    assert changed == asdict(RadioConditions()) | {name: value}
    assert type(changed[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("interval_ms", "6.25"),
        ("interval_ms", "4001.25"),
        ("interval_ms", "15.1"),
        ("interval_ms", "nan"),
        ("interval_ms", "fast"),
        ("interval_ms", "1000"),  # the default supervision time-out is twice as long, not more
        ("phy", "3M"),
        ("data_length", "26"),
        ("data_length", "252"),
        ("data_length", "100.0"),
        ("packet_errors", "-0.1"),
        ("packet_errors", "1.1"),
        ("supervision_s", "0.09"),
        ("supervision_s", "33"),
        ("rssi_dBm", "-128"),
        ("rssi_dBm", "21"),
        ("in_reach", "yes"),
        ("radio_seed", "-1"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(BadValueError) as caught:
        with_condition(RadioConditions(), name, text)
    assert caught.value.key in (name, "supervision_s")


def test_an_unknown_condition_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownKeyError) as caught:
        with_condition(RadioConditions(), "weather", "rain")
    assert caught.value.known == tuple(RadioConditions.__dataclass_fields__)
