"""Units as NeXus has them in files: by the rules of UDUNITS."""

from __future__ import annotations

MILLIDEGREE_CELSIUS = "millidegree_Celsius"
_OF_DEVICES = {"mC": MILLIDEGREE_CELSIUS}
"""Units of parameters that say something else to UDUNITS: mC is a millicoulomb."""


def file_unit(unit: str) -> str:
    """Return the unit of a device's parameter as a file has it."""
    return _OF_DEVICES.get(unit, unit)
