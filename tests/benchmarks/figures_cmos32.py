"""Paper (D): the 32 x 32 CMOS dies with crystals of CsPbBr3."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import textbook as tb
from figures_bench import Bench
from figures_measure import ordinary, sensitivity, typical
from figures_table import Figure
from fpxi_hwsim.physics.conversion.collection import Carrier, Transport
from fpxi_hwsim.presets import Preset, find_preset

PASSIVATED = "cmos32-cspbbr3"
UNPASSIVATED = "cmos32-cspbbr3-unpassivated"
DOSE_RATES = (32e-6, 150e-6, 300e-6, 494e-6)
"""the paper's, in Gy/s"""
PIXELS = 1024


def bench(name: str = PASSIVATED, bias_V: float = -100) -> Bench:
    return Bench(f"sim:{name}?object=none", bias_V=bias_V)


def response(bias_V: float) -> float:
    return sensitivity(bench(bias_V=bias_V), DOSE_RATES, 0.003, frames=30).slope


def without_surface_loss(preset: Preset) -> Preset:
    """The crystal of which the paper calculates the intrinsic sensitivity."""
    electrons = preset.converter.transport.electrons.mu_tau_cm2_V
    holes = preset.converter.transport.holes.mu_tau_cm2_V
    transport = Transport(Carrier(electrons), Carrier(holes))
    return replace(preset, converter=replace(preset.converter, transport=transport))


def intrinsic_sensitivity() -> float:
    preset = without_surface_loss(find_preset(PASSIVATED))
    panel = Bench(f"sim:{PASSIVATED}?object=none", preset=preset, bias_V=-100)
    return sensitivity(panel, DOSE_RATES, 0.01).slope


def dark_current_nA(bias_V: float) -> float:
    """Of the whole die: slope of the charge against the integration time, times its pixels."""
    panel = bench(bias_V=bias_V)
    times_s = (0.001, 0.003)
    charges = [panel.currents_pA(40, t).mean(axis=0) * t for t in times_s]
    current_pA = typical((charges[1] - charges[0]) / (times_s[1] - times_s[0]))
    return current_pA * PIXELS * 1e-3


def linear_range(name: str) -> tb.LinearRange:
    """Dose rates, four a decade, on the line and above the detection limit.

    The limit is that of the mean of 26 frames, of half a second in all, by its standard error.
    """
    panel = bench(name)
    rates = 2e-8 * 10 ** (np.arange(28) / 4)
    frames = 26
    currents, ratios = [], []
    for rate in rates:
        integration_s = min(0.02, 2e-6 / rate)
        panel.beam(0)
        dark = panel.currents_pA(frames, integration_s)
        panel.beam(rate)
        lit = panel.currents_pA(frames, integration_s)
        signal = lit.mean(axis=0) - dark.mean(axis=0)
        good = ordinary(signal) & ordinary(lit.std(axis=0))
        currents.append(float(signal[good].mean()))
        ratios.append(tb.signal_to_noise(lit[:, good], dark[:, good]) * frames**0.5)
    limit = tb.limit_of_detection(rates, ratios)
    seen = rates > limit
    found = tb.linear_range(rates[seen], np.compress(seen, currents), deviation=0.05)
    linear_to_the_limit = np.isclose(found.lowest, rates[seen][0])
    return tb.LinearRange(limit if linear_to_the_limit else found.lowest, found.highest)


FIGURES = [
    Figure(
        PASSIVATED,
        "sensitivity at -100 V",
        "µC/Gy/cm²",
        396,
        lambda: sensitivity(bench(), DOSE_RATES, 0.01).slope,
        "slope at four dose rates",
    ),
    Figure(
        PASSIVATED,
        "intrinsic sensitivity",
        "µC/Gy/cm²",
        474,
        intrinsic_sensitivity,
        "slope, crystal without surface recombination",
    ),
    Figure(
        PASSIVATED,
        "response at +95 V over that at -73 V",
        "",
        -1,
        lambda: response(95) / response(-73),
        "ratio of two slopes",
        published_text="equal and opposite",
    ),
    Figure(
        PASSIVATED,
        "dark current at -100 V",
        "nA",
        -14,
        lambda: -dark_current_nA(-100),
        "charge against integration time, times 1024 pixels",
    ),
    Figure(
        PASSIVATED, "dark current at +100 V", "nA", 166, lambda: -dark_current_nA(100), "the same"
    ),
    Figure(
        PASSIVATED,
        "linear dynamic range",
        "dB",
        106,
        lambda: linear_range(PASSIVATED).decibels,
        "dose rates with a signal three times the noise and 5 % or less off the line",
        tolerance=0.03,
        published_text="106 (0.165 to 32920 µGy/s)",
    ),
    Figure(
        UNPASSIVATED,
        "linear dynamic range",
        "dB",
        68,
        lambda: linear_range(UNPASSIVATED).decibels,
        "the same",
        tolerance=0.04,
    ),
]
