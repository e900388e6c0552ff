"""What corrected values are, in the words of files and pictures."""

from __future__ import annotations

from fpxi_imaging import Scale

UNITS = {Scale.COUNTS: "counts", Scale.TRANSMISSION: "1", Scale.ATTENUATION: "1"}
"""1: a number without a unit."""
MEANINGS = {
    Scale.COUNTS: "corrected, in counts of the median pixel",
    Scale.TRANSMISSION: "corrected, transmission: 1 is the level of the flat",
    Scale.ATTENUATION: "corrected, attenuation: -ln of the transmission",
}
