"""Which exposures and temperatures darks cover, where the offset between them is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

LARGEST_SPAN_mC = 10_000
"""Darks at temperatures further apart say nothing of those between."""

Range = tuple[int, int]


@dataclass(frozen=True)
class Coverage:
    """Exposures and temperatures of a gain setting at which the offset is known."""

    gain_setting: int
    exposures_us: Range
    """Least and most; all between are covered."""
    temperatures_mC: Range
    """Likewise; tolerances go beyond."""


def coverage(groups: Sequence[Coverage]) -> tuple[Coverage, ...]:
    """Return the largest ranges that groups of darks, each of one temperature, cover together.

    What lies within another is left out. By gain setting, then exposure and temperature, rising.
    """
    found = set(_together(groups))
    largest = {each for each in found if not any(_within(each, other) for other in found - {each})}
    return tuple(
        sorted(largest, key=lambda at: (at.gain_setting, at.exposures_us, at.temperatures_mC))
    )


def spans(temperatures_mC: Sequence[int]) -> list[Range]:
    """Return the ranges that temperatures of darks enclose, rising."""
    rising = sorted(temperatures_mC)
    ranges = [(rising[0], rising[0])]
    for low, high in pairwise(rising):
        first = ranges.pop()[0] if high - low <= LARGEST_SPAN_mC else high
        ranges.append((first, high))
    return ranges


def _together(groups: Sequence[Coverage]) -> Iterator[Coverage]:
    for setting in {each.gain_setting for each in groups}:
        own = [each for each in groups if each.gain_setting == setting]
        common = {_common(one.exposures_us, other.exposures_us) for one in own for other in own}
        for exposures in (each for each in common if each is not None):
            at = [
                each.temperatures_mC[0]
                for each in own
                if each.exposures_us[0] <= exposures[0] and exposures[1] <= each.exposures_us[1]
            ]
            for span in spans(at):
                yield Coverage(setting, exposures, span)


def _common(one: Range, other: Range) -> Range | None:
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return (low, high) if low <= high else None


def _within(inner: Coverage, outer: Coverage) -> bool:
    return inner.gain_setting == outer.gain_setting and all(
        big[0] <= small[0] and small[1] <= big[1]
        for small, big in (
            (inner.exposures_us, outer.exposures_us),
            (inner.temperatures_mC, outer.temperatures_mC),
        )
    )
