"""Arguments as users write them."""

from __future__ import annotations

import click
import pytest
from fpxi.cli.options import address, exposure_setting, setting


@pytest.mark.parametrize(
    ("text", "exposure_us"),
    [("500us", "500"), ("10ms", "10000"), ("1.5s", "1500000"), ("0.5 ms", "500")],
)
def test_an_exposure_is_a_time_with_a_unit(text: str, exposure_us: str) -> None:
    assert exposure_setting(text) == ("exposure_us", exposure_us)


@pytest.mark.parametrize("text", ["10", "ten ms", "-1ms", "1.5us", "10m", "", "1e3us"])
def test_any_other_exposure_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"unit|microseconds"):
        exposure_setting(text)


def test_a_setting_is_split_at_the_first_equals_sign() -> None:
    assert setting(" exposure_us = 5000") == ("exposure_us", "5000")
    assert setting("a=b=c") == ("a", "b=c")


@pytest.mark.parametrize("text", ["exposure_us", "=5", "exposure_us=", ""])
def test_a_setting_without_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="name=value"):
        setting(text)


def test_an_address_has_host_and_port() -> None:
    assert address("127.0.0.1:5000") == ("127.0.0.1", 5000)


@pytest.mark.parametrize("text", ["5000", ":5000", "host", "host:", "host:65536", "host:-1"])
def test_an_address_without_host_or_port_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="HOST:PORT"):
        address(text)
