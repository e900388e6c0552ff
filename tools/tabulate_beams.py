"""Make the simulator's tables of X-ray attenuation and of X-ray tubes.

`python tools/tabulate_beams.py` needs the extra `xray`. It writes

- `physics/materials/elements.csv`: mass attenuation of every element from hydrogen to bismuth from
  xraydb (Elam, Ravel and Sieber, Radiat. Phys. Chem. 63, 2002), with both sides of every edge;
- `physics/source/emission.csv`: what the anodes that presets use emit, from spekpy.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xraydb
from fpxi_hwsim.physics.materials.elements import MOST_keV, SMALLEST_keV
from fpxi_hwsim.physics.source.emission import TABULATED, computed_emission

PHYSICS = Path(__file__).resolve().parents[1] / "hwsim/fpxi_hwsim/physics"
LAST_ELEMENT = 83
NODES = 50
"""from end to end, spaced evenly in the logarithm, besides the edges"""
NEAR_EDGE = 2e-5
"""relative distance at which the sides of an edge are taken"""
KINDS = ("photo", "coh", "incoh")

Energies = npt.NDArray[np.float64]


def element_rows(symbol: str) -> Iterator[str]:
    """Yield rows of energy in keV and photoelectric, coherent, incoherent cm2/g.

    A row on each side of an edge has the edge's energy.
    """
    bounds = [SMALLEST_keV, *_edges_keV(symbol), MOST_keV]
    for low, high in pairwise(bounds):
        steps = math.ceil(NODES * math.log(high / low) / math.log(MOST_keV / SMALLEST_keV))
        energies = np.geomspace(low, high, steps + 1)
        inside = energies.copy()
        inside[0] *= 1 + NEAR_EDGE
        inside[-1] *= 1 - NEAR_EDGE
        columns = [xraydb.mu_elam(symbol, 1000 * inside, kind=kind) for kind in KINDS]
        for energy, *mass_attenuation in zip(energies, *columns, strict=True):
            yield ",".join([symbol, f"{energy:.6g}", *(f"{v:.5g}" for v in mass_attenuation)])


def _edges_keV(symbol: str) -> list[float]:
    """Where xraydb's own table has two values for one energy."""
    row = xraydb.get_xraydb().get_cache("photoabsorption", column="element", value=symbol)[0]
    energies = np.exp(np.array(json.loads(row.log_energy))) / 1000
    steps = energies[:-1][np.diff(energies) == 0]
    return [float(f"{e:.6g}") for e in steps if SMALLEST_keV * 1.0005 < e < MOST_keV]


def emission_rows() -> Iterator[str]:
    """Yield rows of energy in keV and the photons of each tube, 0 above its voltage."""
    spectra = [computed_emission(*settings) for settings in TABULATED]
    energies = max((energy for energy, _ in spectra), key=len)
    columns = [np.pad(photons, (0, len(energies) - len(photons))) for _, photons in spectra]
    yield ",".join(["energy_keV", *(f"{a} {kV:g} kV {deg:g} deg" for a, kV, deg in TABULATED)])
    for energy, *photons in zip(energies, *columns, strict=True):
        yield ",".join([f"{energy:g}", *(f"{count:.7g}" for count in photons)])


def main() -> None:
    """Write the tables."""
    lines = ["element,energy_keV,photo_cm2_g,coherent_cm2_g,incoherent_cm2_g"]
    for number in range(1, LAST_ELEMENT + 1):
        lines.extend(element_rows(xraydb.atomic_symbol(number)))
    _write(PHYSICS / "materials/elements.csv", lines)
    _write(PHYSICS / "source/emission.csv", list(emission_rows()))


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
