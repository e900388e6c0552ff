"""The channels' effects on a scan: coupling, noise and gain.

Charge maps are float32 (rows, columns), in fC. Each noise has a stream of its own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.constants import ELECTRON_FC
from fpxi_hwsim.physics.front_end.channels import ChannelMaps
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings

Map = npt.NDArray[np.float32]


def couple(front_end: FrontEndSettings, charge_fC: Map) -> Map:
    """Exchange charge between neighbouring channels; what one gives, its neighbours get."""
    if not front_end.crosstalk:
        return charge_fC
    exchanged_fC = (charge_fC[:, 1:] - charge_fC[:, :-1]) * np.float32(front_end.crosstalk)
    coupled_fC = charge_fC.copy()
    coupled_fC[:, :-1] += exchanged_fC
    coupled_fC[:, 1:] -= exchanged_fC
    return coupled_fC


def add_pixel_noise(
    pixel_noise_e: Map, charge_fC: Map, random: np.random.Generator, *, switch_noise_e: float = 0.0
) -> Map:
    """Add the white noise of each sample, and with it the kTC noise of each pixel's switch."""
    if switch_noise_e:
        noise_e = np.sqrt(pixel_noise_e * pixel_noise_e + np.float32(switch_noise_e**2))
    elif pixel_noise_e.any():
        noise_e = pixel_noise_e
    else:
        return charge_fC
    noise_fC: Map = noise_e * np.float32(ELECTRON_FC)
    noise_fC *= _normal(random, charge_fC.shape)
    noise_fC += charge_fC
    return noise_fC


def add_line_noise(front_end: FrontEndSettings, charge_fC: Map, random: np.random.Generator) -> Map:
    """Add the noise that the pixels of a row share."""
    if not front_end.line_noise_e:
        return charge_fC
    noise_fC = np.float32(front_end.line_noise_e * ELECTRON_FC)
    noisy_fC: Map = charge_fC + noise_fC * _normal(random, (len(charge_fC), 1))
    return noisy_fC


def add_column_noise(
    front_end: FrontEndSettings, charge_fC: Map, random: np.random.Generator
) -> Map:
    """Add the noise that the pixels of a column share in one scan."""
    if not front_end.column_noise_e:
        return charge_fC
    noise_fC = np.float32(front_end.column_noise_e * ELECTRON_FC)
    noisy_fC: Map = charge_fC + noise_fC * _normal(random, (charge_fC.shape[1],))
    return noisy_fC


def add_flicker(
    channels: ChannelMaps, charge_fC: Map, random: np.random.Generator, *, cds: bool = True
) -> Map:
    """Add the amplifiers' 1/f noise, correlated along the columns as they are read."""
    root_e = channels.flicker_cds_e if cds else channels.flicker_e
    if root_e is None:
        return charge_fC
    # In float64, so that no platform's order of summation shows in the float32 map.
    noise_e = root_e @ _normal(random, charge_fC.shape).astype(np.float64)
    noise_fC: Map = (noise_e * ELECTRON_FC).astype(np.float32)
    noise_fC += charge_fC
    return noise_fC


def amplify(channels: ChannelMaps, charge_fC: Map) -> Map:
    """Apply the gains of the channels, as far as the lines have settled."""
    amplified_fC: Map = charge_fC * channels.transfer
    return amplified_fC


def skip_cds(
    front_end: FrontEndSettings, charge_fC: Map, temperature_K: float, random: np.random.Generator
) -> Map:
    """Add the noise of the reset that each sample began with: kTC, which CDS would remove."""
    reset_e = front_end.reset_noise_e(temperature_K)
    if not reset_e:
        return charge_fC
    noise_fC = np.float32(reset_e * ELECTRON_FC)
    return charge_fC + noise_fC * _normal(random, charge_fC.shape)


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> Map:
    return random.standard_normal(shape, dtype=np.float32)
