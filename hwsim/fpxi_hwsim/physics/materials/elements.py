"""Mass attenuation of the elements, from a table that `tools/tabulate_beams.py` makes of xraydb.

Between two rows the logarithm of the coefficient is linear in the logarithm of the energy. Both
sides of an absorption edge are rows of equal energy, so that nothing is interpolated across one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.errors import UnknownMaterialError
from fpxi_hwsim.physics.limits import require

Energies = npt.NDArray[np.float64]
Process = Literal["photo", "coherent", "incoherent"]

SMALLEST_keV = 3.0
"""below, edges of the M shells lie closer together than the published tables resolve"""
MOST_keV = 250.0
PROCESSES: tuple[Process, ...] = ("photo", "coherent", "incoherent")


@dataclass(frozen=True, slots=True, eq=False)
class _ElementTable:
    log_energy: Energies
    log_cm2_g: dict[Process, Energies]


def mass_attenuation_cm2_g(element: str, energy_keV: Energies, process: Process) -> Energies:
    """Return the element's mass attenuation coefficient at each energy, in cm2/g.

    Raises
    ------
    UnknownMaterialError
        The element is not in the table, which ends with bismuth.
    UnphysicalError
        An energy is outside the table.

    """
    table = _tables().get(element)
    if table is None:
        raise UnknownMaterialError(element, _tables())
    for energy in (energy_keV.min(initial=MOST_keV), energy_keV.max(initial=SMALLEST_keV)):
        require("energy_keV", float(energy), least=SMALLEST_keV, most=MOST_keV)
    return np.exp(np.interp(np.log(energy_keV), table.log_energy, table.log_cm2_g[process]))


@cache
def _tables() -> dict[str, _ElementTable]:
    text = resources.files(__package__).joinpath("elements.csv").read_text(encoding="ascii")
    rows: dict[str, list[list[float]]] = {}
    for line in text.splitlines()[1:]:
        element, *numbers = line.split(",")
        rows.setdefault(element, []).append([float(number) for number in numbers])
    return {element: _table(np.log(numbers)) for element, numbers in rows.items()}


def _table(logarithms: Energies) -> _ElementTable:
    energy, *columns = logarithms.T
    return _ElementTable(energy, dict(zip(PROCESSES, columns, strict=True)))
