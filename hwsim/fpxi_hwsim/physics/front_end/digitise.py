"""From the amplifiers' charge to samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fpxi_readout.protocol.generated import PanelDescription

from fpxi_hwsim.physics.front_end.channels import ChannelMaps
from fpxi_hwsim.physics.front_end.converter import STEPS
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings

Map = npt.NDArray[np.float32]
Samples = npt.NDArray[np.uint16]


def digitise(
    front_end: FrontEndSettings,
    channels: ChannelMaps,
    geometry: PanelDescription,
    charge_fC: Map,
    random: np.random.Generator,
    *,
    gain_setting: int,
    cds: bool = True,
    oversampling: int = 1,
) -> Samples:
    """Convert the charge of each pixel to counts, (oversampling, rows, columns).

    Only the converter's noise differs between the conversions of a pixel. The converter ends at 0
    and at full scale. Without CDS, the front end's reset level stays in the counts.
    """
    scale = front_end.polarity * geometry.full_scale / geometry.full_scale_fC[gain_setting]
    level = channels.offset_counts if cds else channels.level_counts
    counts = charge_fC * np.float32(scale)
    counts += level
    conversions = _conversions(front_end, counts, oversampling, random)
    np.clip(conversions, 0, geometry.full_scale, out=conversions)
    if channels.codes is None:
        return np.rint(conversions, out=conversions).astype(np.uint16)
    conversions *= np.float32(STEPS)
    return channels.codes.take(conversions.astype(np.int32))


def _conversions(
    front_end: FrontEndSettings, counts: Map, oversampling: int, random: np.random.Generator
) -> Map:
    """Return the converter's inputs, with its noise; a new map."""
    shape = (oversampling, *counts.shape)
    if not front_end.converter_noise_counts:
        return np.broadcast_to(counts, shape).copy()
    conversions: Map = random.standard_normal(shape, dtype=np.float32)
    conversions *= np.float32(front_end.converter_noise_counts)
    conversions += counts
    return conversions
