"""What a material consists of: mass fractions of elements, written out or from a formula."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fpxi_hwsim.errors import BadValueError
from fpxi_hwsim.physics.materials.atomic_mass import ATOMIC_MASS

_TOKEN = re.compile(r"([A-Z][a-z]?|\(|\))(\d+(?:\.\d+)?|\.\d+)?")


def mass_fractions(formula: str) -> dict[str, float]:
    """Return the mass fraction of each element in a formula such as `(CH6N)2Pb0.5I3`.

    Raises
    ------
    BadValueError
        The text is no formula, or holds no element that has a mass here.

    """
    counts = _counts(formula)
    masses = {element: count * ATOMIC_MASS[element] for element, count in counts.items()}
    total = sum(masses.values())
    return {element: mass / total for element, mass in masses.items()}


def mixture(parts: Mapping[str, float]) -> dict[str, float]:
    """Return the mass fractions of a mixture of formulas, given the mass of each."""
    total = sum(parts.values())
    fractions: dict[str, float] = {}
    for formula, mass in parts.items():
        for element, fraction in mass_fractions(formula).items():
            fractions[element] = fractions.get(element, 0.0) + fraction * mass / total
    return fractions


def _counts(formula: str) -> dict[str, float]:
    """Count atoms; every parenthesis opens a group that its number multiplies."""
    groups: list[dict[str, float]] = [{}]
    for token, number in _tokens(formula):
        if token == "(" and not number:
            groups.append({})
        elif token == ")" and len(groups) > 1:
            inside = groups.pop()
            for element, count in inside.items():
                _add(groups[-1], element, count * float(number or 1))
        elif token in ATOMIC_MASS:
            _add(groups[-1], token, float(number or 1))
        else:
            raise _bad(formula)
    if len(groups) != 1 or not sum(groups[0].values()) > 0:
        raise _bad(formula)
    return groups[0]


def _tokens(formula: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(formula):
        match = _TOKEN.match(formula, position)
        if match is None:
            raise _bad(formula)
        yield match[1], match[2] or ""
        position = match.end()


def _add(counts: dict[str, float], element: str, count: float) -> None:
    counts[element] = counts.get(element, 0.0) + count


def _bad(formula: str) -> BadValueError:
    return BadValueError(
        "formula", formula, "elements up to Bi and how many of each, such as SiO2 or (CH6N)PbI3"
    )
