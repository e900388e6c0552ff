"""The text of an object or a motion: `name:key=value,key=value`.

Lists within a value are separated by `/`. The keys and types are those of a dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from fpxi_hwsim.errors import BadValueError, UnknownKeyError
from fpxi_hwsim.settings_text import parse_on_off

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")


def read_settings(
    kind: type[Settings], text: str, preset: Mapping[str, Any] | None = None
) -> Settings:
    """Make a `kind` from `key=value,key=value`, on top of what is preset.

    Raises
    ------
    UnknownKeyError, BadValueError
        It has no such key, one is given twice, or a value is not of the key's type.
    UnphysicalError
        A value is outside of what nature allows.

    """
    types = {field.name: str(field.type) for field in fields(kind) if field.init}
    read: dict[str, Any] = {}
    for item in filter(None, text.split(",")):
        key, _, value = item.partition("=")
        if key not in types or key in read:
            raise UnknownKeyError(key, types, repeated=key in read)
        read[key] = _PARSERS[types[key].removesuffix(" | None")](key, value)
    return kind(**{**(preset or {}), **read})


def _number(key: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadValueError(key, text, "a number") from None


def _numbers(key: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split("/"))
    except ValueError:
        raise BadValueError(key, text, "numbers separated by /, such as 1/2/5") from None


def _whole(key: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadValueError(key, text, "a whole number") from None


def _word(key: str, text: str) -> str:
    if not text:
        raise BadValueError(key, text, "some text")
    return text


_PARSERS: dict[str, Callable[[str, str], Any]] = {
    "float": _number,
    "tuple[float, ...]": _numbers,
    "int": _whole,
    "bool": parse_on_off,
    "str": _word,
}
