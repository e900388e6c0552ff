"""How many exponentials the frames carry."""

from __future__ import annotations

from collections.abc import Sequence

from fpxi_imaging.lag._correlation import correlated_product
from fpxi_imaging.lag._exponentials import Decays

MOST_CHANCE = 1e-3
"""More components are taken where noise alone would agree so much better with them in at most so
many of all runs."""


def select(tried: Sequence[Decays]) -> tuple[Decays, tuple[float, ...]]:
    """Return the fit with as many components as are significant, and the chance of each tried.

    `tried` are in rising order of components. Each is compared, by an F test, with the best of
    fewer; the chance of the first is 0.
    """
    best, chances = tried[0], [0.0]
    for more in tried[1:]:
        chances.append(_chance(best, more))
        if chances[-1] < MOST_CHANCE:
            best = more
    return best, tuple(chances)


def _chance(few: Decays, more: Decays) -> float:
    """Return the chance that noise makes `more` as much better than `few`.

    Frames count as far as they are independent in what the two differ by: slow differences are made
    by noise that lasts.
    """
    from scipy.special import fdtrc  # noqa: PLC0415 - imports slowly, and few fits need it

    gained = few.chi_squared - more.chi_squared
    if not gained > 0:
        return 1.0
    differing = (few.residuals - more.residuals)[:, None]
    alike = correlated_product(differing, more.correlation) / (differing.T @ differing)
    repeated = max(1.0, float(alike.item()))
    added = 2 * (len(more.fractions) - len(few.fractions))
    degrees = len(more.residuals) / repeated - 2 * len(more.fractions)
    if degrees < 1:
        return 1.0
    return float(fdtrc(added, degrees, gained / added / max(more.reduced, _TINY) / repeated))


_TINY = 1e-30
"""Of frames without noise."""
