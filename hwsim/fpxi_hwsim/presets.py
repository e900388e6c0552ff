"""The simulated panels: geometry, beam, sensor and front end, in one table with units.

Geometry and gain settings are the protocol definition's. Figures marked
(A) are those of the 64 x 64 TFT panel with a quasi-2D perovskite film, figures marked (B) those
of the 32 x 32 CMOS die with a CsPbBr3 crystal; the others are typical of such panels.
"""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_readout.protocol.generated import PANELS, PanelDescription

from fpxi_hwsim.errors import UnknownPresetError

ELEMENTARY_CHARGE_C = 1.602176634e-19
BOLTZMANN_J_K = 1.380649e-23


@dataclass(frozen=True, slots=True)
class Beam:
    """The X-ray beam that reaches the object."""

    dose_rate_Gy_s: float
    """default air kerma rate in the sensor's plane"""
    photons_per_Gy_cm2: float
    """photon fluence for each gray of air kerma"""


@dataclass(frozen=True, slots=True)
class Sensor:
    """The layer that turns X-rays into charge, at its working bias whatever bias is set.

    Spreads are relative standard deviations.
    """

    absorbed_fraction: float
    sensitivity_uC_Gy_cm2: float
    """collected charge for each gray and cm2 at the working bias"""
    response_spread: float
    """of single pixels"""
    film_spread: float
    """of the smooth blotches of the film"""
    dark_current_pA: float
    """mean of a pixel"""
    dark_current_spread: float
    """of the logarithm: dark currents are log-normal"""


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Charge amplifiers and converter."""

    pedestal_fC: float
    """mean charge that switching a pixel injects"""
    pedestal_spread_fC: float
    ring_pedestal_fC: float
    """extra charge of the process ring, its own level"""
    pixel_noise_e: float
    """amplifier noise of one sample, root mean square"""
    line_noise_e: float
    """noise common to the pixels of a row, read together"""
    channel_spread: float
    """relative standard deviation of the column amplifiers' gain"""
    offset_counts: float
    channel_offset_spread_counts: float
    """standard deviation of the columns' offsets"""
    outputs: int
    """analogue outputs that share the columns in equal blocks, each with its own offset"""
    output_offset_spread_counts: float
    converter_noise_counts: float
    reset_capacitance_fF: float
    """assumed capacitance that a reset leaves its kTC noise on"""
    reset_level_counts: float
    """what a reset leaves at the output, typical; CDS subtracts it"""
    reset_level_spread_counts: float
    """standard deviation between the columns"""


@dataclass(frozen=True, slots=True)
class Defects:
    """How many imaging pixels are out of order, and how badly."""

    dead: int
    hot: int
    hot_factor: float
    """dark current of a hot pixel over the mean"""
    noisy: int
    noisy_factor: float
    """noise of a noisy pixel over the others'"""
    dead_column_rows: int
    """length of one interrupted column, 0 for none"""


@dataclass(frozen=True, slots=True)
class Preset:
    """Everything that makes one simulated panel."""

    name: str
    object: str
    """default object in the beam"""
    temperature_mC: int
    geometry: PanelDescription
    beam: Beam
    sensor: Sensor
    front_end: FrontEnd
    defects: Defects

    @property
    def reset_noise_e(self) -> float:
        """Noise of a reset, root mean square: the square root of kTC."""
        kelvin = self.temperature_mC * 1e-3 + 273.15
        capacitance_F = self.front_end.reset_capacitance_fF * 1e-15
        noise_C = float((BOLTZMANN_J_K * kelvin * capacitance_F) ** 0.5)
        return noise_C / ELEMENTARY_CHARGE_C

    @property
    def pixel_area_cm2(self) -> float:
        """Area of a pixel; the fill factor is one."""
        return (self.geometry.pitch_um * 1e-4) ** 2

    @property
    def absorbed_photons_per_Gy(self) -> float:
        """Photons that one pixel absorbs for each gray that reaches it."""
        return self.beam.photons_per_Gy_cm2 * self.pixel_area_cm2 * self.sensor.absorbed_fraction

    @property
    def charge_per_photon_fC(self) -> float:
        """Charge collected for one absorbed photon, from the measured sensitivity."""
        collected_C_per_Gy = self.sensor.sensitivity_uC_Gy_cm2 * 1e-6 * self.pixel_area_cm2
        return collected_C_per_Gy * 1e15 / self.absorbed_photons_per_Gy


