"""What a calibration run does, step by step, as data: told to the user before it begins."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from fpxi.calibration.run_errors import TooFewFramesPlannedError

LEAST_FRAMES = 2
"""A single frame has no noise, and one bad moment in it goes unseen."""
CLOSING_FRAMES = 20
"""Most darks taken after the flats; they only have to show whether the level has moved."""
LAG_DARK_FRAMES = 10
"""Recorded before the beam is switched on, so that the exposure's length is known."""
LEAST_LAG_FRAMES = 10
"""With the beam on, and after it: fewer cannot be fitted."""
LAG_ON_S, LAG_OFF_S = 10.0, 20.0
"""Beam on, then off, to see the signal die away: unless the user says how long,"""
LAG_FRAMES_ON, LAG_FRAMES_OFF = (50, 1000), (100, 2000)
"""and unless these are fewer or more frames than that."""


class StepKind(enum.Enum):
    """What a step records."""

    DARK = "darks"
    FLAT = "flats"
    STEP_OFF = "lag"
    CLOSING = "closing darks"

    @property
    def option(self) -> str | None:
        """That of `fpxi calibrate` for its recording; None: no calibration is made of it."""
        return {StepKind.DARK: "dark", StepKind.FLAT: "flat", StepKind.STEP_OFF: "step-off"}.get(
            self
        )


@dataclass(frozen=True)
class RunStep:
    """One recording of a run, and what is to be done with the X-rays for it."""

    kind: StepKind
    name: str
    """What tells its recording from the others: `cal.NAME.h5`."""
    frames: int
    exposure_us: int
    level: float = 0.0
    """Dose as a fraction of the highest of the run; 0 with the beam off."""
    lit_frames: int = 0
    """Of a step-off, with the beam on: those in the dark before and after are the rest."""
    first_level: bool = True
    """Whether the user chooses the dose, or makes it a fraction of the first one."""

    @property
    def label(self) -> str:
        """Its name to the user, capital first."""
        return self.kind.value.capitalize()

    @property
    def beam_on(self) -> bool:
        """Whether X-rays are wanted at its beginning."""
        return self.kind is StepKind.FLAT

    @property
    def instruction(self) -> str:
        """What to do with the X-rays before it, in plain words."""
        if self.kind is StepKind.STEP_OFF:
            return (
                "set the tube current as for the first flats, leave the beam clear, and have the "
                "X-rays off; you will be told to switch them on, and some "
                f"{self.lit_s:.0f} s later to switch them off at once"
            )
        if not self.beam_on:
            return "switch the X-rays off"
        if self.first_level:
            return (
                "switch the X-rays on, with nothing between source and panel, at the highest dose "
                "that you use"
            )
        return (
            f"set the tube current to {self.level:.0%} of that of the first flats, and have the "
            "X-rays on"
        )

    @property
    def lit_s(self) -> float:
        """Of a step-off, how long the beam is on, readout not counted."""
        return self.lit_frames * self.exposure_us * 1e-6

    @property
    def after_s(self) -> float:
        """Of a step-off, how long is recorded after the beam, likewise."""
        return (self.frames - LAG_DARK_FRAMES - self.lit_frames) * self.exposure_us * 1e-6

    def needs_user_after(self, before: RunStep | None) -> bool:
        """Whether the X-rays have to be changed, if they are as `before` leaves them."""
        if before is None:
            return True
        left_on = before.kind is StepKind.FLAT
        return left_on != self.beam_on or (left_on and before.level != self.level)


def plan_run(
    exposure_us: int,
    *,
    exposures_us: Sequence[int] = (),
    levels: int = 1,
    dark_frames: int = 100,
    flat_frames: int = 100,
    lag: bool = False,
    lag_on_s: float | None = None,
    lag_off_s: float | None = None,
    least_frames: int = LEAST_FRAMES,
) -> tuple[RunStep, ...]:
    """Return the steps: darks of every exposure, flats of every level, lag, closing darks.

    Flats are taken at `exposure_us`, which is also the first of the darks' exposures. The first
    level is the highest, so that flats that saturate are known before any other is taken; the
    others follow in equal steps. With `lag`, the beam is on for `lag_on_s` seconds of exposure and
    off for `lag_off_s`; by default for 10 and 20 s, within limits of frames. Raises
    `TooFewFramesPlannedError` for fewer than `least_frames` darks or flats, or too short a lag.
    """
    for what, count in (("darks", dark_frames), ("flats", flat_frames)):
        _require_frames(what, count, least_frames)
    others = [each for each in dict.fromkeys(exposures_us) if each != exposure_us]
    steps = [RunStep(StepKind.DARK, "dark", dark_frames, exposure_us)]
    steps += [
        RunStep(StepKind.DARK, f"dark-{each}us", dark_frames, each) for each in sorted(others)
    ]
    for number in range(levels):
        name = f"flat-{number + 1}" if number else "flat"
        level = (levels - number) / levels
        steps.append(
            RunStep(StepKind.FLAT, name, flat_frames, exposure_us, level, first_level=number == 0)
        )
    if lag:
        lit = _lag_frames("lag's lit frames", lag_on_s, exposure_us, LAG_ON_S, LAG_FRAMES_ON)
        after = _lag_frames(
            "lag's frames after the X-rays", lag_off_s, exposure_us, LAG_OFF_S, LAG_FRAMES_OFF
        )
        frames = LAG_DARK_FRAMES + lit + after
        steps.append(
            RunStep(StepKind.STEP_OFF, "step-off", frames, exposure_us, 1.0, lit_frames=lit)
        )
    closing = min(dark_frames, CLOSING_FRAMES)
    return (*steps, RunStep(StepKind.CLOSING, "closing", closing, exposure_us))


def _require_frames(what: str, frames: int, least: int) -> None:
    least = max(least, LEAST_FRAMES)
    if frames < least:
        raise TooFewFramesPlannedError(what, frames, least)


def _lag_frames(
    what: str, wanted_s: float | None, exposure_us: int, usual_s: float, bounds: tuple[int, int]
) -> int:
    """Return how many frames last so long, their readout not counted."""
    if wanted_s is None:
        return min(max(math.ceil(usual_s * 1e6 / exposure_us), bounds[0]), bounds[1])
    frames = math.ceil(wanted_s * 1e6 / exposure_us)
    _require_frames(what, frames, LEAST_LAG_FRAMES)
    return frames


def plan_refresh(
    exposures_us: Sequence[int], frames: int, number: int, least_frames: int = LEAST_FRAMES
) -> tuple[RunStep, ...]:
    """Return the steps of a calibration's refresh of a number: darks of each exposure.

    Raises `TooFewFramesPlannedError` for fewer than `least_frames`.
    """
    _require_frames("darks", frames, least_frames)
    return tuple(
        RunStep(StepKind.DARK, f"refresh-{number}-{each}us", frames, each)
        for each in sorted(exposures_us)
    )
