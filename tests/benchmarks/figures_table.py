"""One published figure, how it is measured on the simulated panel, and the table of them all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A published figure beside its measurement."""

    preset: str
    quantity: str
    unit: str
    published: float
    measure: Callable[[], float]
    how: str
    """the estimator and its settings, in a few words"""
    tolerance: float = 0.02
    """relative; more than 2 % where the statistics of the measurement ask for it"""
    published_text: str = ""
    """how the paper words it, where it is no plain number"""
    quick: bool = True
    """whether it is measured by the tests too"""

    @property
    def name(self) -> str:
        return f"{self.preset}: {self.quantity}"

    def agrees(self, obtained: float) -> bool:
        """Whether a measured figure is the published one within the tolerance."""
        return abs(obtained / self.published - 1) <= self.tolerance

    @property
    def claim(self) -> str:
        return f"{self.published_text or f'{self.published:.5g}'} {self.unit}"

    def difference(self, obtained: float) -> str:
        return f"{100 * (obtained / self.published - 1):+.1f} %"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a paper says without a number, beside a measurement and what would be true of it."""

    preset: str
    quantity: str
    unit: str
    claim: str
    measure: Callable[[], float]
    how: str
    least: float = -math.inf
    most: float = math.inf
    quick: bool = True

    @property
    def name(self) -> str:
        return f"{self.preset}: {self.quantity}"

    def agrees(self, obtained: float) -> bool:
        """Whether a measurement bears the statement out."""
        return self.least <= obtained <= self.most

    def difference(self, obtained: float) -> str:
        return "agrees" if self.agrees(obtained) else "does not agree"


Row = Figure | Statement

HEAD = (
    "| figure | published | obtained | difference | how it was obtained |\n"
    "| --- | --- | --- | --- | --- |\n"
)


def table(measured: Iterable[tuple[Row, float]]) -> str:
    """Write the rows of one preset in Markdown."""
    return HEAD + "".join(_line(row, obtained) for row, obtained in measured)


def _line(row: Row, obtained: float) -> str:
    plain = 1e3 <= abs(obtained) < 1e6
    value = f"{obtained:.0f}" if plain else f"{obtained:.4g}"
    cells = (row.quantity, row.claim, f"{value} {row.unit}", row.difference(obtained), row.how)
    return f"| {' | '.join(cell.strip() for cell in cells)} |\n"
