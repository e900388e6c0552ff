"""Frozen dataclasses as HDF5 groups: a dataset or group for each field, by its name and type."""

from __future__ import annotations

import enum
import types
import typing
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, TypeVar

import h5py
import numpy as np

T = TypeVar("T")


def write_record(group: h5py.Group, record: Any) -> None:
    """Write each field of a dataclass that is set; one that is None is left out."""
    for field in fields(record):
        if field.init and getattr(record, field.name) is not None:
            _write(group, field.name, getattr(record, field.name))


def read_record(group: h5py.Group, kind: type[T]) -> T:
    """Return what `write_record` wrote. Raises `KeyError`, `ValueError`, and what `kind` raises."""
    hints = typing.get_type_hints(kind)
    return kind(
        **{
            field.name: _read(group[field.name], hints[field.name])
            for field in fields(kind)  # type: ignore[arg-type]
            if field.init and field.name in group
        }
    )


def _write(group: h5py.Group, name: str, value: Any) -> None:
    if isinstance(value, np.ndarray):
        group.create_dataset(name, data=value, compression="gzip")
    elif isinstance(value, datetime):
        group[name] = value.isoformat()
    elif isinstance(value, enum.Enum):
        group[name] = value.value
    elif is_dataclass(value):
        below = group.create_group(name)
        below.attrs["kind"] = type(value).__name__
        write_record(below, value)
    elif isinstance(value, tuple):
        below = group.create_group(name)
        for index, item in enumerate(value):
            _write(below, str(index), item)
    else:
        group[name] = value


def _read(node: Any, hint: Any) -> Any:
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        choices = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        named = [kind for kind in choices if kind.__name__ == node.attrs.get("kind")]
        return _read(node, named[0] if named else choices[0])
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        return tuple(_read(node[str(index)], item) for index in range(len(node)))
    if isinstance(node, h5py.Group):
        return read_record(node, hint)
    if h5py.check_string_dtype(node.dtype) is not None:
        text = node.asstr()[()]
        if hint is datetime:
            return datetime.fromisoformat(text)
        return hint(text)
    return node[()] if node.shape else node[()].item()
