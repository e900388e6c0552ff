"""What makes one front end: charge amplifiers, outputs and converter."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_hwsim.physics.array.settings import LARGEST, reset_noise_e
from fpxi_hwsim.physics.limits import require

MOST_CROSSTALK = 1 / 3
"""there, a channel keeps no more of its charge than each neighbour takes"""
MOST_DNL_COUNTS = 0.3
"""codes stay wider than a fifth of a count: none is missing unless asked"""


@dataclass(frozen=True, slots=True)
class FrontEndSettings:
    """A front end; the default is one without any ill.

    Raises
    ------
    UnphysicalError
        A parameter is outside of what nature allows, or no number.

    """

    polarity: int = 1
    """sign of the charge that raises the counts: 1 or -1"""
    pixel_noise_e: float = 0.0
    """white noise of the amplifier in a read, root mean square, with CDS and without"""
    flicker_e: float = 0.0
    """1/f noise of the amplifier: its power density is flicker_e^2 / f, in e^2/Hz"""
    amplifier_us: float = 1.0
    """time constant of the amplifier, above whose frequency the 1/f noise ends"""
    cds_interval_us: float = 0.0
    """from the sample of the reset level to that of the signal; 0: both at once"""
    line_noise_e: float = 0.0
    """noise common to the pixels of a row, read together"""
    column_noise_e: float = 0.0
    """noise common to the pixels of a column in one scan"""
    crosstalk: float = 0.0
    """part of a channel's charge that each of its two neighbours takes from it"""
    channel_spread: float = 0.0
    """relative standard deviation of the column amplifiers' gain"""
    offset_counts: float = 0.0
    channel_offset_spread_counts: float = 0.0
    """standard deviation of the columns' offsets"""
    outputs: int = 1
    """analogue outputs that share the columns in blocks, each with its own offset"""
    output_offset_spread_counts: float = 0.0
    converter_noise_counts: float = 0.0
    inl_counts: float = 0.0
    """largest deviation of the converter from its straight line"""
    dnl_counts: float = 0.0
    """root mean square deviation of a code's width from one"""
    missing_codes: int = 0
    """codes that the converter never gives"""
    reset_capacitance_fF: float = 0.0
    """capacitance that a reset leaves its kTC noise on"""
    reset_level_counts: float = 0.0
    """what a reset leaves at the output; CDS subtracts it"""
    reset_level_spread_counts: float = 0.0
    """standard deviation between the columns"""

    def __post_init__(self) -> None:
        require("front_end.polarity", abs(self.polarity), least=1, most=1)
        for name in _NOT_NEGATIVE:
            require(f"front_end.{name}", getattr(self, name), least=0, most=LARGEST)
        for name in ("offset_counts", "reset_level_counts"):
            require(f"front_end.{name}", getattr(self, name), least=-LARGEST, most=LARGEST)
        require("front_end.amplifier_us", self.amplifier_us, least=1e-3, most=LARGEST)
        if self.cds_interval_us:
            require("front_end.cds_interval_us", self.cds_interval_us, least=1e-3)
        require("front_end.outputs", self.outputs, least=1, most=LARGEST)
        require("front_end.crosstalk", self.crosstalk, most=MOST_CROSSTALK)
        require("front_end.channel_spread", self.channel_spread, most=0.2)
        require("front_end.dnl_counts", self.dnl_counts, most=MOST_DNL_COUNTS)

    def reset_noise_e(self, temperature_K: float) -> float:
        """Return the noise of a reset in electrons, root mean square: the square root of kTC."""
        return reset_noise_e(self.reset_capacitance_fF, temperature_K)


_NOT_NEGATIVE = (
    "pixel_noise_e",
    "flicker_e",
    "cds_interval_us",
    "line_noise_e",
    "column_noise_e",
    "crosstalk",
    "channel_spread",
    "channel_offset_spread_counts",
    "output_offset_spread_counts",
    "converter_noise_counts",
    "inl_counts",
    "dnl_counts",
    "missing_codes",
    "reset_capacitance_fF",
    "reset_level_spread_counts",
)
