"""What corrected values are, in the words of files and pictures."""

from __future__ import annotations

from fpxi_imaging import Calibration, Scale

UNITS = {Scale.COUNTS: "counts", Scale.TRANSMISSION: "1", Scale.ATTENUATION: "1"}
"""1: a number without a unit."""


def meaning_of(scale: Scale, calibration: Calibration) -> str:
    """Return what values of a scale are, with the exposure whose level makes a transmission 1."""
    if scale is Scale.COUNTS:
        return "corrected, in counts of the median pixel"
    exposures = sorted({gain.conditions.exposure_us / 1000 for gain in calibration.gains})
    flats = f"the level of the flats, exposed for {', '.join(f'{each:g}' for each in exposures)} ms"
    if scale is Scale.TRANSMISSION:
        return f"corrected, transmission: 1 is {flats}"
    return f"corrected, attenuation: -ln of the transmission, where 1 is {flats}"
