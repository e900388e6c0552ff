"""What X-ray tubes emit, without any filter: from a table, or by spekpy.

Photons/(cm2 mAs) in bins of 1 keV at 1 m from the focal spot on the central ray, in a vacuum;
anode self-absorption is in it. The model is spekpy's `casim` (Omar, Andreo and Poludniowski,
Med. Phys. 47, 2020).
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.errors import MissingExtraError, TubeModelError
from fpxi_hwsim.physics.materials.elements import SMALLEST_keV

Energies = npt.NDArray[np.float64]
Settings = tuple[str, float, float]
"""anode, kV, anode angle in degrees"""

TABULATED: tuple[Settings, ...] = (
    *(("W", kV, 12.0) for kV in (50.0, 70.0, 90.0, 120.0)),
    ("Ag", 50.0, 12.0),
    ("Au", 50.0, 12.0),
)
ANODES = ("W", "Mo", "Rh", "Ag", "Cu", "Cr", "Au")
SMALLEST_kV = 10.0
MOST_kV = 250.0
MOST_kV_BESIDE_W = 50.0
"""of the model, with an anode that is not of tungsten"""


@cache
def emission(anode: str, kV: float, anode_angle_deg: float) -> tuple[Energies, Energies]:
    """Return the middles of bins in keV, from 3.5 keV, and photons/(cm2 mAs) in each.

    Raises
    ------
    TubeModelError
        The model does not reach so far.
    MissingExtraError
        spekpy is needed and not installed.

    """
    settings = (anode, kV, anode_angle_deg)
    if settings in TABULATED:
        columns = _table()
        photons = columns[1 + TABULATED.index(settings)]
        inside = columns[0] < kV
        return columns[0][inside], photons[inside]
    if anode != "W" and kV > MOST_kV_BESIDE_W:
        raise TubeModelError(anode, kV, MOST_kV_BESIDE_W)
    return computed_emission(*settings)


def computed_emission(anode: str, kV: float, anode_angle_deg: float) -> tuple[Energies, Energies]:
    """Compute by spekpy what `emission` returns."""
    try:
        import spekpy  # noqa: PLC0415 - the extra is needed for tubes outside the table alone
    except ImportError:
        raise MissingExtraError("spekpy", f"a tube of {anode} at {kV:g} kV", "xray") from None
    tube = spekpy.Spek(kvp=kV, th=anode_angle_deg, targ=anode, dk=1.0, z=100.0, mas=1.0)
    energy_keV, photons = tube.get_spectrum(diff=False)
    inside = energy_keV > SMALLEST_keV
    return np.asarray(energy_keV[inside]), np.asarray(photons[inside])


@cache
def _table() -> Energies:
    """Energies, and for each tube of TABULATED the photons in each bin."""
    text = resources.files(__package__).joinpath("emission.csv").read_text(encoding="ascii")
    rows = [[float(number) for number in line.split(",")] for line in text.splitlines()[1:]]
    return np.array(rows).T
