"""How the fields of a dataclass are kept in HDF5: scalars, arrays, and what is made of them."""

from __future__ import annotations

import enum
import types
from dataclasses import Field, dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

SCALARS: dict[type, str] = {bool: "b", int: "iu", float: "f", str: "O", datetime: "O"}
"""Types of single values, and the kinds of a dataset's dtype that hold them."""


@dataclass(frozen=True)
class FieldType:
    """The declared type of one field, taken apart."""

    name: str
    choices: tuple[Any, ...]
    """The types of which one holds; None apart."""
    optional: bool
    """It may be None."""
    default: Any
    """`dataclasses.MISSING` where there is none."""

    @property
    def only(self) -> Any:
        """The type, where there is no choice."""
        return self.choices[0]


@cache
def field_types(record: type[Any]) -> tuple[FieldType, ...]:
    """Return the types of the fields that the constructor takes."""
    hints = get_type_hints(record)
    return tuple(_taken_apart(each, hints[each.name]) for each in fields(record) if each.init)


def _taken_apart(field: Field[Any], hint: Any) -> FieldType:
    is_union = get_origin(hint) in (Union, types.UnionType)
    choices = get_args(hint) if is_union else (hint,)
    left = tuple(each for each in choices if each is not types.NoneType)
    return FieldType(field.name, left, len(left) < len(choices), field.default)


def is_scalar(kind: Any) -> bool:
    """Whether values of this type are single ones."""
    return kind in SCALARS or (isinstance(kind, type) and issubclass(kind, enum.Enum))


def is_table(record: Any) -> bool:
    """Whether all fields are single values, so that a sequence of such records is a table."""
    return is_dataclass(record) and all(
        not each.optional and is_scalar(each.only)
        for each in field_types(record)  # type: ignore[arg-type]
    )


def item_of(kind: Any) -> Any:
    """Return the type of a tuple's items; None for what is no tuple of any length."""
    return get_args(kind)[0] if get_origin(kind) is tuple else None


def array_dtype(kind: Any) -> np.dtype[Any] | None:
    """Return the dtype of an array type; None for what is no array."""
    if get_origin(kind) is not np.ndarray:
        return None
    dtype: np.dtype[Any] = np.dtype(get_args(get_args(kind)[1])[0])
    return dtype


def stored(value: Any) -> Any:
    """Return what is stored of a single value."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, enum.Enum) else value


def stored_kinds(kind: type) -> str:
    """Return the dtype kinds that hold values of this type; an enumeration's are text."""
    return SCALARS.get(kind, "O")


def restored(kind: type, value: Any) -> Any:
    """Return the single value of a type. Raises `ValueError` for text that says no such value."""
    if kind is datetime:
        return datetime.fromisoformat(value)
    return kind(value)
