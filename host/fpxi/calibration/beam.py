"""The X-rays of a calibration run: a simulated panel's own, or those that somebody switches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fpxi.calibration.operator import Operator
from fpxi.calibration.plan import RunStep
from fpxi.calibration.run_errors import NobodyAtTheBeamError
from fpxi.session import Session


class Beam:
    """Sees to the X-rays before each step."""

    def __init__(self, session: Session, operator: Operator | None) -> None:
        self._scene: Any | None = session.scene
        self._operator = operator
        self._dose_rate = 0.0 if self._scene is None else self._scene.dose_rate
        self._dose = None if self._scene is None else self._scene.dose

    @property
    def simulated(self) -> bool:
        """Whether it switches by itself."""
        return self._scene is not None

    def prepare(self, step: RunStep, *, asked: bool) -> None:
        """Return when the X-rays are as the step wants them; `asked`: they have to be changed.

        Raises `NobodyAtTheBeamError` and whatever the operator does.
        """
        if self._scene is not None:
            self._scene.object = "none"
            self._set_dose(step.level)
            self._scene.beam_on = step.beam_on
        elif asked:
            if self._operator is None:
                raise NobodyAtTheBeamError(step.instruction)
            self._operator.prepare(step)

    def switch_now(self, step: RunStep, *, on: bool) -> None:
        """Switch on or off, or have it switched, while a step-off is being recorded."""
        if self._scene is not None:
            self._scene.beam_on = on
        elif self._operator is not None:
            self._operator.say(
                "Switch the X-rays on now, and leave them on, steady, until you are told, for "
                f"{step.lit_s:.0f} s or so; frames are recorded all the while."
                if on
                else "Switch the X-rays off now, at once, and leave them off: what is left of the "
                f"signal is recorded for {step.after_s:.0f} s."
            )

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Leave a simulated beam and object as they were."""
        if self._scene is None:
            yield
            return
        beam_on, shown = self._scene.beam_on, self._scene.object
        try:
            yield
        finally:
            self._set_dose(1.0)
            self._scene.beam_on, self._scene.object = beam_on, shown

    def _set_dose(self, level: float) -> None:
        assert self._scene is not None
        if level == 0.0:
            return
        if self._dose is not None:
            self._scene.dose = self._dose * level
        else:
            self._scene.dose_rate = self._dose_rate * level
