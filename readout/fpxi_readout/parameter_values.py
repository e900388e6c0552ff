"""Parameter values: checked on the host, and as they go over the wire."""

from __future__ import annotations

import operator

from fpxi_readout.device_errors import (
    ParameterRangeError,
    ParameterValueError,
    ReadOnlyParameterError,
    UnknownParameterError,
)
from fpxi_readout.protocol.dictionary import Dictionary, ParameterInfo
from fpxi_readout.protocol.generated import PROTOCOL_VERSION, Parameters
from fpxi_readout.protocol.version import UnsupportedByDeviceError


def find(dictionary: Dictionary, name: str) -> ParameterInfo:
    """Return a parameter of the device.

    Raises
    ------
    UnsupportedByDeviceError
        This host knows the parameter; the device's older firmware does not.
    UnknownParameterError
        Neither knows it.

    """
    if name in dictionary.parameters:
        return dictionary.parameters[name]
    if isinstance(getattr(Parameters, name, None), property):
        raise UnsupportedByDeviceError(
            f"parameter {name}", PROTOCOL_VERSION, dictionary.protocol_version
        )
    raise UnknownParameterError(name, tuple(dictionary.parameters))


def check(dictionary: Dictionary, info: ParameterInfo, value: int | str) -> int:
    """Return the number to set.

    Raises
    ------
    ReadOnlyParameterError
        The parameter cannot be set.
    ParameterValueError
        The value is neither a whole number nor a named value, or the number has no name.
    ParameterRangeError
        The number is outside the range.

    """
    if info.access == "ro":
        raise ReadOnlyParameterError(info.name)
    number = _number(dictionary, info, value)
    if not info.minimum <= number <= info.maximum:
        raise ParameterRangeError(info.name, number, info.minimum, info.maximum, info.unit)
    return number


def to_wire(value: int) -> int:
    """Return the bit pattern of a u32 or i32."""
    return value & 0xFFFF_FFFF


def from_wire(info: ParameterInfo, pattern: int) -> int:
    """Return the value that a bit pattern stands for."""
    return pattern - (1 << 32) if info.type == "i32" and pattern >> 31 else pattern


def _number(dictionary: Dictionary, info: ParameterInfo, value: int | str) -> int:
    named = dictionary.enumerations[info.enumeration].values if info.enumeration else {}
    if isinstance(value, str) and value in named:
        return named[value].value
    try:
        number = int(value, 0) if isinstance(value, str) else operator.index(value)
    except (ValueError, TypeError):
        raise ParameterValueError(info.name, str(value), tuple(named)) from None
    if named and number not in {entry.value for entry in named.values()}:
        raise ParameterValueError(info.name, str(value), tuple(named))
    return number
