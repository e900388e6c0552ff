"""Where the samples of the array come from: the simulated array, or a recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.array.maps import PanelMaps
from fpxi_hwsim.physics.chain import Chain, Illumination, Readout
from fpxi_hwsim.physics.draws import ScanDraws, key_of
from fpxi_hwsim.physics.effects import Effect
from fpxi_hwsim.physics.grid import SUBPIXELS
from fpxi_hwsim.physics.source.output import STEADY, relative_dose
from fpxi_hwsim.scene import Scene, SceneState
from fpxi_hwsim.specification import SimulationSpecification

Map = npt.NDArray[np.float32]
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
    instrument. What a film, a moving object or an unsteady beam does depends on the time, too: as
    long as nothing of the scene moves or changes, that is nothing. The scene is the one at the
    call. Recorded frames take one frame for each call.
    """

    def __init__(self, specification: SimulationSpecification, scene: Scene) -> None:
        self._preset = specification.preset
        self._seeds = (specification.seed, specification.noise_seed)
        self._scene = scene
        self._chain = Chain(specification.preset, specification.seed)
        self._draws = ScanDraws()
        self._free_us = 0
        self._objects_put_in = 0
        self._put_in_us = 0
        self.exposures = 0

    @property
    def maps(self) -> PanelMaps:
        """The panel as it came out of the factory."""
        return self._chain.maps

    def expose(self, exposure: Exposure) -> Samples | None:
        """Return the conversions of the next scan; None where a recording has ended.

        They are uint16 (oversampling, rows, columns), in counts, and differ from one conversion of
        a pixel to the next by the converter's noise alone. An exposure that is said to have begun
        before the last one ended directly followed it.
        """
        scene = self._scene.state
        number = self.exposures
        self.exposures += 1
        if scene.recorded is not None:
            frame = scene.recorded.take()
            return None if frame is None else np.repeat(frame[None], exposure.oversampling, axis=0)
        began_us = max(exposure.began_us, self._free_us)
        self._free_us = began_us + exposure.integration_us
        draws = self._draws.begin(self._key(exposure, scene), number)
        return self._chain.scan(
            self._readout(exposure, began_us),
            self._light(exposure, began_us, scene, draws),
            draws,
        )

    def _readout(self, exposure: Exposure, began_us: int) -> Readout:
        return Readout(
            began_s=began_us * 1e-6,
            integration_s=exposure.integration_us * 1e-6,
            bias_V=self._preset.bias_V(exposure.bias_mV),
            gain_setting=exposure.gain_setting,
            cds=exposure.cds,
            oversampling=exposure.oversampling,
        )

    def _light(
        self, exposure: Exposure, began_us: int, scene: SceneState, draws: ScanDraws
    ) -> Illumination:
        """Return the beam of a scan: of a moving object, as it stands in the middle of it."""
        if scene.objects_put_in != self._objects_put_in:
            self._objects_put_in = scene.objects_put_in
            self._put_in_us = began_us
        middle_us = began_us - self._put_in_us + exposure.integration_us / 2
        beam_s = exposure.beam_us * 1e-6
        output = self._output(exposure, began_us, scene, draws)
        rate_Gy_s = scene.rate_Gy_s(exposure.beam_us) * output
        return Illumination(
            shadow=scene.projection.at(middle_us * 1e-6),
            dose_Gy=_for_fine_rows(rate_Gy_s * beam_s),
            rate_Gy_s=rate_Gy_s,
            beam_s=beam_s,
        )

    def _output(
        self, exposure: Exposure, began_us: int, scene: SceneState, draws: ScanDraws
    ) -> float | npt.NDArray[np.float64]:
        """Return the output relative to a steady one: of the scan, or (rows, 1) of each row.

        Rows of a rolling shutter have windows of their own. A beam that was asked for is one
        window for all of them: it ends when the first row is read.
        """
        output, geometry = scene.preset.beam.output, self._preset.geometry
        if output == STEADY or not exposure.beam_us:
            return 1.0
        asked_for = exposure.beam_us < exposure.integration_us
        windows = geometry.rows if geometry.shutter == "rolling" and not asked_for else 1
        first_us = began_us + exposure.integration_us - exposure.beam_us
        row_us = geometry.line_time_us * exposure.oversampling
        began_s = (first_us + np.arange(windows, dtype=np.float64) * row_us) * 1e-6
        relative = relative_dose(
            output, began_s, exposure.beam_us * 1e-6, draws.of(Effect.BEAM_JITTER)
        )
        return relative[:, None] if windows > 1 else float(relative[0])

    def _key(self, exposure: Exposure, scene: SceneState) -> bytes:
        # Boards whose supplies differ by a step of their converter have the same noise.
        bias_V = round(self._preset.bias_V(exposure.bias_mV), 1)
        return key_of(
            *self._seeds,
            bias_V,
            scene.beam_on,
            scene.dose_rate_Gy_s,
            scene.dose_Gy,
            scene.object,
            str(scene.preset.beam.tube),
            exposure.integration_us,
            exposure.beam_us,
            exposure.gain_setting,
            exposure.cds,
            exposure.oversampling,
        )


def _for_fine_rows(of_rows: float | npt.NDArray[np.float64]) -> float | Map:
    """Repeat what each row has, (rows, 1), for its fine rows."""
    if isinstance(of_rows, float):
        return of_rows
    return np.repeat(of_rows, SUBPIXELS, axis=0).astype(np.float32)
