"""One published figure, how it is measured on the simulated panel, and the table of them all."""

from __future__ import annotations

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


HEAD = (
    "| figure | published | obtained | difference | how it was obtained |\n"
    "| --- | --- | --- | --- | --- |\n"
)


def table(measured: Iterable[tuple[Figure, float]]) -> str:
    """Write the rows of one preset in Markdown."""
    return HEAD + "".join(_row(figure, obtained) for figure, obtained in measured)


def _row(figure: Figure, obtained: float) -> str:
    published = figure.published_text or f"{figure.published:.5g}"
    difference = f"{100 * (obtained / figure.published - 1):+.1f} %"
    return (
        f"| {figure.quantity} | {published} {figure.unit} | {obtained:.4g} {figure.unit} "
        f"| {difference} | {figure.how} |\n"
    )
