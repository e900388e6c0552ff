"""What differs from pixel to pixel of a film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.draws import PanelDraws
from fpxi_hwsim.physics.effects import PanelMap
from fpxi_hwsim.physics.film.ion_migration import IonMigration

Map = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FilmMaps:
    """Factors of the pixels, float32 (rows, columns); None where they are alike."""

    dark: Map | None = None
    """of the dark current"""
    drift: Map | None = None
    """of the ionic part of the dark current, beside `dark`"""
    lag: Map | None = None
    """of the trapped share of the current"""


def draw_drift(migration: IonMigration, shape: tuple[int, int], draws: PanelDraws) -> Map | None:
    """Draw the ionic currents of the pixels, log-normal and of mean one; None if alike."""
    if migration.spread == 0.0:
        return None
    normal = draws.of(PanelMap.DARK_DRIFT).standard_normal(shape)
    factor: Map = np.exp(migration.spread * (normal - migration.spread / 2.0)).astype(np.float32)
    return factor
