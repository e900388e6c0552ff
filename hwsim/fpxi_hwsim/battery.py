"""How full a battery is, told from its voltage."""

from __future__ import annotations

import numpy as np

LITHIUM_ION_CELL = (
    (3000, 0),
    (3450, 5),
    (3700, 15),
    (3800, 45),
    (3950, 75),
    (4200, 100),
)
"""Voltage in mV and charge in percent of one lithium-ion cell at rest and room temperature.

An assumption: cells of this chemistry differ by some ten percent, and none in particular was
measured.
"""


def charge_percent(battery_mV: int) -> int | None:
    """Return how full one lithium-ion cell of this voltage is, 0 to 100; None for 0, no battery."""
    if battery_mV == 0:
        return None
    return round(float(np.interp(battery_mV, *_columns())))


def cell_mV(percent: int) -> int:
    """Return the voltage of one lithium-ion cell that is so full, `percent` from 0 to 100."""
    voltages, charges = _columns()
    return round(float(np.interp(percent, charges, voltages)))


def _columns() -> tuple[tuple[int, ...], tuple[int, ...]]:
    voltages, charges = zip(*LITHIUM_ION_CELL, strict=True)
    return voltages, charges
