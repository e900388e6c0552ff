"""Values of settings as people write them, in URLs and on the control console."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from fpxi_hwsim.errors import BadValueError, UnknownKeyError
from fpxi_hwsim.physics.limits import MOST_Gy

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")


def with_setting(
    settings: Settings, name: str, text: str, parse: Callable[[str, str], Any]
) -> Settings:
    """Return the settings, a dataclass, with one changed to what `parse(name, text)` reads.

    Raises
    ------
    UnknownKeyError, BadValueError
        There is no such setting, or it cannot take this value.

    """
    known = [field.name for field in fields(settings)]
    if name not in known:
        raise UnknownKeyError(name, known)
    return replace(settings, **{name: parse(name, text)})


def parse_on_off(key: str, text: str) -> bool:
    """Read `on` or `off`; BadValueError otherwise, as in every function here."""
    if text not in ("on", "off"):
        raise BadValueError(key, text, "on or off")
    return text == "on"


def parse_u32(key: str, text: str) -> int:
    """Read a whole number of 32 bits."""
    if not (text.isascii() and text.isdigit() and int(text) < 2**32):
        raise BadValueError(key, text, "a whole number from 0 to 4294967295")
    return int(text)


def parse_up_to(key: str, text: str, most: float) -> float:
    """Read a number from 0 to `most`."""
    value = _float(text)
    if not 0 <= value <= most:
        raise BadValueError(key, text, f"a number from 0 to {most:g}")
    return value


def parse_dose_rate(key: str, text: str) -> float:
    """Read an air kerma rate in Gy/s, up to `MOST_Gy`."""
    value = _float(text)
    if not 0 <= value <= MOST_Gy:
        raise BadValueError(
            key, text, f"an air kerma rate in Gy/s, such as 2.7e-6: from 0 to {MOST_Gy:g}"
        )
    return value


def parse_dose(key: str, text: str) -> float:
    """Read an air kerma in Gy, up to `MOST_Gy`."""
    value = _float(text)
    if not 0 <= value <= MOST_Gy:
        raise BadValueError(key, text, f"an air kerma in Gy, such as 50e-6: from 0 to {MOST_Gy:g}")
    return value


def parse_float(key: str, text: str) -> float:
    """Read a finite number."""
    value = _float(text)
    if not math.isfinite(value):
        raise BadValueError(key, text, "a number")
    return value


def parse_place(key: str, text: str) -> tuple[int, int]:
    """Read `row,column`."""
    row, comma, column = text.partition(",")
    if not (comma and row.isdecimal() and column.isdecimal()):
        raise BadValueError(key, text, "row,column of the first pixel, such as 4,3")
    return int(row), int(column)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
