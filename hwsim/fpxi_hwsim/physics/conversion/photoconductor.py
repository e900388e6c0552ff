"""A layer in which X-rays free charge, and the voltage that collects it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.collection import (
    ALL_COLLECTED,
    NOTHING_COLLECTED,
    Collection,
    Transport,
    collect,
)
from fpxi_hwsim.physics.conversion.sharing import Spread, require_spread
from fpxi_hwsim.physics.limits import require


def pair_energy_eV(band_gap_eV: float) -> float:
    """Return the energy that frees an electron-hole pair: W = 2 Eg + 1.43 eV.

    The empirical model that the publications of halide perovskite detectors use; UnphysicalError
    for a gap that is not positive.
    """
    require("band_gap_eV", band_gap_eV, above=0.0)
    return 2 * band_gap_eV + 1.43


@dataclass(frozen=True, slots=True)
class Gain:
    """Photoconductive gain: charges through the circuit for each that is collected.

    The electrodes supply them, no charge is created. It grows with the field F to its most:
    most F/(F + half field). A gain of 1 in every field is the neutral one.
    """

    most: float = 1.0
    half_field_V_cm: float = 0.0
    """field in which it is half the most; 0: the same in every field"""
    spread: float = 0.0
    """relative standard deviation from photon to photon"""

    def __post_init__(self) -> None:
        require("most", self.most, least=1e-9, most=1e7)
        require("half_field_V_cm", self.half_field_V_cm, least=0.0, most=1e9)
        require("spread", self.spread, least=0.0, most=3.0)

    def at(self, field_V_cm: float) -> float:
        """Return the gain in a field, of either sign."""
        if self.half_field_V_cm == 0:
            return self.most
        return self.most * abs(field_V_cm) / (abs(field_V_cm) + self.half_field_V_cm)


NO_GAIN = Gain()


@dataclass(frozen=True, slots=True)
class Photoconductor:
    """A photoconductor. Charge has the sign of the voltage across it; none is collected at 0 V."""

    absorber: Absorber
    pair_energy_eV: float
    transport: Transport | None = None
    """None: all charge is collected at any voltage"""
    built_in_V: float = 0.0
    """adds to the bias, with its sign"""
    gain: Gain = NO_GAIN
    spread: Spread = ()
    """of charge over the neighbours"""

    def __post_init__(self) -> None:
        require("pair_energy_eV", self.pair_energy_eV, least=0.1, most=1e6)
        require("built_in_V", self.built_in_V, least=-1e4, most=1e4)
        if self.transport is not None or self.gain.half_field_V_cm:
            require("thickness_um of a layer with a field", self.absorber.thickness_um, above=0.0)
        require_spread("spread", self.spread)

    def field_V_cm(self, bias_V: float) -> float:
        """Return the mean field in the layer, that of the built-in voltage included."""
        return (bias_V + self.built_in_V) / (self.absorber.thickness_um * 1e-4)

    def collected_fraction(self, bias_V: float) -> float:
        """Return the part of the freed charge that is collected, from 0 to 1."""
        return self._collection(bias_V).efficiency

    def electrons_per_keV(self, bias_V: float) -> float:
        """Return the elementary charges in the circuit for each keV, with the voltage's sign."""
        collected = self.collected_fraction(bias_V)
        if collected == 0:
            return 0.0
        freed = 1e3 / self.pair_energy_eV
        gain = (
            self.gain.at(self.field_V_cm(bias_V)) if self.gain.half_field_V_cm else self.gain.most
        )
        return math.copysign(freed * collected * gain, bias_V + self.built_in_V)

    def excess(self, bias_V: float) -> float:
        """Return the relative variance that collection and gain add to a photon's charge.

        From depth to depth and by the gain's spread. That of single charges is left out: there are
        thousands for each photon.
        """
        return (1 + self._collection(bias_V).relative_variance) * (1 + self.gain.spread**2) - 1

    def _collection(self, bias_V: float) -> Collection:
        voltage = bias_V + self.built_in_V
        if self.transport is None:
            return ALL_COLLECTED if voltage else NOTHING_COLLECTED
        return collect(self.transport, voltage, self.absorber.thickness_um)