TFT64 = Preset(
    name="tft64",
    object="letters-caep",
    temperature_mC=27_300,
    geometry=PANELS["tft64"],
    beam=Beam(
        dose_rate_Gy_s=2.726e-6,  # (A) the highest of the range, 50 kV at 0.8 mA
        photons_per_Gy_cm2=6.22e12,  # (A)
    ),
    sensor=Sensor(
        absorbed_fraction=0.8,
        sensitivity_uC_Gy_cm2=13_700.0,  # (A) at -100 V/cm
        response_spread=0.06,
        film_spread=0.10,
        dark_current_pA=8.0,
        dark_current_spread=0.25,
    ),
    front_end=FrontEnd(
        pedestal_fC=40.0,
        pedestal_spread_fC=4.0,
        ring_pedestal_fC=0.0,
        pixel_noise_e=1200.0,
        line_noise_e=900.0,
        channel_spread=0.01,
        offset_counts=3000.0,
        channel_offset_spread_counts=800.0,
        outputs=2,
        output_offset_spread_counts=700.0,
        converter_noise_counts=2.5,
        reset_capacitance_fF=4800.0,  # the widest range's 9.6 pC over 2 V of output
        reset_level_counts=1200.0,
        reset_level_spread_counts=300.0,
    ),
    defects=Defects(
        dead=8,
        hot=8,
        hot_factor=40.0,
        noisy=6,
        noisy_factor=150.0,
        dead_column_rows=19,
    ),
)

CMOS32 = Preset(
    name="cmos32",
    object="letters-hust",
    temperature_mC=31_000,
    geometry=PANELS["cmos32"],
    beam=Beam(
        dose_rate_Gy_s=6e-4,  # inside the 0.165 to 32920 uGy/s of (B)
        photons_per_Gy_cm2=3.0e12,  # about 30000 photons/mm2/uGy, usual at 70 kV with filtration
    ),
    sensor=Sensor(
        absorbed_fraction=0.95,
        sensitivity_uC_Gy_cm2=396.0,  # (B) at -100 V, 70 kVp
        response_spread=0.03,
        film_spread=0.03,
        dark_current_pA=13.7,  # (B) 14 nA at -100 V over the die's 1024 pixels
        dark_current_spread=0.15,
    ),
    front_end=FrontEnd(
        pedestal_fC=30.0,
        pedestal_spread_fC=3.0,
        ring_pedestal_fC=120.0,
        pixel_noise_e=900.0,
        line_noise_e=300.0,
        channel_spread=0.006,
        offset_counts=1500.0,
        channel_offset_spread_counts=250.0,
        outputs=1,
        output_offset_spread_counts=0.0,
        converter_noise_counts=2.5,
        reset_capacitance_fF=1000.0,  # a pixel's 1.6 pC over 1.6 V
        reset_level_counts=900.0,
        reset_level_spread_counts=200.0,
    ),
    defects=Defects(
        dead=3,
        hot=3,
        hot_factor=25.0,
        noisy=2,
        noisy_factor=60.0,
        dead_column_rows=7,
    ),
)

PRESETS = {preset.name: preset for preset in (TFT64, CMOS32)}


def find_preset(name: str) -> Preset:
    """Return the preset of this name.

    Raises
    ------
    UnknownPresetError
        There is none; the message lists those that exist.

    """
    try:
        return PRESETS[name]
    except KeyError:
        raise UnknownPresetError(name, PRESETS) from None
