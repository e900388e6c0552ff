"""How one panel came out of the factory: its maps, each drawn from a stream of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from fpxi_readout.protocol.generated import PanelDescription
from fpxi_readout.protocol.geometry import process_ring_mask
from PIL import Image

from fpxi_hwsim.physics.array.defects import Mask, draw_defects
from fpxi_hwsim.physics.array.settings import ArraySettings
from fpxi_hwsim.physics.array.switches import SwitchMaps, make_switch_maps
from fpxi_hwsim.physics.draws import PanelDraws
from fpxi_hwsim.physics.effects import PanelMap
from fpxi_hwsim.physics.front_end.channels import ChannelMaps, make_channel_maps
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings

Map = npt.NDArray[np.float32]
BLOTCHES = 7
"""film blotches across the panel"""
LEAST_RESPONSE = 0.05


@dataclass(frozen=True, slots=True)
class PanelMaps:
    """What differs from pixel to pixel of one panel: the truth that a calibration looks for.

    Maps are float32 or bool (rows, columns); those of the channels are (columns,).
    """

    response: Map
    """collected charge relative to the mean pixel; 0 where dead or in the process ring"""
    dark_factor: Map
    """dark current relative to the typical pixel; 0 where dead or in the process ring"""
    lag_factor: Map
    """lag relative to the typical pixel"""
    switches: SwitchMaps
    pixel_noise_e: Map
    """white noise of a read, root mean square"""
    channels: ChannelMaps
    dead: Mask
    hot: Mask
    noisy: Mask
    lagging: Mask
    blinking: Mask

    @property
    def defective(self) -> Mask:
        """Out of order in any way."""
        return self.dead | self.hot | self.noisy | self.lagging | self.blinking


def make_panel_maps(
    settings: ArraySettings,
    front_end: FrontEndSettings,
    geometry: PanelDescription,
    seed: int,
) -> PanelMaps:
    """Draw the maps of the panel with this seed.

    Raises
    ------
    UnphysicalError
        The settings do not fit the geometry: more defects than pixels, outputs that the columns
        do not divide into, switches or amplifiers too slow for the time of a line, errors too large
        for the converter.

    """
    draws = PanelDraws(seed)
    imaging = imaging_mask(geometry)
    defects = draw_defects(settings, imaging, draws)
    live = imaging & ~defects.dead
    factors = settings.defects
    dark = _log_normal(settings.dark_spread, live.shape, draws.of(PanelMap.DARK_CURRENT))
    lag = _log_normal(settings.lag_spread, live.shape, draws.of(PanelMap.LAG))
    noise = np.where(defects.noisy, factors.noisy_factor, 1.0) * front_end.pixel_noise_e
    return PanelMaps(
        response=np.where(live, _response(settings, live.shape, draws), 0).astype(np.float32),
        dark_factor=(dark * np.where(defects.hot, factors.hot_factor, 1.0) * live).astype(
            np.float32
        ),
        lag_factor=(lag * np.where(defects.lagging, factors.lagging_factor, 1.0) * live).astype(
            np.float32
        ),
        switches=make_switch_maps(settings, geometry, imaging, draws),
        pixel_noise_e=noise.astype(np.float32),
        channels=make_channel_maps(settings, front_end, geometry, draws),
        dead=defects.dead,
        hot=defects.hot,
        noisy=defects.noisy,
        lagging=defects.lagging,
        blinking=defects.blinking,
    )


def imaging_mask(geometry: PanelDescription) -> Mask:
    """Pixels inside the process ring."""
    return ~process_ring_mask(*geometry.shape, geometry.process_ring)


def _response(
    settings: ArraySettings, shape: tuple[int, ...], draws: PanelDraws
) -> npt.NDArray[np.float64]:
    """Film blotches times pixel spread."""
    film = 1 + settings.film_spread * _smooth_field(shape, draws.of(PanelMap.FILM_RESPONSE))
    pixels = draws.of(PanelMap.PIXEL_RESPONSE).standard_normal(shape)
    return np.maximum(film * (1 + settings.response_spread * pixels), LEAST_RESPONSE)


def _smooth_field(shape: tuple[int, ...], random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Zero mean, unit variance, features about a BLOTCHES-th of the panel; 0 on a lone pixel."""
    coarse = random.standard_normal((BLOTCHES, BLOTCHES)).astype(np.float32)
    fine = Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    field = np.asarray(fine, np.float64)
    spread = field.std()
    return (field - field.mean()) / spread if spread else np.zeros(shape)


def _log_normal(
    spread: float, shape: tuple[int, ...], random: np.random.Generator
) -> npt.NDArray[np.float64]:
    factor: npt.NDArray[np.float64] = np.exp(spread * random.standard_normal(shape))
    return factor
