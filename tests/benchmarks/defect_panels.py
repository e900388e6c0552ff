"""Simulated panels with many defects: what a calibration measures of them.

Each panel is made three times from one seed, so that each series begins in equilibrium with its
beam: flats of the full dose and the first frame after them, darks, and flats of half the dose. The
series follow each other without a pause, in virtual time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from fpxi_hwsim.physics.array.maps import imaging_mask
from fpxi_hwsim.physics.array.settings import Defects
from fpxi_hwsim.presets import find_preset
from fpxi_hwsim.presets.preset import Preset
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_imaging.defects.evidence import DefectEvidence

Map = npt.NDArray[np.float64]
Frames = npt.NDArray[np.float64]

INTEGRATION_US = 10_000
FULL_SIGNAL = 0.35
"""of the median pixel in the full-dose flats, relative to full scale"""
HOT_FACTORS = {"tft64": 40.0, "cmos32": 5.0}
"""that leave room for the flats"""
STUCK_COUNT = 3000
MOST_UNEVEN = 0.04
"""largest deviation at half the dose of a pixel made non-linear"""


@dataclass(frozen=True)
class Counts:
    """Frames in each series."""

    darks: int
    flats: int
    half_flats: int


@dataclass(frozen=True)
class SimulatedPanel:
    """One panel, and how its median pixel answers the beam."""

    preset: Preset
    seed: int
    counts_per_Gy_s: float
    quantum: float
    """relative variance of the full-dose flats' signal from frame to frame, without dark noise"""
    uneven: Map
    """(rows, columns) relative deviation at half the dose, which the simulator does not have: the
    signal of the half-dose frames is multiplied by 1 + this"""
    stuck: npt.NDArray[np.bool_]
    """(rows, columns) pixels that are made to read one count for ever: rings of eight, since no
    good pixel among eight dead ones comes about in the simulator"""

    @property
    def imaging(self) -> npt.NDArray[np.bool_]:
        """Inside the process ring."""
        return imaging_mask(self.preset.geometry)

    @property
    def full_rate_Gy_s(self) -> float:
        """Dose rate of the full-dose flats."""
        return FULL_SIGNAL * self.preset.geometry.full_scale / self.counts_per_Gy_s

    def source(self, dose_rate_Gy_s: float) -> tuple[PixelSource, Scene]:
        """Switch the panel on in a beam that was on before; 0: in the dark."""
        specification = SimulationSpecification(
            preset=self.preset,
            seed=self.seed,
            object="none",
            beam_on=dose_rate_Gy_s > 0,
            dose_rate_Gy_s=dose_rate_Gy_s,
        )
        scene = Scene(specification)
        return PixelSource(specification, scene), scene


