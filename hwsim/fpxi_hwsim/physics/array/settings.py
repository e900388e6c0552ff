"""What makes one pixel array: its switches, its lines, its spreads and its defects."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields

from fpxi_hwsim.physics.constants import BOLTZMANN_J_K, ELEMENTARY_CHARGE_C
from fpxi_hwsim.physics.limits import require

LARGEST = 1e9
"""of any quantity in its unit: float32 holds every sum and product of such"""


@dataclass(frozen=True, slots=True)
class Defects:
    """How many imaging pixels are out of order, how badly, and how they keep together.

    The counts are of places: each is one pixel, or a cluster that grew from one. Nothing is out
    of order by default.

    Raises
    ------
    UnphysicalError
        A count or a factor is negative, or a chance is none.

    """

    dead: int = 0
    hot: int = 0
    hot_factor: float = 1.0
    """dark current of a hot pixel over the others'"""
    noisy: int = 0
    noisy_factor: float = 1.0
    """noise of a noisy pixel over the others'"""
    lagging: int = 0
    lagging_factor: float = 1.0
    """lag of a lagging pixel over the others'"""
    blinking: int = 0
    blinking_factor: float = 1.0
    """dark current of a blinking pixel over the others', while its trap is in the upper state"""
    blinking_duty: float = 0.5
    """chance that a scan finds the trap there"""
    cluster_share: float = 0.0
    """of the places, those with more than one pixel"""
    cluster_growth: float = 0.0
    """chance that a cluster of two or more has one pixel more"""
    patch: int = 0
    """dead places that crowd around one point of the panel"""
    patch_rows: float = 0.0
    """standard deviation of the patch along a column, in pixels"""
    patch_columns: float = 0.0
    corner: int = 0
    """dead pixels in one corner, where the layers come off"""
    dead_column_rows: int = 0
    """length of one column cut off from its amplifier, 0 for none"""
    interrupted_columns: int = 0
    """columns cut off from their amplifiers at any point"""
    dead_columns: int = 0
    """columns cut off whole"""
    interrupted_rows: int = 0
    """rows cut off from their drivers at any point"""
    frayed_breaks: bool = False
    """whether the break of a line takes pixels of the next line with it"""

    def __post_init__(self) -> None:
        for parameter in fields(self):
            value = float(getattr(self, parameter.name))
            require(f"defects.{parameter.name}", value, least=0, most=LARGEST)
        for name in ("blinking_duty", "cluster_share"):
            require(f"defects.{name}", getattr(self, name), most=1)
        require("defects.cluster_growth", self.cluster_growth, most=0.95)


@dataclass(frozen=True, slots=True)
class ArraySettings:
    """A pixel array; the default is one without any ill.

    Spreads are relative standard deviations between pixels.

    Raises
    ------
    UnphysicalError
        A parameter is outside of what nature allows, or no number.

    """

    response_spread: float = 0.0
    film_spread: float = 0.0
    """of the response, by smooth blotches of the film"""
    dark_spread: float = 0.0
    """of the logarithm: dark currents are log-normal"""
    lag_spread: float = 0.0
    """of the logarithm"""
    pedestal_fC: float = 0.0
    """charge that the switch of a pixel injects, signed"""
    pedestal_spread_fC: float = 0.0
    """standard deviation"""
    ring_pedestal_fC: float = 0.0
    """extra charge of the process ring, its own level"""
    gate_droop: float = 0.0
    """part of the injected charge missing at the far end of a gate line, whose edge is slower"""
    pixel_capacitance_fF: float = 0.0
    """what a switch charges; 0: none of its effects"""
    switch_noise: float = 1.0
    """of a hard reset's noise on that capacitance, kTC: 1 as it is, about 0.7 soft, 0 none"""
    capacitance_spread: float = 0.0
    on_resistance_MOhm: float = 0.0
    """of a conducting switch; with the capacitance, how fast a pixel empties"""
    off_conductance_fS: float = 0.0
    """of a switch that is off"""
    leakage_spread: float = 0.0
    """of the logarithm"""
    full_well_fC: float | None = None
    """charge that a pixel holds; None: more than any that comes"""
    data_line_us: float = 0.0
    """resistance times capacitance of a data line from end to end"""
    gate_line_us: float = 0.0
    """resistance times capacitance of a gate line from end to end"""
    line_resistance_spread: float = 0.0
    """between data lines"""
    amplifiers_at_both_ends: bool = False
    """whether each half of a column has a data line and an amplifier of its own"""
    defects: Defects = field(default_factory=Defects)

    def __post_init__(self) -> None:
        for name in _NOT_NEGATIVE:
            require(f"array.{name}", getattr(self, name), least=0, most=LARGEST)
        for name in ("pedestal_fC", "ring_pedestal_fC"):
            require(f"array.{name}", getattr(self, name), least=-LARGEST, most=LARGEST)
        for name in _SPREADS:
            require(f"array.{name}", getattr(self, name), most=1)
        for name in ("gate_droop", "switch_noise"):
            require(f"array.{name}", getattr(self, name), least=0, most=1)
        if self.pixel_capacitance_fF:
            require("array.pixel_capacitance_fF", self.pixel_capacitance_fF, least=0.1)
        if self.full_well_fC is not None:
            require("array.full_well_fC", self.full_well_fC, above=0, most=LARGEST)

    def switch_noise_e(self, temperature_K: float) -> float:
        """Return the noise that each opening switch leaves on its pixel: from kTC.

        Electrons, root mean square. CDS at the amplifier does not see it.
        """
        return self.switch_noise * reset_noise_e(self.pixel_capacitance_fF, temperature_K)


def reset_noise_e(capacitance_fF: float, temperature_K: float) -> float:
    """Return the noise of a reset in electrons, root mean square: sqrt(kTC) / e.

    Raises
    ------
    UnphysicalError
        The temperature is not above 0 K.

    """
    require("temperature_K", temperature_K, above=0)
    return math.sqrt(BOLTZMANN_J_K * temperature_K * capacitance_fF * 1e-15) / ELEMENTARY_CHARGE_C


_SPREADS = (
    "response_spread",
    "film_spread",
    "dark_spread",
    "lag_spread",
    "capacitance_spread",
    "leakage_spread",
    "line_resistance_spread",
)
_NOT_NEGATIVE = (
    *_SPREADS,
    "pedestal_spread_fC",
    "pixel_capacitance_fF",
    "on_resistance_MOhm",
    "off_conductance_fS",
    "data_line_us",
    "gate_line_us",
)
