"""Which darks are of one temperature, so that an offset may be modelled through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fpxi_imaging.conditions import Conditions

SAME_TEMPERATURE_mC = 1000
"""Darks no further apart are of one temperature: dark current differs by a tenth."""
WIDEST_GROUP_mC = 2000
"""Of darks that only together cover their exposures: no frame is further from its dark, usually."""


@dataclass(frozen=True)
class DarkGroup:
    """Darks of one gain setting and temperature."""

    darks: tuple[int, ...]
    """Their places, by rising temperature."""
    temperature_mC: int
    """Mean of theirs."""


def dark_groups(at: Sequence[Conditions]) -> tuple[DarkGroup, ...]:
    """Return darks of these conditions by gain setting and temperature, both rising."""
    settings = sorted({each.gain_setting for each in at})
    groups = [
        group
        for setting in settings
        for group in _split(
            [place for place, each in enumerate(at) if each.gain_setting == setting], at
        )
    ]
    return tuple(
        DarkGroup(
            tuple(places), round(sum(at[each].temperature_mC for each in places) / len(places))
        )
        for places in groups
    )


def _split(places: list[int], at: Sequence[Conditions]) -> list[list[int]]:
    """Return the places of darks by temperature, rising.

    They are parted at the widest gap between neighbouring temperatures, and each part again, until
    a part spans no more than 1 K. A part of up to 2 K stays whole, if it has no gap of more than
    1 K and only together has all its exposures: a panel that warms up from exposure to exposure.
    """
    places = sorted(places, key=lambda place: at[place].temperature_mC)
    temperatures_mC = [at[place].temperature_mC for place in places]
    span_mC = temperatures_mC[-1] - temperatures_mC[0]
    if span_mC <= SAME_TEMPERATURE_mC:
        return [places]
    gaps_mC = [high - low for low, high in pairwise(temperatures_mC)]
    widest_mC = max(gaps_mC)
    # of equal gaps the one nearest the middle, so that the parts are alike
    middle = (len(gaps_mC) - 1) / 2
    cut = 1 + min(
        (index for index, gap in enumerate(gaps_mC) if gap == widest_mC),
        key=lambda index: abs(index - middle),
    )
    parts = places[:cut], places[cut:]
    reaches = {_reach(part, at) for part in parts}
    near = widest_mC <= SAME_TEMPERATURE_mC and span_mC <= WIDEST_GROUP_mC
    if near and reaches != {_reach(places, at)}:
        return [places]
    return [group for part in parts for group in _split(part, at)]


def _reach(places: Sequence[int], at: Sequence[Conditions]) -> tuple[int, int]:
    """Return the shortest and the longest exposure."""
    exposures = [at[place].exposure_us for place in places]
    return min(exposures), max(exposures)
