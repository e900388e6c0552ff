"""What the panel looks at: beam, object, or recorded frames; changed at run time by any thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from fpxi_hwsim.physics.projection import Projection
from fpxi_hwsim.physics.source.text import parse_tube
from fpxi_hwsim.presets.preset import Preset
from fpxi_hwsim.recorded import RecordedFrames
from fpxi_hwsim.settings_text import parse_dose, parse_dose_rate
from fpxi_hwsim.specification import AtEnd, SimulationSpecification


@dataclass(frozen=True, slots=True)
class SceneState:
    """The scene at one moment."""

    beam_on: bool
    dose_rate_Gy_s: float
    dose_Gy: float | None
    """of each exposure, however long; None: the dose rate's"""
    object: str
    preset: Preset
    """of its beam, the one in force"""
    projection: Projection
    recorded: RecordedFrames | None
    objects_put_in: int = 1
    """so far; each begins its motion with the first exposure that sees it"""

    def rate_Gy_s(self, beam_us: int) -> float:
        """Air kerma rate during an exposure whose beam is wanted for so long."""
        if not self.beam_on or not beam_us:
            return 0.0
        return self.dose_rate_Gy_s if self.dose_Gy is None else self.dose_Gy / (beam_us * 1e-6)


class Scene:
    """The scene of one simulated panel. A change holds from the next frame read out."""

    def __init__(self, specification: SimulationSpecification) -> None:
        """Set the scene of a specification; ObjectError or RecordedFramesError if it has a flaw."""
        preset = specification.preset
        self._lock = threading.Lock()
        self._state = SceneState(
            beam_on=specification.beam_on,
            dose_rate_Gy_s=specification.dose_rate_Gy_s,
            dose_Gy=specification.dose_Gy,
            object=specification.object,
            preset=preset,
            projection=Projection(preset, specification.object),
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
    def wanted_bias_mV(self) -> int:
        """Bias of the board at which the panel's figures hold; 0 where it asks for none."""
        preset = self._state.preset
        return 0 if preset.own_supply else preset.working_bias_mV

    @property
    def dose_rate(self) -> float:
        """Air kerma rate at the panel without an object, in Gy/s.

        Setting it ends a fixed dose for each exposure; BadValueError below zero.
        """
        return self._state.dose_rate_Gy_s

    @dose_rate.setter
    def dose_rate(self, dose_rate_Gy_s: float) -> None:
        rate_Gy_s = parse_dose_rate("dose_rate", repr(float(dose_rate_Gy_s)))
        self._change(dose_rate_Gy_s=rate_Gy_s, dose_Gy=None)

    @property
    def dose(self) -> float | None:
        """Air kerma of each exposure, however long it is, in Gy; None: the dose rate's.

        Setting it leaves the dose rate as it is, for when it is None again; BadValueError below
        zero.
        """
        return self._state.dose_Gy

    @dose.setter
    def dose(self, dose_Gy: float | None) -> None:
        if dose_Gy is not None:
            dose_Gy = parse_dose("dose", repr(float(dose_Gy)))
        self._change(dose_Gy=dose_Gy)

    @property
    def object(self) -> str:
        """The object in the beam: its text or an image file; setting may raise ObjectError."""
        return self._state.object

    @object.setter  # noqa: A003 (the scene's own word)
    def object(self, text: str) -> None:
        with self._lock:
            state = self._state
            self._state = replace(
                state,
                object=text,
                projection=Projection(state.preset, text),
                objects_put_in=state.objects_put_in + 1,
            )

    @property
    def tube(self) -> str:
        """The tube and its filters, as text; setting it keeps the dose rate.

        BadValueError, UnphysicalError, TubeModelError or MissingExtraError if it is not possible.
        """
        return str(self._state.preset.beam.tube)

    @tube.setter
    def tube(self, text: str) -> None:
        tube = parse_tube("tube", text)
        with self._lock:
            state = self._state
            beam = replace(state.preset.beam, tube=tube, photons_per_Gy_cm2=None)
            preset = replace(state.preset, beam=beam)
            projection = Projection(preset, state.object)
            self._state = replace(state, preset=preset, projection=projection)

    def play(
        self, path: str, *, place: tuple[int, int] | None = None, at_end: AtEnd = "loop"
    ) -> None:
        """Deliver recorded frames from now on; RecordedFramesError if they do not fit."""
        geometry = self._state.preset.geometry
        recorded = RecordedFrames(path, geometry, place=place, at_end=at_end)
        self._change(recorded=recorded)

    def stop_playing(self) -> None:
        """Go back to simulated frames."""
        self._change(recorded=None)

    def _change(self, **values: Any) -> None:
        with self._lock:
            self._state = replace(self._state, **values)
