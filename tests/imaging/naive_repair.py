"""The repair of defects as its documentation says it, slowly, in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from fpxi_imaging import PixelFlag as F
from fpxi_imaging.correction._repair import FLATNESS
from fpxi_imaging.correction._repair_table import ONE_SIDED, REACH

PAIRS = (((0, -1), (0, 1)), ((-1, 0), (1, 0)), ((-1, -1), (1, 1)), ((-1, 1), (1, -1)))


def first_good(at: Any, step: Any, good: Any) -> tuple[tuple[int, int], float] | None:
    for n in range(1, REACH + 1):
        row, column = at[0] + n * step[0], at[1] + n * step[1]
        if not (0 <= row < good.shape[0] and 0 <= column < good.shape[1]):
            return None
        if good[row, column]:
            return (row, column), n * math.hypot(*step)
    return None


def usable(place: tuple[int, int], values: Any, flags: Any) -> bool:
    return not flags[place] & F.MISSING and bool(np.isfinite(values[place]))


def naive_repair(at: Any, values: Any, flags: Any, good: Any) -> tuple[float, int]:
    """Repair one defect as the documentation says, in float64."""
    edges = [(at[0] + r, at[1] + c) for pair in PAIRS[:2] for r, c in pair]
    inside = all(0 <= r < good.shape[0] and 0 <= c < good.shape[1] for r, c in edges)
    isolated = inside and all(good[place] for place in edges)
    pairs, singles, flag = [], [], int(F.DEFECT)
    for steps in PAIRS[:2] if isolated else PAIRS:
        ends = [first_good(at, step, good) for step in steps]
        seen = [end for end in ends if end is not None and usable(end[0], values, flags)]
        for place, _ in seen:
            flag |= int(flags[place]) & int(F.SATURATED | F.CUT_OFF)
        if len(seen) == 2:
            (p, a), (q, b) = seen
            first, second = float(values[p]), float(values[q])
            pairs.append(((first * b + second * a) / (a + b), (a * b) ** -2, first - second))
        elif seen:
            singles.append((float(values[seen[0][0]]), ONE_SIDED * seen[0][1] ** -4))
    if not pairs and not singles:
        return math.nan, int(F.UNREPAIRABLE)
    flatness, mean = float(FLATNESS), 0.0
    if pairs:
        mean = sum(w * d * d for _, w, d in pairs) / sum(w for _, w, _ in pairs)
    estimates = list(singles)
    for estimate, weight, difference in pairs:
        ratio = (1 + flatness) * mean / (difference**2 + flatness * mean) if mean else 1.0
        estimates.append((estimate, weight * ratio**2))
    total = sum(w for _, w in estimates)
    return sum(e * w for e, w in estimates) / total, flag
