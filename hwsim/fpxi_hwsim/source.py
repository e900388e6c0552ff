"""Where the samples of the array come from: the simulated array, or a recording."""

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
    """How the array was exposed and is read out, as its pins had it."""

    integration_us: int
    """from a pixel's reset to its sampling"""
    beam_us: int
    """for how much of it the beam was wanted: as long as the expose-request output was high, or,
    where nothing asks for the beam, all of it"""
    gain_setting: int
    cds: bool
    """whether the reset level of each sample was taken and subtracted"""
    oversampling: int = 1
    """conversions of each held pixel"""
    began_us: int = 0
    """time of that reset since the board first had power; resets of the firmware do not turn it
    back. Where rows are exposed one after another: of the row that is read first"""
    bias_mV: int = 0
    """of the common electrode when the exposure ended"""


class PixelSource:
    """Makes the samples of one panel: the one source of pixels for every board.

    A board calls `expose` once for each read-out scan of the array, when the scan begins, in the
    order of the scans, and for nothing else: a reset scan is no call. Boards that do so with equal
    exposures, in whole microseconds, get equal samples for equal specifications.

    The noise of a scan depends on the seeds, the conditions and on how many scans came before since
    power-on; on no clock, no thread, and no number that the firmware gives. Conditions are part
    of it so that a dark and an object frame never share their noise, as they would not in an
    instrument. The scene is the one at the call. Recorded frames take one frame for each call.
    """

    def __init__(self, specification: SimulationSpecification, scene: Scene) -> None:
        self._preset = specification.preset
        self._seeds = (specification.seed, specification.noise_seed)
        self._scene = scene
        self.maps: PixelMaps = make_pixel_maps(specification.preset, specification.seed)
        self.exposures = 0

    def expose(self, exposure: Exposure) -> Samples | None:
        """Return the conversions of the next scan; None where a recording has ended.

        They are uint16 (oversampling, rows, columns), in counts, and differ from one conversion of
        a pixel to the next by the converter's noise alone.
        """
        scene = self._scene.state
        number = self.exposures
        self.exposures += 1
        if scene.recorded is not None:
            frame = scene.recorded.take()
            return None if frame is None else np.repeat(frame[None], exposure.oversampling, axis=0)
        return expose(
            self._preset,
            self.maps,
            dose_Gy=scene.dose_Gy(exposure.beam_us),
            transmission=scene.transmission,
            integration_us=exposure.integration_us,
            gain_setting=exposure.gain_setting,
            cds=exposure.cds,
            oversampling=exposure.oversampling,
            random=self._random(exposure, scene, number),
        )

    def _random(self, exposure: Exposure, scene: SceneState, number: int) -> np.random.Generator:
        conditions = (
            *self._seeds,
            scene.beam_on,
            scene.dose_rate_Gy_s,
            scene.object,
            exposure.integration_us,
            exposure.beam_us,
            exposure.gain_setting,
            exposure.cds,
            exposure.oversampling,
        )
        digest = hashlib.blake2b(repr(conditions).encode(), digest_size=16).digest()
        philox = np.random.Philox(key=int.from_bytes(digest), counter=number << 128)
        return np.random.Generator(philox)
