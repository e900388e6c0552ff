"""Conditions of frames in words, with the units that people use."""

from __future__ import annotations

from collections.abc import Sequence

_NAMES = {
    "panel": "panel",
    "serial_number": "serial number",
    "exposure_us": "exposure",
    "gain_setting": "gain setting",
    "bias_mV": "bias",
    "temperature_mC": "temperature",
    "first_row": "first row",
    "first_column": "first column",
    "cds": "correlated double sampling",
    "oversampling": "conversions averaged",
    "averaged": "exposures averaged",
}
_UNITS = {"exposure_us": "ms", "bias_mV": "V", "temperature_mC": "°C"}
"""Of conditions that `fpxi_imaging.Conditions` has in thousandths of them."""

Value = str | int
NOT_STATED = -(2**31)
"""In place of a number of `fpxi_imaging.Conditions` that nobody stated: no panel can have it. In
place of a text is an empty one."""
UNKNOWN = "not stated"


def condition_name(name: str) -> str:
    """Return what people call a condition of `fpxi_imaging.Conditions`; others as they are."""
    return _NAMES.get(name, name)


def condition_words(name: str, value: Value) -> str:
    """Return a value of a condition, such as `27.3 °C`, `10 ms`, `-50 V`, `2 x 2` or `on`."""
    return condition_values(name, [value])[0]


def stated_words(name: str, value: Value) -> str:
    """Return the same, or the condition's name where it is not stated: `exposure not stated`."""
    words = condition_words(name, value)
    return f"{condition_name(name)} {words}" if words == UNKNOWN else words


def condition_values(name: str, values: Sequence[Value]) -> list[str]:
    """Return values in words that differ where the values do.

    Temperatures have one decimal, or three where they would else read the same.
    """
    usual = [_words(name, each, decimals=1) for each in values]
    if len(set(usual)) == len(set(values)):
        return usual
    return [_words(name, each, decimals=3) for each in values]


def condition_range(name: str, least: Value, most: Value) -> str:
    """Return `5 to 20 ms`, or a single value where both are the same."""
    if least == most:
        return condition_words(name, least)
    low, high = condition_values(name, [least, most])
    unit = _UNITS.get(name, "")
    return f"{low.removesuffix(f' {unit}') if unit else low} to {high}"


def difference_words(name: str, difference: int) -> str:
    """Return how far apart two values are: `2 K`, `0.1 V`."""
    if name not in _UNITS:
        return str(difference)
    unit = "K" if name == "temperature_mC" else _UNITS[name]
    return f"{_thousandths(difference)} {unit}"


def _words(name: str, value: Value, *, decimals: int) -> str:
    if value in {NOT_STATED, ""}:
        return UNKNOWN
    if isinstance(value, str):
        return value
    if name == "cds":
        return {0: "off", 1: "on"}.get(value, str(value))
    if name == "binning":
        return f"{value} x {value}"
    if name not in _UNITS:
        return str(value)
    number = f"{value / 1000:.{decimals}f}" if name == "temperature_mC" else _thousandths(value)
    return f"{number} {_UNITS[name]}"


def _thousandths(value: int) -> str:
    """Return a thousandth of a number, with as many decimals as it has."""
    return f"{value / 1000:.3f}".rstrip("0").rstrip(".")
