"""The signal after a step-off, as it was measured and as the model has it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import ShapeMismatchError
from fpxi_imaging.frozen import freeze

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LagTrace:
    """One value for each frame after the step-off, (frames,), kept as read-only copies.

    Raises `ShapeMismatchError` unless all are of one axis and as many.
    """

    times_s: Values
    """From the end of the exposure to the middle of each frame."""
    measured: Values
    """Median over the good pixels of each frame over the level before the step-off."""
    uncertainty: Values
    """Standard uncertainties of `measured` (k = 1) by the frames' noise."""
    fitted: Values
    """The same by the model, `dark_level` included."""
    dark_level: Values
    """The part of `fitted` that is taken for a moved dark level, not for lag."""

    def __post_init__(self) -> None:
        names = [each.name for each in fields(self)]
        freeze(self, None, **dict.fromkeys(names, np.float64))
        expected = (self.times_s.size,)
        for name in names:
            actual = getattr(self, name).shape
            if actual != expected:
                raise ShapeMismatchError(expected, actual, name=name)

    def grouped(self, groups_per_decade: float) -> LagTrace:
        """Return the means of neighbouring frames, evenly spread in the logarithm of time.

        They are weighted by their uncertainties; groups without a frame are left out.
        """
        decades = np.log10(self.times_s / self.times_s[0])
        group = np.floor(decades * groups_per_decade).astype(np.intp)
        weight = self.uncertainty**-2.0
        total = np.bincount(group, weight)
        held = total > 0
        means = {
            each.name: np.bincount(group, weight * getattr(self, each.name))[held] / total[held]
            for each in fields(self)
        }
        return LagTrace(**(means | {"uncertainty": 1 / np.sqrt(total[held])}))
