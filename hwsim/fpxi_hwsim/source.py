"""Where the samples of a frame come from: the simulated array, or a recording."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.array import PixelMaps, expose
from fpxi_hwsim.pixel_maps import make_pixel_maps
from fpxi_hwsim.scene import Scene, SceneState
from fpxi_hwsim.specification import SimulationSpecification

Samples = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Exposure:
    """The settings under which the firmware has a frame read out."""

    frame: int
    start_us: int
    exposure_us: int
    gain_setting: int
    bias_mV: int


class PixelSource:
    """Makes the frames of one panel.

    The noise of a frame depends on the seeds, the conditions and on how many exposures came
    before since power-on; on no clock and no thread. Conditions are part of it so that a dark
    and an object frame never share their noise, as they would not in an instrument.
    """

    def __init__(self, specification: SimulationSpecification, scene: Scene) -> None:
        self._preset = specification.preset
        self._seeds = (specification.seed, specification.noise_seed)
        self._scene = scene
        self.maps: PixelMaps = make_pixel_maps(specification.preset, specification.seed)
        self.exposures = 0

    def expose(self, exposure: Exposure) -> Samples | None:
        """Return the next frame, uint16 (rows, columns); None where a recording has ended."""
        scene = self._scene.state
        number = self.exposures
        self.exposures += 1
        if scene.recorded is not None:
            return scene.recorded.take()
        return expose(
            self._preset,
            self.maps,
            dose_Gy=scene.dose_Gy(exposure.exposure_us),
            transmission=scene.transmission,
            exposure_us=exposure.exposure_us,
            gain_setting=exposure.gain_setting,
            random=self._random(exposure, scene, number),
        )

    def _random(self, exposure: Exposure, scene: SceneState, number: int) -> np.random.Generator:
        conditions = (
            *self._seeds,
            scene.beam_on,
            scene.dose_rate_Gy_s,
            scene.object,
            exposure.exposure_us,
            exposure.gain_setting,
            exposure.bias_mV,
        )
        digest = hashlib.blake2b(repr(conditions).encode(), digest_size=16).digest()
        philox = np.random.Philox(key=int.from_bytes(digest), counter=number << 128)
        return np.random.Generator(philox)
