"""How one panel came out of the factory: its maps, drawn from its seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from fpxi_hwsim.array import Map, PixelMaps, imaging_mask
from fpxi_hwsim.presets import Defects, Preset

Mask = npt.NDArray[np.bool_]
BLOTCHES = 7
"""film blotches across the panel"""


def make_pixel_maps(preset: Preset, seed: int) -> PixelMaps:
    """Draw the maps of the panel with this seed."""
    random = np.random.Generator(np.random.Philox(key=seed))
    imaging = imaging_mask(preset.geometry)
    dead, hot, noisy = _defect_masks(preset.defects, imaging, random)
    return PixelMaps(
        response=np.where(imaging & ~dead, _response(preset, random), 0).astype(np.float32),
        dark_current_pA=_dark_current_pA(preset, imaging & ~dead, hot, random),
        pedestal_fC=_pedestal_fC(preset, imaging, random),
        pixel_noise_e=_pixel_noise_e(preset, noisy),
        channel_gain=_channel_gain(preset, random),
        channel_offset_counts=(offset := _channel_offset_counts(preset, random)),
        channel_level_counts=offset + _reset_level_counts(preset, random),
        dead=dead,
        hot=hot,
        noisy=noisy,
    )


def _response(preset: Preset, random: np.random.Generator) -> Map:
    """Film blotches times pixel spread."""
    shape, sensor = preset.geometry.shape, preset.sensor
    film = 1 + sensor.film_spread * _smooth_field(shape, random)
    pixels = 1 + sensor.response_spread * random.standard_normal(shape)
    response: Map = np.maximum(film * pixels, 0.05)
    return response


def _smooth_field(shape: tuple[int, int], random: np.random.Generator) -> Map:
    """Zero mean, unit variance, features about a BLOTCHES-th of the panel."""
    coarse = random.standard_normal((BLOTCHES, BLOTCHES), dtype=np.float32)
    fine = Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    field: Map = np.asarray(fine)
    normalised: Map = (field - field.mean()) / field.std()
    return normalised


def _dark_current_pA(preset: Preset, live: Mask, hot: Mask, random: np.random.Generator) -> Map:
    sensor = preset.sensor
    spread = np.exp(sensor.dark_current_spread * random.standard_normal(live.shape))
    factor = np.where(hot, preset.defects.hot_factor, 1.0)
    dark: Map = (sensor.dark_current_pA * spread * factor * live).astype(np.float32)
    return dark


def _pedestal_fC(preset: Preset, imaging: Mask, random: np.random.Generator) -> Map:
    front_end = preset.front_end
    spread = front_end.pedestal_spread_fC * random.standard_normal(imaging.shape)
    ring = np.where(imaging, 0.0, front_end.ring_pedestal_fC)
    pedestal: Map = (front_end.pedestal_fC + spread + ring).astype(np.float32)
    return pedestal


def _pixel_noise_e(preset: Preset, noisy: Mask) -> Map:
    factor = np.where(noisy, preset.defects.noisy_factor, 1.0)
    noise: Map = (preset.front_end.pixel_noise_e * factor).astype(np.float32)
    return noise


def _channel_gain(preset: Preset, random: np.random.Generator) -> Map:
    spread = preset.front_end.channel_spread * random.standard_normal(preset.geometry.columns)
    gain: Map = (1 + spread).astype(np.float32)
    return gain


def _channel_offset_counts(preset: Preset, random: np.random.Generator) -> Map:
    """Each column's offset, and that of the output it shares with its neighbours."""
    front_end, columns = preset.front_end, preset.geometry.columns
    channels = front_end.channel_offset_spread_counts * random.standard_normal(columns)
    outputs = front_end.output_offset_spread_counts * random.standard_normal(front_end.outputs)
    shared = np.repeat(outputs, columns // front_end.outputs)
    offset: Map = (front_end.offset_counts + channels + shared).astype(np.float32)
    return offset


def _reset_level_counts(preset: Preset, random: np.random.Generator) -> Map:
    front_end, columns = preset.front_end, preset.geometry.columns
    spread = front_end.reset_level_spread_counts * random.standard_normal(columns)
    level: Map = (front_end.reset_level_counts + spread).astype(np.float32)
    return level


def _defect_masks(
    defects: Defects, imaging: Mask, random: np.random.Generator
) -> tuple[Mask, Mask, Mask]:
    """Dead, hot and noisy pixels, none twice; then the interrupted column among the dead."""
    counts = (defects.dead, defects.hot, defects.noisy)
    chosen = random.choice(np.flatnonzero(imaging), sum(counts), replace=False)
    dead, hot, noisy = (
        _mask(imaging.shape, pixels) for pixels in np.split(chosen, np.cumsum(counts)[:-1])
    )
    column = _interrupted_column(defects.dead_column_rows, imaging, random)
    return dead | column, hot & ~column, noisy & ~column


def _mask(shape: tuple[int, ...], pixels: npt.NDArray[np.int64]) -> Mask:
    mask = np.zeros(shape, np.bool_)
    mask.flat[pixels] = True
    return mask


def _interrupted_column(rows: int, imaging: Mask, random: np.random.Generator) -> Mask:
    """Mark the far end of one read-out line, cut off from its amplifier."""
    column = int(random.choice(np.flatnonzero(imaging.any(axis=0))))
    far_end = np.flatnonzero(imaging[:, column])[-rows:] if rows else np.array([], np.int64)
    mask = np.zeros(imaging.shape, np.bool_)
    mask[far_end, column] = True
    return mask
