"""Dataclasses as HDF5 groups: a member for each field, and back, or a word on what is wrong.

A single value is a scalar dataset, an array a dataset, a tuple of numbers a dataset of one axis, a
dataclass a group. A tuple of dataclasses of single values is a group of columns, of other ones a
group of groups `0`, `1`, ...; where a field may be one of several dataclasses, the attribute `type`
of its group names it.

The attribute `fields` of a group names what it holds, so that what got lost is missed, and what a
later version added is refused. A field that is not named is None, or has its default, as fields do
that were added after the file was written. One that has been renamed since is read by its old name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING
from typing import Any

import h5py
import numpy as np
from fpxi_imaging import ImagingError

from fpxi.calibration.errors import ContentError
from fpxi.calibration.record_types import (
    FieldType,
    array_dtype,
    field_types,
    is_scalar,
    is_table,
    item_of,
    restored,
    stored,
    stored_kinds,
)
from fpxi.units import MILLIDEGREE_CELSIUS

FIELDS, TYPE = "fields", "type"
MAP_OPTIONS = {"compression": "gzip", "compression_opts": 1, "shuffle": True, "fletcher32": True}
"""Of images: every one checks itself when it is read."""
_TEXT = h5py.string_dtype()
_SUFFIXES = {"_us": "us", "_mV": "mV", "_mC": MILLIDEGREE_CELSIUS, "_s": "s"}

_FORMER_NAMES = {("DefectThresholds", "most_cut_off"): "zero_fraction"}
"""Names of fields by those of their class and what files had them as."""

Units = Callable[[str, str], str]
"""The unit of a field by the names of its class and its own; empty where it has none."""


def no_units(_record: str, _field: str) -> str:
    """Return that a field has no unit but the one of its name."""
    return ""


def write_record(group: h5py.Group, record: Any, units: Units = no_units) -> None:
    """Write the fields of a dataclass into a group."""
    kind = record.__class__
    held = [each for each in field_types(kind) if getattr(record, each.name) is not None]
    _name_fields(group, held)
    for each in held:
        _write_field(group, each, getattr(record, each.name), units)
        unit = _suffix_unit(each.name) or units(kind.__name__, each.name)
        if unit:
            group[each.name].attrs["units"] = unit


def _name_fields(group: h5py.Group, held: Sequence[FieldType]) -> None:
    names = [each.name for each in held]
    group.attrs.create(FIELDS, names, shape=(len(names),), dtype=_TEXT)


def read_record(group: h5py.Group, record: type) -> Any:
    """Return the dataclass that a group holds.

    Raises `ContentError` for a member that is missing or not what it should be, and for what the
    dataclass itself refuses.
    """
    held, values = _held(group, record)
    values |= {each.name: _read_field(group, member, each) for member, each in held.items()}
    return _made(group, record, values)


def _held(group: h5py.Group, record: Any) -> tuple[dict[str, FieldType], dict[str, Any]]:
    """Return the fields of a group's members, and the values of those fields that it lacks."""
    members = [str(name) for name in _require_attribute(group, FIELDS)]
    named = {_FORMER_NAMES.get((record.__name__, name), name): name for name in members}
    known = field_types(record)
    unknown = named.keys() - {each.name for each in known}
    if unknown:
        listed = ", ".join(sorted(unknown))
        raise ContentError(group.name, f"holds {listed}, of a later version: update fpxi")
    others = [each for each in known if each.name not in named]
    for each in others:
        if not each.optional and each.default is MISSING:
            raise ContentError(f"{group.name}/{each.name}", "is missing")
    values = {each.name: None if each.default is MISSING else each.default for each in others}
    return {named[each.name]: each for each in known if each.name in named}, values


def _made(group: h5py.Group, record: type, values: dict[str, Any]) -> Any:
    try:
        return record(**values)
    except (ImagingError, LookupError, TypeError, ValueError) as error:
        raise ContentError(group.name, f"makes no {record.__name__}: {error}") from error


def _suffix_unit(name: str) -> str:
    return next((unit for suffix, unit in _SUFFIXES.items() if name.endswith(suffix)), "")


def _write_field(group: h5py.Group, field: FieldType, value: Any, units: Units) -> None:
    kind, item = field.only, item_of(field.only)
    if is_scalar(kind):
        group.create_dataset(field.name, data=stored(value), dtype=_stored_dtype(kind))
    elif array_dtype(kind) is not None:
        group.create_dataset(field.name, data=value, **(MAP_OPTIONS if value.size else {}))
    elif item is None:
        below = group.create_group(field.name)
        if len(field.choices) > 1:
            below.attrs[TYPE] = type(value).__name__
        write_record(below, value, units)
    elif is_scalar(item):
        _write_column(group, field.name, item, value)
    elif is_table(item):
        _write_table(group.create_group(field.name), item, value)
    else:
        below = group.create_group(field.name)
        for number, each in enumerate(value):
            write_record(below.create_group(str(number)), each, units)


