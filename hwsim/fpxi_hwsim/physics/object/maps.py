"""What of an object lies before each fine pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.grid import SUBPIXELS
from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.object.plane import Map


@dataclass(frozen=True, slots=True)
class ThicknessMaps:
    """Absorbers on a fine grid of `oversampling` pixels a panel's pixel and direction.

    A fine pixel transmits `transmission * (1 - coverage + coverage * exp(-sum(mu * thickness)))`.

    `thickness_cm` holds float32 for each material, of the fine `shape` or, where there is one
    thickness only, of shape (1, 1). `coverage` is the part of each fine pixel behind these
    thicknesses, `transmission` that of an absorber given as an image; None stands for 1.
    An edge needs the coverage: half a pixel of tungsten transmits one half, which no mean
    thickness does.

    Raises
    ------
    UnphysicalError
        A thickness is negative, or a coverage or transmission is not from 0 to 1.

    """

    shape: tuple[int, int]
    oversampling: int
    thickness_cm: Mapping[str, Map]
    coverage: Map | None = None
    transmission: Map | None = None

    def __post_init__(self) -> None:
        if self.oversampling % SUBPIXELS:
            raise UnphysicalError("oversampling", self.oversampling, f"a multiple of {SUBPIXELS}")
        for material, thickness in self.thickness_cm.items():
            _require_map(f"thickness_cm of {material}", thickness, np.inf)
        for name in ("coverage", "transmission"):
            part = getattr(self, name)
            if part is not None:
                _require_map(name, part, 1)


def _require_map(name: str, values: Map, most: float) -> None:
    require(name, float(values.min()), least=0)
    require(name, float(values.max()), most=most)
