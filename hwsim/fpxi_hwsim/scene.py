"""What the panel looks at: beam, object, or recorded frames; changed at run time by any thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from fpxi_hwsim.objects import Transmission, transmission_of
from fpxi_hwsim.presets import Preset
from fpxi_hwsim.recorded import RecordedFrames
from fpxi_hwsim.settings_text import parse_dose_rate
from fpxi_hwsim.specification import AtEnd, SimulationSpecification


@dataclass(frozen=True, slots=True)
class SceneState:
    """The scene at one moment."""

    beam_on: bool
    dose_rate_Gy_s: float
    object: str
    transmission: Transmission
    recorded: RecordedFrames | None

    def dose_Gy(self, beam_us: int) -> float:
        """Air kerma that reaches the object in such a time."""
        return self.dose_rate_Gy_s * beam_us * 1e-6 if self.beam_on else 0.0


class Scene:
    """The scene of one simulated panel. A change holds from the next frame read out."""

    def __init__(self, specification: SimulationSpecification) -> None:
        """Set the scene of a specification; ObjectError or RecordedFramesError if it has a flaw."""
        self._preset: Preset = specification.preset
        self._lock = threading.Lock()
        self._state = SceneState(
            beam_on=specification.beam_on,
            dose_rate_Gy_s=specification.dose_rate_Gy_s,
            object=specification.object,
            transmission=transmission_of(specification.object, self._preset.geometry.shape),
            recorded=None,
        )
        if specification.frames is not None:
            self.play(specification.frames, place=specification.place, at_end=specification.at_end)

    @property
    def state(self) -> SceneState:
        """The scene now; it does not change under the caller's feet."""
        return self._state

    @property
    def beam_on(self) -> bool:
        """Whether X-rays reach the object."""
        return self._state.beam_on

    @beam_on.setter
    def beam_on(self, on: bool) -> None:
        self._change(beam_on=on)

    @property
    def dose_rate(self) -> float:
        """Air kerma rate at the object, in Gy/s; setting raises BadValueError below zero."""
        return self._state.dose_rate_Gy_s

    @dose_rate.setter
    def dose_rate(self, dose_rate_Gy_s: float) -> None:
        self._change(dose_rate_Gy_s=parse_dose_rate("dose_rate", repr(float(dose_rate_Gy_s))))

    @property
    def object(self) -> str:
        """The object in the beam: a name or an image file; setting may raise ObjectError."""
        return self._state.object

    @object.setter  # noqa: A003 (the scene's own word)
    def object(self, name: str) -> None:
        transmission = transmission_of(name, self._preset.geometry.shape)
        self._change(object=name, transmission=transmission)

    def play(
        self, path: str, *, place: tuple[int, int] | None = None, at_end: AtEnd = "loop"
    ) -> None:
        """Deliver recorded frames from now on; RecordedFramesError if they do not fit."""
        recorded = RecordedFrames(path, self._preset.geometry, place=place, at_end=at_end)
        self._change(recorded=recorded)

    def stop_playing(self) -> None:
        """Go back to simulated frames."""
        self._change(recorded=None)

    def _change(self, **values: Any) -> None:
        with self._lock:
            self._state = replace(self._state, **values)
