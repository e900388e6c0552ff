"""The response's dependence on the dose rate: trap-limited gain at low, recombination at high.

Both are functions of the current density that the film would give without them, and take effect
within an integration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.limits import require

Field = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Traps:
    """Non-linearity in the rate; neutral without excess gain and without recombination.

    Raises
    ------
    UnphysicalError
        A parameter is out of its limits.

    """

    excess_gain: float = 0.0
    """photoconductive gain above one while the traps are empty; negative: the traps' loss"""
    filling_nA_cm2: float = 1.0
    """current density that fills half of the traps"""
    recombination_nA_cm2: float = 0.0
    """current density above which pairs recombine with each other; 0: they do not"""

    def __post_init__(self) -> None:
        require("excess_gain", self.excess_gain, least=-1.0, most=1e6)
        require("filling_nA_cm2", self.filling_nA_cm2, least=1e-9, most=1e12)
        require("recombination_nA_cm2", self.recombination_nA_cm2, least=0.0, most=1e15)
        if self.recombination_nA_cm2 != 0.0:
            require("recombination_nA_cm2", self.recombination_nA_cm2, least=1e-9)

    @property
    def neutral(self) -> bool:
        """Whether the response is linear."""
        return self.excess_gain == 0.0 and self.recombination_nA_cm2 == 0.0


def rate_response(traps: Traps, density_nA_cm2: Field) -> Field:
    """Sensitivity at a current density relative to that without traps and recombination.

    The gain, 1 + excess / (1 + J / J_filling), falls as the traps fill. Pairs that recombine with
    each other leave n of G = n + n^2 / J_recombination: proportional to the rate at first, to its
    root at last. The current rises with the rate for all parameters.
    """
    magnitude = np.abs(density_nA_cm2)
    gain = 1.0 + traps.excess_gain / (1.0 + magnitude * (1.0 / traps.filling_nA_cm2))
    if traps.recombination_nA_cm2 == 0.0:
        return gain
    relative = gain * magnitude * (4.0 / traps.recombination_nA_cm2)
    surviving: Field = gain * 2.0 / (1.0 + np.sqrt(1.0 + relative))
    return surviving
