"""What is known about each corrected pixel."""

from __future__ import annotations

import enum


class PixelFlag(enum.IntFlag):
    """Bits of the uint8 flag carried beside every pixel of an image; 0 is a good pixel.

    `MISSING`, `NOT_IMAGING` and `UNREPAIRABLE` pixels are NaN and carry no other bit. A `DEFECT`
    takes over `SATURATED` and `CUT_OFF` from the neighbours that its value is made of.
    """

    DEFECT = 1
    """The value is interpolated from good neighbours."""
    SATURATED = 2
    """The value rests on a raw count at or above the saturation level: a lower bound."""
    MISSING = 4
    """The row never arrived; the value is NaN."""
    NOT_IMAGING = 8
    """The pixel belongs to the process ring, not to the image; the value is NaN."""
    UNREPAIRABLE = 16
    """A defect without a usable good neighbour; the value is NaN."""
    CUT_OFF = 32
    """The value rests on a raw count of 0, the converter's lowest code: an upper bound."""
    ZINGER = 64
    """A value that stood out for one frame alone was replaced, and still weighs in the average."""
    NO_LOGARITHM = 128
    """The value is not above 0 and has no logarithm; it is NaN."""
