"""The effects of the chain that have randomness of their own, and the maps of a panel that have.

A number stands for each in the seed of its stream: it is never reused and never changes.
"""

from __future__ import annotations

from enum import IntEnum


class Effect(IntEnum):
    """What is drawn anew in each scan."""

    BEAM_JITTER = 1
    PHOTONS = 2
    LIGHT = 4
    DARK_SHOT = 6
    FILM_NOISE = 8
    RESET = 9
    PIXEL_NOISE = 10
    LINE_NOISE = 11
    COLUMN_NOISE = 12
    AMPLIFIER_FLICKER = 13
    CONVERTER = 14
    BLINKING = 15


class PanelMap(IntEnum):
    """What is drawn once for each panel."""

    FILM_RESPONSE = 1
    PIXEL_RESPONSE = 2
    DARK_CURRENT = 3
    PEDESTAL = 4
    CHANNEL_GAIN = 5
    CHANNEL_OFFSET = 6
    OUTPUT_OFFSET = 7
    RESET_LEVEL = 8
    DEFECTS = 9
    LINE_DEFECTS = 10
    CLUSTERS = 11
    LAG = 12
    LEAKAGE = 13
    CAPACITANCE = 14
    NONLINEARITY = 15
    DARK_DRIFT = 16
    LINE_RESISTANCE = 18