def make_panel(name: str, seed: int) -> SimulatedPanel:
    """Return a panel of a preset: of even seeds with many defects, of odd with broken lines.

    Noise and lag of the pixels that have too much are now near the thresholds, now far from them.
    """
    preset = find_preset(name)
    pixels = int(np.count_nonzero(imaging_mask(preset.geometry)))
    broken_lines = seed % 2
    places = pixels // (400 if broken_lines else 60)
    defects = Defects(
        dead=places // 2,
        hot=places // 2,
        hot_factor=HOT_FACTORS[name],
        noisy=places,
        noisy_factor=(60.0, 25.0, 35.0, 150.0)[seed % 4],
        lagging=places,
        lagging_factor=(6.0, 2.5, 3.0, 4.0)[seed // 2 % 4],
        cluster_share=0.3,
        cluster_growth=0.5,
        dead_columns=broken_lines,
        interrupted_columns=2 * broken_lines,
        interrupted_rows=2 * broken_lines,
    )
    spread, share = (0.08, 0.005) if broken_lines else (0.2, 0.06)
    array = replace(preset.array, response_spread=spread, defects=defects)
    uneven, stuck = _uneven(preset, seed, share), _stuck(preset, seed, 1 + pixels // 1000)
    panel = SimulatedPanel(replace(preset, array=array), seed, 1.0, 0.0, uneven, stuck)
    rate_Gy_s = preset.beam.dose_rate_Gy_s * 0.1
    signal, _ = _beam(panel, rate_Gy_s, 4)
    panel = replace(panel, counts_per_Gy_s=signal / rate_Gy_s)
    return replace(panel, quantum=_beam(panel, panel.full_rate_Gy_s, 200)[1])


def measure(panel: SimulatedPanel, counts: Counts) -> DefectEvidence:
    """Take the frames and make of them what a calibration knows."""
    full_scale = panel.preset.geometry.full_scale
    darks = _series(panel, 0.0, counts.darks)
    offset = darks.mean(0)
    flats = _series(panel, panel.full_rate_Gy_s, counts.flats + 1, dark_at_end=True)
    flats, after = flats[:-1], flats[-1]
    half = _series(panel, panel.full_rate_Gy_s / 2, counts.half_flats)
    half = np.rint(half + (half - offset) * panel.uneven)
    response, half_response = flats.mean(0) - offset, half.mean(0) - offset
    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = np.where(response > 0, half_response / response, np.nan)
    offset_variance = _variance_of_mean(darks)
    noise = np.sqrt(
        _variance_of_mean(half)
        + corrected**2 * _variance_of_mean(flats)
        + (1 - corrected) ** 2 * offset_variance
    )
    dark_noise = darks.std(0, ddof=1)
    return DefectEvidence(
        response=response,
        imaging=panel.imaging,
        dark_noise=dark_noise,
        dark_frames=counts.darks,
        zero_fraction=(darks == 0).mean(0),
        saturated=(np.maximum(darks.max(0), flats.max(0)) >= full_scale),
        corrected_flat=corrected,
        corrected_flat_noise=noise / np.where(response > 0, response, np.nan),
        after_exposure=after - offset,
        after_exposure_noise=np.hypot(dark_noise, np.sqrt(offset_variance)),
    )


def _series(
    panel: SimulatedPanel, dose_rate_Gy_s: float, count: int, *, dark_at_end: bool = False
) -> Frames:
    """Take frames; with `dark_at_end` the beam is switched off before the last."""
    source, scene = panel.source(dose_rate_Gy_s)
    frames = np.empty((count, *panel.preset.geometry.shape))
    widest = int(np.argmax(panel.preset.geometry.full_scale_fC))
    for number, frame in enumerate(frames):
        if dark_at_end and number == count - 1:
            scene.beam_on = False
        samples = source.expose(
            Exposure(
                integration_us=INTEGRATION_US,
                beam_us=INTEGRATION_US,
                gain_setting=widest,
                cds=True,
                began_us=number * INTEGRATION_US,
                bias_mV=panel.preset.working_bias_mV,
            )
        )
        assert samples is not None
        frame[:] = np.where(panel.stuck, STUCK_COUNT, samples[0])
    return frames


def _beam(panel: SimulatedPanel, dose_rate_Gy_s: float, count: int) -> tuple[float, float]:
    """Return the median pixel's signal, counts, and the relative variance of its quanta."""
    flats, darks = _series(panel, dose_rate_Gy_s, count), _series(panel, 0.0, count)
    live = panel.imaging & ~panel.source(0.0)[0].maps.dead & ~panel.stuck
    signal = (flats.mean(0) - darks.mean(0))[live]
    variance = (flats.var(0, ddof=1) - darks.var(0, ddof=1))[live]
    return float(np.median(signal)), float(np.median(variance / signal**2))


def _variance_of_mean(frames: Frames) -> Map:
    variance: Map = frames.var(0, ddof=1) / len(frames)
    return variance


def _uneven(preset: Preset, seed: int, share: float) -> Map:
    random = np.random.default_rng(seed)
    shape = preset.geometry.shape
    chosen = random.random(shape) < share
    return np.where(chosen, random.uniform(-MOST_UNEVEN, MOST_UNEVEN, shape), 0.0)


def _stuck(preset: Preset, seed: int, rings: int) -> npt.NDArray[np.bool_]:
    random = np.random.default_rng(seed)
    stuck = np.zeros(preset.geometry.shape, np.bool_)
    first = preset.geometry.process_ring + 1
    for _ in range(rings):
        row, column = (int(random.integers(first, size - first)) for size in stuck.shape)
        stuck[row - 1 : row + 2, column - 1 : column + 2] = True
        stuck[row, column] = False
    return stuck
