"""The read-out channels of one panel: gains, offsets, 1/f noise and converter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from fpxi_readout.protocol.generated import PanelDescription

from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.array.settings import ArraySettings
from fpxi_hwsim.physics.draws import PanelDraws
from fpxi_hwsim.physics.effects import PanelMap
from fpxi_hwsim.physics.front_end.converter import make_codes
from fpxi_hwsim.physics.front_end.flicker import flicker_root
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings

Map = npt.NDArray[np.float32]
LEAST_RESISTANCE = 0.1
"""of a data line, relative to the mean"""
SETTLED = 1e3
"""time constants after which nothing is left to settle"""


@dataclass(frozen=True, slots=True)
class ChannelMaps:
    """What differs from channel to channel of one panel."""

    gain: Map
    """of the amplifiers, (columns,)"""
    transfer: Map
    """gain as each pixel meets it: the amplifier's, and how far the data line has settled.
    (columns,), or (rows, columns) where the lines have resistance"""
    offset_counts: Map
    """(columns,)"""
    level_counts: Map
    """(columns,): offset and reset level, where CDS does not subtract the latter"""
    flicker_e: npt.NDArray[np.float64] | None
    """root of the covariance of the 1/f noise along a column, (rows, rows), without CDS"""
    flicker_cds_e: npt.NDArray[np.float64] | None
    """the same with CDS"""
    codes: npt.NDArray[np.uint16] | None
    """the converter's codes for its input in steps of 1 / STEPS counts; None where ideal"""


def make_channel_maps(
    array: ArraySettings,
    front_end: FrontEndSettings,
    geometry: PanelDescription,
    draws: PanelDraws,
) -> ChannelMaps:
    """Draw the maps of the channels.

    Raises
    ------
    UnphysicalError
        The columns do not divide into the outputs, the amplifiers or the two samples of CDS take
        longer than a line, or the converter's errors are larger than it can have.

    """
    columns = geometry.columns
    gain = 1 + front_end.channel_spread * _normal(draws, PanelMap.CHANNEL_GAIN, columns)
    offset = _offset_counts(front_end, columns, draws)
    level = front_end.reset_level_spread_counts * _normal(draws, PanelMap.RESET_LEVEL, columns)
    without_cds, with_cds = (
        flicker_root(front_end, geometry.rows, geometry.line_time_us, cds=cds)
        for cds in (False, True)
    )
    return ChannelMaps(
        gain=gain.astype(np.float32),
        transfer=_transfer(array, geometry, gain, draws),
        offset_counts=offset.astype(np.float32),
        level_counts=(offset + front_end.reset_level_counts + level).astype(np.float32),
        flicker_e=without_cds,
        flicker_cds_e=with_cds,
        codes=make_codes(front_end, geometry.full_scale, draws.of(PanelMap.NONLINEARITY)),
    )


def _offset_counts(
    front_end: FrontEndSettings, columns: int, draws: PanelDraws
) -> npt.NDArray[np.float64]:
    """Each column's offset, and that of the output it shares with its neighbours."""
    if columns % front_end.outputs:
        raise UnphysicalError("front_end.outputs", front_end.outputs, f"a divisor of {columns}")
    channels = _normal(draws, PanelMap.CHANNEL_OFFSET, columns)
    outputs = _normal(draws, PanelMap.OUTPUT_OFFSET, front_end.outputs)
    shared = np.repeat(outputs, columns // front_end.outputs)
    return (
        front_end.offset_counts
        + front_end.channel_offset_spread_counts * channels
        + front_end.output_offset_spread_counts * shared
    )


def _transfer(
    array: ArraySettings,
    geometry: PanelDescription,
    gain: npt.NDArray[np.float64],
    draws: PanelDraws,
) -> Map:
    """Return 1 - exp(-t / RC) times the gain, R being the data line's as far as the pixel."""
    if not array.data_line_us:
        return gain.astype(np.float32)
    rows = np.arange(1, geometry.rows + 1)
    length = geometry.rows
    if array.amplifiers_at_both_ends:
        rows, length = np.minimum(rows, rows[::-1]), (geometry.rows + 1) // 2
    spread = array.line_resistance_spread * _normal(
        draws, PanelMap.LINE_RESISTANCE, geometry.columns
    )
    line_us = array.data_line_us * np.maximum(1 + spread, LEAST_RESISTANCE)
    settling_us = np.maximum(np.outer(rows / length, line_us), geometry.line_time_us / SETTLED)
    settled = -np.expm1(-geometry.line_time_us / settling_us)
    return (settled * gain).astype(np.float32)


def _normal(draws: PanelDraws, panel_map: PanelMap, count: int) -> npt.NDArray[np.float64]:
    return draws.of(panel_map).standard_normal(count)