def _write_table(group: h5py.Group, record: type, rows: tuple[Any, ...]) -> None:
    _name_fields(group, field_types(record))
    for each in field_types(record):
        _write_column(group, each.name, each.only, [getattr(row, each.name) for row in rows])


def _write_column(group: h5py.Group, name: str, kind: type, values: Any) -> None:
    data = [stored(value) for value in values]
    group.create_dataset(name, data=data, shape=(len(data),), dtype=_stored_dtype(kind))


def _stored_dtype(kind: type) -> Any:
    return {"f": np.float64, "iu": np.int64, "b": np.bool_}.get(stored_kinds(kind), _TEXT)


def _read_field(group: h5py.Group, name: str, field: FieldType) -> Any:
    kind, item = field.only, item_of(field.only)
    if is_scalar(kind):
        dataset = _require_dataset(group, name, stored_kinds(kind), axes=0)
        return _restore(dataset, kind, _plain(dataset))
    dtype = array_dtype(kind)
    if dtype is not None:
        return _read_array(group, name, dtype)
    if item is None:
        below = _require_group(group, name)
        return read_record(below, _chosen(below, field))
    if is_scalar(item):
        return tuple(_read_column(group, name, item))
    below = _require_group(group, name)
    if is_table(item):
        return _read_table(below, item)
    return tuple(read_record(_require_group(below, str(i)), item) for i in range(len(below)))


def _chosen(group: h5py.Group, field: FieldType) -> type:
    if len(field.choices) == 1:
        return field.choices[0]  # type: ignore[no-any-return]
    known: dict[str, type] = {each.__name__: each for each in field.choices}
    name = str(_require_attribute(group, TYPE))
    if name not in known:
        raise ContentError(group.name, f"is a {name}, known are {', '.join(known)}")
    return known[name]


def _read_array(group: h5py.Group, name: str, dtype: np.dtype[Any]) -> Any:
    dataset = _require_dataset(group, name, dtype.kind, axes=None)
    if dataset.dtype != dtype:
        raise ContentError(dataset.name, f"holds {dataset.dtype}, not {dtype}")
    return dataset[()]


def _read_table(group: h5py.Group, record: type) -> tuple[Any, ...]:
    held, values = _held(group, record)
    columns = {each.name: _read_column(group, member, each.only) for member, each in held.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ContentError(group.name, f"has columns of different lengths: {listed}")
    rows = zip(*columns.values(), strict=True)
    return tuple(
        _made(group, record, values | dict(zip(columns, row, strict=True))) for row in rows
    )


def _read_column(group: h5py.Group, name: str, kind: type) -> list[Any]:
    dataset = _require_dataset(group, name, stored_kinds(kind), axes=1)
    return [_restore(dataset, kind, value) for value in _plain(dataset)]


def _plain(dataset: h5py.Dataset) -> Any:
    if h5py.check_string_dtype(dataset.dtype) is None:
        return dataset[()].tolist()
    text = dataset.asstr()[()]
    return text if dataset.ndim == 0 else text.tolist()


def _restore(dataset: h5py.Dataset, kind: type, value: Any) -> Any:
    try:
        return restored(kind, value)
    except ValueError as error:
        raise ContentError(dataset.name, f"holds {value!r}: {error}") from error


def _require_dataset(group: h5py.Group, name: str, kinds: str, *, axes: int | None) -> h5py.Dataset:
    dataset = group.get(name)
    place = f"{group.name}/{name}"
    if not isinstance(dataset, h5py.Dataset):
        raise ContentError(place, "is no dataset" if name in group else "is missing")
    if dataset.dtype.kind not in kinds or (axes is not None and dataset.ndim != axes):
        raise ContentError(
            place, f"has dtype {dataset.dtype} and shape {dataset.shape}, which it must not"
        )
    return dataset


def _require_group(group: h5py.Group, name: str) -> h5py.Group:
    below = group.get(name)
    if not isinstance(below, h5py.Group):
        raise ContentError(f"{group.name}/{name}", "is no group" if name in group else "is missing")
    return below


def _require_attribute(group: h5py.Group, name: str) -> Any:
    if name not in group.attrs:
        raise ContentError(group.name, f"has no attribute {name}")
    return group.attrs[name]
