"""Materials by name: what they consist of, and their density.

Tissues, bone, plate glass and dry air follow ICRU 44 and NISTIR 5632; crystals have the density of
their unit cell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fpxi_hwsim.errors import BadValueError, UnknownMaterialError
from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.materials.composition import mass_fractions, mixture


@dataclass(frozen=True, slots=True)
class Material:
    """A homogeneous material."""

    name: str
    density_g_cm3: float
    mass_fractions: Mapping[str, float]
    """of elements; they sum to 1"""
    formula: str = ""
    """empty for a mixture"""

    def __post_init__(self) -> None:
        """Refuse an unphysical density."""
        require("density_g_cm3", self.density_g_cm3, above=0, most=30)


_FORMULAS: dict[str, tuple[str, float]] = {
    "beryllium": ("Be", 1.848),
    "carbon": ("C", 2.26),
    "magnesium": ("Mg", 1.738),
    "aluminium": ("Al", 2.699),
    "silicon": ("Si", 2.33),
    "titanium": ("Ti", 4.54),
    "iron": ("Fe", 7.874),
    "nickel": ("Ni", 8.902),
    "copper": ("Cu", 8.96),
    "molybdenum": ("Mo", 10.22),
    "rhodium": ("Rh", 12.41),
    "silver": ("Ag", 10.5),
    "tin": ("Sn", 7.31),
    "tantalum": ("Ta", 16.65),
    "tungsten": ("W", 19.3),
    "gold": ("Au", 19.32),
    "lead": ("Pb", 11.35),
    "PMMA": ("C5H8O2", 1.19),
    "polyethylene": ("C2H4", 0.94),
    "polypropylene": ("C3H6", 0.91),
    "polycarbonate": ("C16H14O3", 1.20),
    "ABS": ("C15H17N", 1.05),
    "PVC": ("C2H3Cl", 1.40),
    "kapton": ("C22H10N2O5", 1.42),
    "water": ("H2O", 0.998),
    "quartz": ("SiO2", 2.65),
    "fused-silica": ("SiO2", 2.20),
    "alumina": ("Al2O3", 3.97),
    "selenium": ("Se", 4.28),
    "CdTe": ("CdTe", 5.85),
    "CZT": ("Cd0.9Zn0.1Te", 5.78),
    "CsI": ("CsI", 4.51),
    "Gd2O2S": ("Gd2O2S", 7.32),
    "MAPbI3": ("(CH6N)PbI3", 4.16),
    "MAPbBr3": ("(CH6N)PbBr3", 3.83),
    "CsPbBr3": ("CsPbBr3", 4.86),
    # No density is published: assumed, a little below MAPbI3 for its long organic cations.
    "BA2MA9Pb10I31": ("(C4H12N)2(CH6N)9Pb10I31", 3.9),
}

_MIXTURES: dict[str, tuple[dict[str, float], float]] = {
    "air": ({"C": 0.000124, "N": 0.755268, "O": 0.231781, "Ar": 0.012827}, 0.001205),
    "steel": ({"Fe": 70.5, "Cr": 18.5, "Ni": 9.0, "Mn": 1.5, "Si": 0.5}, 7.93),
    "brass": ({"Cu": 63.0, "Zn": 37.0}, 8.44),
    "solder": ({"Sn": 63.0, "Pb": 37.0}, 8.4),
    "glass": ({"SiO2": 72.0, "Na2O": 13.0, "CaO": 10.7, "MgO": 4.3}, 2.5),
    # Circuit boards: E-glass, about 60 % of the mass, in epoxy.
    "FR4": (
        {"SiO2": 33.0, "Al2O3": 8.5, "CaO": 13.0, "B2O3": 5.5, "C21H24O4": 40.0},
        1.85,
    ),
    "soft-tissue": (
        {
            **{"H": 10.2, "C": 14.3, "N": 3.4, "O": 70.8, "Na": 0.2, "P": 0.3, "S": 0.3},
            **{"Cl": 0.2, "K": 0.3},
        },
        1.06,
    ),
    "bone": (
        {
            **{"H": 3.4, "C": 15.5, "N": 4.2, "O": 43.5, "Na": 0.1, "Mg": 0.2, "P": 10.3},
            **{"S": 0.3, "Ca": 22.5},
        },
        1.92,
    ),
    # No composition is published: assumed, a borosilicate with a fifth of its mass in crystals.
    "CsPbBr3-glass": ({"SiO2": 45.0, "B2O3": 25.0, "ZnO": 10.0, "CsPbBr3": 20.0}, 3.0),
}


def _catalogue() -> dict[str, Material]:
    known = {
        name: Material(name, density, mass_fractions(formula), formula)
        for name, (formula, density) in _FORMULAS.items()
    }
    known.update(
        (name, Material(name, density, mixture(parts)))
        for name, (parts, density) in _MIXTURES.items()
    )
    return known


MATERIALS = _catalogue()
"""by name; steel is type 304, bone is cortical, brass has 37 % of zinc"""
_BY_KEY = {
    **{m.formula.casefold(): m for m in reversed(MATERIALS.values()) if m.formula},
    **{name.casefold(): material for name, material in MATERIALS.items()},
}


def find_material(text: str) -> Material:
    """Return the material of this name, of this formula, or written `formula:density` in g/cm3.

    Letter case matters in `formula:density` alone. Of several materials with one formula, the
    first of `MATERIALS` is meant: SiO2 is quartz.

    Raises
    ------
    UnknownMaterialError, BadValueError, UnphysicalError
        There is no such material; the formula cannot be read; the density is impossible.

    """
    found = _BY_KEY.get(text.strip().casefold())
    if found is not None:
        return found
    formula, colon, density = text.strip().partition(":")
    if not colon:
        raise UnknownMaterialError(text, MATERIALS)
    return Material(text.strip(), _density(text, density), mass_fractions(formula), formula)


def _density(text: str, density: str) -> float:
    try:
        value = float(density)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise BadValueError("material", text, "formula:density in g/cm3, such as Gd2O2S:7.32")
    return value
