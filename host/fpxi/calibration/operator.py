"""Whoever stands at the panel during a calibration run: what is asked and told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fpxi_readout.errors import FpxiError

from fpxi.calibration.plan import RunStep


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is."""

    step: RunStep
    number: int
    """Of the step, from 1."""
    steps: int
    done: int
    """Frames of the step so far."""
    left_s: float
    """Time that the frames of the run still take, at the pace of this step."""


@dataclass(frozen=True)
class Refusal:
    """Frames that cannot serve, and what could be taken again."""

    step: RunStep | None
    """None: the frames of all steps together make no calibration."""
    error: FpxiError
    choices: tuple[RunStep, ...]
    """From where the run can go on, the likeliest first."""


class Operator(Protocol):
    """Answers for a user; all calls come from the thread of the run."""

    def plan(self, steps: tuple[RunStep, ...]) -> None:
        """Hear what will be done."""

    def prepare(self, step: RunStep) -> None:
        """Return when the X-rays are as the step's instruction says."""

    def progress(self, progress: RunProgress) -> None:
        """Hear how far the run is."""

    def say(self, text: str) -> None:
        """Hear something that cannot wait, such as to switch the X-rays off now."""

    def decide(self, refusal: Refusal) -> RunStep | None:
        """Return from which of the choices to go on; None ends the run with the error."""
