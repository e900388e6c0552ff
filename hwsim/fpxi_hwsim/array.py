"""The pixel array: from X-rays to counts, one effect a function, in the signal's order.

Maps are float32 (rows, columns). Charge is in fC, noise in electrons, samples in counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from fpxi_readout.protocol.generated import PanelDescription
from fpxi_readout.protocol.geometry import process_ring_mask

from fpxi_hwsim.presets import ELEMENTARY_CHARGE_C, Preset

Map = npt.NDArray[np.float32]
ELECTRON_FC = ELEMENTARY_CHARGE_C * 1e15


@dataclass(frozen=True, slots=True)
class PixelMaps:
    """What differs from pixel to pixel of one panel: the truth that a calibration looks for."""

    response: Map
    """collected charge relative to the mean pixel; 0 where dead or in the process ring"""
    dark_current_pA: Map
    pedestal_fC: Map
    """charge injected by switching"""
    pixel_noise_e: Map
    """root mean square"""
    channel_gain: Map
    """(columns,)"""
    channel_offset_counts: Map
    """(columns,)"""
    channel_level_counts: Map
    """(columns,): offset and reset level, where CDS does not subtract the latter"""
    dead: npt.NDArray[np.bool_]
    hot: npt.NDArray[np.bool_]
    noisy: npt.NDArray[np.bool_]

    @property
    def defective(self) -> npt.NDArray[np.bool_]:
        """Dead, hot or noisy."""
        return self.dead | self.hot | self.noisy


def absorb(
    preset: Preset, dose_Gy: float, transmission: Map, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Photons that each pixel absorbs: Poisson."""
    expected = transmission * np.float32(dose_Gy * preset.absorbed_photons_per_Gy)
    return random.poisson(expected)


def convert(preset: Preset, maps: PixelMaps, photons: npt.NDArray[np.int64]) -> Map:
    """Charge collected from the absorbed photons, in fC."""
    charge_fC: Map = photons.astype(np.float32) * (
        maps.response * np.float32(preset.charge_per_photon_fC)
    )
    return charge_fC


def leak(maps: PixelMaps, charge_fC: Map, integration_us: int, random: np.random.Generator) -> Map:
    """Add the dark charge and its shot noise, normal for the many electrons it is made of."""
    dark_fC = maps.dark_current_pA * np.float32(integration_us * 1e-3)
    shot_fC = np.sqrt(dark_fC * np.float32(ELECTRON_FC))
    total_fC: Map = charge_fC + dark_fC + shot_fC * _normal(random, dark_fC.shape)
    return total_fC


def inject(maps: PixelMaps, charge_fC: Map) -> Map:
    """Add the charge of the pixel switches."""
    total_fC: Map = charge_fC + maps.pedestal_fC
    return total_fC


def amplify(preset: Preset, maps: PixelMaps, charge_fC: Map, random: np.random.Generator) -> Map:
    """Add the noise of each sample and that of each row, and apply the columns' gains."""
    rows, _ = charge_fC.shape
    line_fC = np.float32(preset.front_end.line_noise_e * ELECTRON_FC) * _normal(random, (rows, 1))
    pixel_fC = maps.pixel_noise_e * np.float32(ELECTRON_FC) * _normal(random, charge_fC.shape)
    amplified_fC: Map = (charge_fC + pixel_fC + line_fC) * maps.channel_gain
    return amplified_fC


def skip_cds(preset: Preset, charge_fC: Map, random: np.random.Generator) -> Map:
    """Add the noise of the reset that each sample began with: kTC, which CDS would remove."""
    reset_fC = np.float32(preset.reset_noise_e * ELECTRON_FC)
    total_fC: Map = charge_fC + reset_fC * _normal(random, charge_fC.shape)
    return total_fC


def digitise(
    preset: Preset,
    maps: PixelMaps,
    charge_fC: Map,
    gain_setting: int,
    random: np.random.Generator,
    *,
    cds: bool = True,
    oversampling: int = 1,
) -> npt.NDArray[np.uint16]:
    """Convert the charge of each pixel to counts, (oversampling, rows, columns).

    Only the converter's noise differs between the conversions of a pixel. The converter ends at 0
    and at full scale. Without CDS, the front end's reset level stays in the counts.
    """
    geometry = preset.geometry
    counts_per_fC = np.float32(geometry.full_scale / geometry.full_scale_fC[gain_setting])
    level = maps.channel_offset_counts if cds else maps.channel_level_counts
    shape = (oversampling, *charge_fC.shape)
    noise = np.float32(preset.front_end.converter_noise_counts) * _normal(random, shape)
    counts = charge_fC * counts_per_fC + level + noise
    return np.clip(np.rint(counts), 0, geometry.full_scale).astype(np.uint16)


def expose(
    preset: Preset,
    maps: PixelMaps,
    *,
    dose_Gy: float,
    transmission: Map,
    integration_us: int,
    gain_setting: int,
    cds: bool,
    oversampling: int,
    random: np.random.Generator,
) -> npt.NDArray[np.uint16]:
    """Make the conversions of one scan, uint16 (oversampling, rows, columns)."""
    photons = absorb(preset, dose_Gy, transmission, random)
    charge_fC = convert(preset, maps, photons)
    charge_fC = leak(maps, charge_fC, integration_us, random)
    charge_fC = inject(maps, charge_fC)
    charge_fC = amplify(preset, maps, charge_fC, random)
    if not cds:
        charge_fC = skip_cds(preset, charge_fC, random)
    return digitise(
        preset, maps, charge_fC, gain_setting, random, cds=cds, oversampling=oversampling
    )


def imaging_mask(geometry: PanelDescription) -> npt.NDArray[np.bool_]:
    """Pixels inside the process ring."""
    return ~process_ring_mask(*geometry.shape, geometry.process_ring)


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> Map:
    return random.standard_normal(shape, dtype=np.float32)
