"""Everything that makes one simulated panel, stage by stage in the signal's order."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_readout.protocol.generated import PanelDescription

from fpxi_hwsim.physics.array.settings import ArraySettings
from fpxi_hwsim.physics.conversion.converter import Converter
from fpxi_hwsim.physics.film.settings import FilmSettings
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_hwsim.physics.limits import MOST_Gy, require
from fpxi_hwsim.physics.source.field import BeamField
from fpxi_hwsim.physics.source.output import STEADY, BeamOutput
from fpxi_hwsim.physics.source.spectrum import Spectrum
from fpxi_hwsim.physics.source.tube import Tube, spectrum_of

ZERO_CELSIUS_K = 273.15
FROM_ONE_METRE = BeamField(source_distance_mm=1000.0)


@dataclass(frozen=True, slots=True)
class Beam:
    """The X-ray beam, and where object and panel stand in it."""

    tube: Tube
    dose_rate_Gy_s: float
    """default air kerma rate in the panel's plane, without an object"""
    photons_per_Gy_cm2: float | None = None
    """published photon fluence for each gray, where it replaces the spectrum's own"""
    output: BeamOutput = STEADY
    field: BeamField = FROM_ONE_METRE
    """how the intensity falls off over the panel"""
    focal_spot_um: float = 0.0
    magnification: float = 1.0

    def __post_init__(self) -> None:
        require("dose_rate_Gy_s", self.dose_rate_Gy_s, least=0, most=MOST_Gy)
        if self.photons_per_Gy_cm2 is not None:
            require("photons_per_Gy_cm2", self.photons_per_Gy_cm2, least=1, most=1e18)

    def spectrum(self) -> Spectrum:
        """Return the spectrum in the panel's plane.

        Raises
        ------
        TubeModelError, MissingExtraError
            The tube cannot be modelled, or not without what computes spectra.

        """
        spectrum = spectrum_of(self.tube)
        if self.photons_per_Gy_cm2 is None:
            return spectrum
        return spectrum.scaled_to(self.photons_per_Gy_cm2)


@dataclass(frozen=True, slots=True)
class Preset:
    """Everything that makes one simulated panel."""

    name: str
    title: str
    """what it is, in a line"""
    object: str
    """default object in the beam"""
    temperature_mC: int
    geometry: PanelDescription
    beam: Beam
    converter: Converter
    film: FilmSettings
    array: ArraySettings
    front_end: FrontEndSettings
    working_bias_mV: int
    """bias at which the panel's figures hold"""
    own_supply: bool = False
    """whether the sensor is at that bias always, whatever the board supplies"""

    def __post_init__(self) -> None:
        require("temperature_K", self.temperature_K, above=0)

    @property
    def temperature_K(self) -> float:
        """Temperature of the panel."""
        return self.temperature_mC * 1e-3 + ZERO_CELSIUS_K

    @property
    def pixel_area_cm2(self) -> float:
        """Area of a pixel."""
        return (self.geometry.pitch_um * 1e-4) ** 2

    def bias_V(self, board_mV: int) -> float:
        """Return the bias of the sensor for that of the board."""
        return (self.working_bias_mV if self.own_supply else board_mV) * 1e-3
