"""Charge for each gray and cm2: what publications call sensitivity."""

from __future__ import annotations

from fpxi_hwsim.physics.constants import ELEMENTARY_CHARGE_C
from fpxi_hwsim.physics.conversion.absorber import deposits
from fpxi_hwsim.physics.conversion.converter import Converter
from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.source.spectrum import Spectrum

ELEMENTARY_CHARGE_uC = ELEMENTARY_CHARGE_C * 1e6


def sensitivity_uC_Gy_cm2(spectrum: Spectrum, converter: Converter, bias_V: float) -> float:
    """Return the signed charge in the circuit for each gray of air kerma and cm2 of the panel.

    The film's memory and traps change it further.
    """
    left = deposits(converter.absorber, spectrum.energy_keV)
    keV = float(spectrum.photons_per_Gy_cm2 @ (left.absorbed * left.energy_keV))
    return keV * converter.electrons_per_keV(bias_V) * ELEMENTARY_CHARGE_uC


def theoretical_sensitivity_uC_Gy_cm2(
    photons_per_Gy_cm2: float,
    mean_keV: float,
    pair_energy_eV: float,
    *,
    absorbed_fraction: float = 1.0,
    collected_fraction: float = 1.0,
) -> float:
    """Return S0 = (phi/X) E beta e eta / W, for photons of one energy; UnphysicalError as named."""
    require("photons_per_Gy_cm2", photons_per_Gy_cm2, above=0.0)
    require("mean_keV", mean_keV, above=0.0)
    require("pair_energy_eV", pair_energy_eV, above=0.0)
    require("absorbed_fraction", absorbed_fraction, least=0.0, most=1.0)
    require("collected_fraction", collected_fraction, least=0.0, most=1.0)
    pairs = photons_per_Gy_cm2 * mean_keV * 1e3 / pair_energy_eV
    return pairs * absorbed_fraction * collected_fraction * ELEMENTARY_CHARGE_uC
