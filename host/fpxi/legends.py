"""What the numbers of a dataset mean, written beside it as attributes.

`flag_masks`, `flag_values` and `flag_meanings` are those of the CF conventions (3.5, "Flags"): the
values have the type of the data, the meanings are words between blanks.
"""

from __future__ import annotations

import enum

import h5py
import numpy as np


def names_of(bits: type[enum.IntFlag], value: int) -> list[str]:
    """Return the names of the bits that are set in a value, in small letters."""
    return [str(each.name).lower() for each in bits if int(value) & each]


def write_bits(dataset: h5py.Dataset, bits: type[enum.IntFlag]) -> None:
    """Say what each bit of a dataset means."""
    dataset.attrs["flag_masks"] = np.array([each.value for each in bits], dataset.dtype)
    dataset.attrs["flag_meanings"] = " ".join(names_of(bits, ~0))


def write_values(dataset: h5py.Dataset, values: type[enum.IntEnum]) -> None:
    """Say what each value of a dataset means."""
    dataset.attrs["flag_values"] = np.array([each.value for each in values], dataset.dtype)
    dataset.attrs["flag_meanings"] = " ".join(str(each.name).lower() for each in values)
