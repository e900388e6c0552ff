"""The pixel switches and the lines that serve them, as maps of one panel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from fpxi_readout.protocol.generated import PanelDescription

from fpxi_hwsim.physics.array.settings import ArraySettings
from fpxi_hwsim.physics.draws import PanelDraws
from fpxi_hwsim.physics.effects import PanelMap
from fpxi_hwsim.physics.limits import require

Map = npt.NDArray[np.float32]
MOST_REMAINING = 0.9
EMPTIED = 1e3
"""time constants after which nothing is left on a pixel"""
LEAST_CAPACITANCE = 0.2
"""of a pixel, relative to the mean"""


@dataclass(frozen=True, slots=True)
class SwitchMaps:
    """What the switches of one panel do to its charge; (rows, columns), None where nothing."""

    pedestal_fC: Map | None
    """charge that switching injects, signed"""
    full_well_fC: Map | None
    """charge that a pixel holds, of either sign"""
    remaining: Map | None
    """part of a pixel's charge that stays there when its row is read, for the next time"""
    leakage_per_s: Map | None
    """part of a pixel's charge that flows to the data line in each second while it is off"""


def make_switch_maps(
    settings: ArraySettings,
    geometry: PanelDescription,
    imaging: npt.NDArray[np.bool_],
    draws: PanelDraws,
) -> SwitchMaps:
    """Draw the maps of the switches.

    Raises
    ------
    UnphysicalError
        Reading a row leaves nearly all of the charge on its pixels, or ends before its far switches
        conduct.

    """
    spread = settings.capacitance_spread * _normal(draws, PanelMap.CAPACITANCE, imaging.shape)
    capacitance = np.maximum(1 + spread, LEAST_CAPACITANCE)
    full_well = None
    if settings.full_well_fC is not None:
        full_well = (settings.full_well_fC * capacitance).astype(np.float32)
    return SwitchMaps(
        pedestal_fC=_pedestal_fC(settings, imaging, draws),
        full_well_fC=full_well,
        remaining=_remaining(settings, geometry, capacitance),
        leakage_per_s=_leakage_per_s(settings, capacitance, draws),
    )


def _pedestal_fC(
    settings: ArraySettings, imaging: npt.NDArray[np.bool_], draws: PanelDraws
) -> Map | None:
    """Charge through the gate's overlap: less where the gate line's edge has become slow."""
    along = np.linspace(0, 1, imaging.shape[1]) if imaging.shape[1] > 1 else np.zeros(1)
    spread = settings.pedestal_spread_fC * _normal(draws, PanelMap.PEDESTAL, imaging.shape)
    ring = np.where(imaging, 0.0, settings.ring_pedestal_fC)
    pedestal = settings.pedestal_fC * (1 - settings.gate_droop * along) + spread + ring
    return pedestal.astype(np.float32) if pedestal.any() else None


def _remaining(
    settings: ArraySettings, geometry: PanelDescription, capacitance: npt.NDArray[np.float64]
) -> Map | None:
    """Return exp(-t / RC), t being what the gate line's delay leaves of the time of a line."""
    # MOhm times fF are ns.
    discharge_us = settings.on_resistance_MOhm * settings.pixel_capacitance_fF * 1e-3
    if not discharge_us:
        return None
    require("array.gate_line_us", settings.gate_line_us, most=2 * geometry.line_time_us)
    along = np.arange(1, geometry.columns + 1) / geometry.columns
    # The delay of a distributed line grows with the square of its length (Elmore: RC / 2).
    open_us = geometry.line_time_us - 0.5 * settings.gate_line_us * along**2
    time_constant_us = np.maximum(discharge_us * capacitance, geometry.line_time_us / EMPTIED)
    remaining = np.exp(-open_us / time_constant_us).astype(np.float32)
    require("array: part of the charge left by a read", float(remaining.max()), most=MOST_REMAINING)
    return remaining if remaining.any() else None


def _leakage_per_s(
    settings: ArraySettings, capacitance: npt.NDArray[np.float64], draws: PanelDraws
) -> Map | None:
    """Return the conductance of the switch that is off over the pixel's capacitance."""
    if not (settings.off_conductance_fS and settings.pixel_capacitance_fF):
        return None
    spread = np.exp(settings.leakage_spread * _normal(draws, PanelMap.LEAKAGE, capacitance.shape))
    rate_per_s = settings.off_conductance_fS / settings.pixel_capacitance_fF
    return (rate_per_s * spread / capacitance).astype(np.float32)


def _normal(
    draws: PanelDraws, panel_map: PanelMap, shape: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    return draws.of(panel_map).standard_normal(shape)
