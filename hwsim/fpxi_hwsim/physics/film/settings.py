"""What makes one film."""

from __future__ import annotations

from dataclasses import dataclass, field

from fpxi_hwsim.physics.film.dark_current import DarkCurrent
from fpxi_hwsim.physics.film.film_noise import FilmNoise
from fpxi_hwsim.physics.film.ghosting import Ghosting
from fpxi_hwsim.physics.film.ion_migration import IonMigration
from fpxi_hwsim.physics.film.lag import LagComponents, require_components
from fpxi_hwsim.physics.film.traps import Traps


@dataclass(frozen=True, slots=True)
class FilmSettings:
    """The effects of a film over time; each is absent by default.

    Raises
    ------
    UnphysicalError
        A parameter is out of its limits.

    """

    dark: DarkCurrent = field(default_factory=DarkCurrent)
    migration: IonMigration = field(default_factory=IonMigration)
    noise: FilmNoise = field(default_factory=FilmNoise)
    lag: LagComponents = ()
    """(share of the current that is trapped, time constant of its release in s) of each trap"""
    ghosting: Ghosting = field(default_factory=Ghosting)
    traps: Traps = field(default_factory=Traps)

    def __post_init__(self) -> None:
        require_components("lag", self.lag)
