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

    def switch_now(self, *, on: bool) -> None:
        """Switch on or off, or have it switched, while frames are being recorded."""
        if self._scene is not None:
            self._scene.beam_on = on
        elif self._operator is not None:
            word = "on" if on else "off"
            self._operator.say(f"Switch the X-rays {word} now; frames are recorded all the while.")

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
