"""Paper (A): the 64 x 64 TFT panels with films of BA2MA9Pb10I31."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import textbook as tb
from figures_bench import Bench
from figures_measure import detection_limit, flat_corrected, ordinary, sensitivity, typical
from figures_table import Figure, Row, Statement
from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.photoconductor import Photoconductor
from fpxi_hwsim.presets import Preset, find_preset
from fpxi_hwsim.presets.tft64_films import FILM_THICKNESS_UM
from textbook_edge import transfer_function

TIO2 = "tft64-ba2ma9pb10i31"
NO_TIO2 = "tft64-ba2ma9pb10i31-no-tio2"
CH3NH2 = "tft64-ba2ma9pb10i31-ch3nh2"
DOSE_RATES = (70e-9, 700e-9, 1.4e-6, 2.726e-6)
"""within the paper's range, in Gy/s"""
EDGES = ("edge:angle_deg=3", "edge:angle_deg=4", "edge:angle_deg=5")


def bench(name: str, field_V_cm: float = -100, url: str = "") -> Bench:
    return Bench(f"sim:{name}?object=none{url}", bias_V=field_V_cm * FILM_THICKNESS_UM * 1e-4)


def ideal_film(preset: Preset) -> Preset:
    """Full absorption, full collection, one electron for each pair, no spread of charge."""
    converter = Photoconductor(
        absorber=Absorber(thickness_um=FILM_THICKNESS_UM, absorbed_fraction=1.0),
        pair_energy_eV=preset.converter.pair_energy_eV,
    )
    return replace(preset, converter=converter, film=replace(preset.film, lag=()))


def ideal_bench() -> Bench:
    return Bench(f"sim:{TIO2}?object=none", preset=ideal_film(find_preset(TIO2)))


def ideal_sensitivity() -> float:
    return sensitivity(ideal_bench(), DOSE_RATES, 0.2).slope


def ideal_fluence() -> float:
    """Photons/cm²/Gy: mean squared over variance of a pixel, less the variance in the dark."""
    panel = ideal_bench()
    dose_rate, integration_s, frames = 2.726e-6, 0.2, 60
    dark = panel.frames(frames, integration_s)
    panel.beam(dose_rate)
    lit = panel.frames(frames, integration_s)
    quiet = dark.std(axis=0) < 2 * np.median(dark.std(axis=0))
    good = ordinary(lit.mean(axis=0) - dark.mean(axis=0)) & quiet
    # The variance of 60 frames is uncertain, its inverse biased: the mean is of the inverses.
    photons = 1 / np.mean(1 / tb.quanta(lit[:, good], dark[:, good]))
    return float(photons) / (dose_rate * integration_s * panel.area_cm2)


def biased_sensitivity(name: str, field_V_cm: float = -100, integration_s: float = 0.1) -> float:
    return sensitivity(bench(name, field_V_cm), DOSE_RATES, integration_s).slope


def limit(
    name: str, published_nGy_s: float, integration_s: float, field_V_cm: float = -100
) -> float:
    around = [part * published_nGy_s * 1e-9 for part in (0.7, 1.4)]
    panel = bench(name, field_V_cm)
    return detection_limit(panel, around, integration_s=integration_s) * 1e9


def resolution_lp_pixel() -> float:
    images = flat_corrected(bench(TIO2), EDGES, 2.726e-6, 0.35, 80)
    return transfer_function(images).frequency_at(0.2)


def dark_change_in_an_hour() -> float:
    """Largest change of the mean dark current, in per cent of its first value, 10 s after bias."""
    panel = bench(TIO2, 0)
    zero = panel.frames(20, 1.0).mean(axis=0)
    panel.bias_V = -100 * FILM_THICKNESS_UM * 1e-4
    panel.wait(10)
    means = [typical(frame - zero) for frame in panel.frames(61, 1.0, period_s=60)]
    return float(np.abs(np.divide(means, means[0]) - 1).max()) * 100


def change_after_456_Gy() -> float:
    """Change of the signal, in per cent, from the first to the last frames at 72.5 mGy/s."""
    panel = bench(TIO2)
    integration_s, dose_rate = 15e-6, 72.5e-3
    dark = panel.frames(50, integration_s).mean(axis=0)
    panel.beam(dose_rate)
    panel.wait(10)
    first = typical(panel.frames(50, integration_s).mean(axis=0) - dark)
    panel.wait(456 / dose_rate)
    last = typical(panel.frames(50, integration_s).mean(axis=0) - dark)
    return 100 * (last / first - 1)


def letters(dose_Gy: float) -> tb.Values:
    """Image of the letters C, A, E, P with this dose in all, in frames of a third of a second."""
    dose_rate = 2.726e-6
    frames = math.ceil(dose_Gy / dose_rate / 0.35)
    integration_s = dose_Gy / dose_rate / frames
    return flat_corrected(bench(TIO2), ("letters-caep",), dose_rate, integration_s, frames)[0]


def contrast_to_noise(dose_Gy: float) -> float:
    """Difference of field and letters over the noise of a pixel in the field."""
    image = letters(dose_Gy)
    middle = np.nanmean(np.nanpercentile(image, [2, 98]))
    inner = np.nan_to_num(image, nan=1.0)
    field = (image > middle) & (inner > middle)
    steel = image < middle
    centre = np.nanmedian(image[field])
    noise = np.nanpercentile(np.abs(image[field] - centre), 68.3)
    return float((centre - np.nanmedian(image[steel])) / noise)


def efficiency(name: str, integration_s: float) -> float:
    return 100 * biased_sensitivity(name, -100, integration_s) / ideal_sensitivity()


def dark_current_ratio() -> float:
    """Dark current without TiO2 over that with it, from frames of two integration times."""
    return dark_current_pA(NO_TIO2, (0.01, 0.03)) / dark_current_pA(TIO2, (0.1, 1.1))


def dark_current_pA(
    name: str, times_s: tuple[float, float], url: str = "", field_V_cm: float = -100
) -> float:
    panel = bench(name, field_V_cm, url)
    charges = [panel.currents_pA(20, t).mean(axis=0) * t for t in times_s]
    return typical((charges[1] - charges[0]) / (times_s[1] - times_s[0]))


def ion_energy_eV(name: str) -> float:
    """Slope of ln(conductivity x T) against 1/T where ions carry the current, 100 to 140 °C."""
    celsius = (110.0, 120.0, 130.0, 140.0)
    currents = [
        dark_current_pA(name, (0.0005, 0.002), f"&temperature_C={c:g}", field_V_cm=-1)
        for c in celsius
    ]
    return tb.activation_energy_eV(np.add(celsius, 273.15), currents).slope


FIGURES: list[Row] = [
    Figure(
        TIO2,
        "theoretical sensitivity S0",
        "µC/Gy/cm²",
        9070.8,
        ideal_sensitivity,
        "slope of current density against dose rate, film without loss or gain",
    ),
    Figure(
        TIO2,
        "photon fluence",
        "photons/cm²/Gy",
        6.22e12,
        ideal_fluence,
        "mean squared over variance of 60 frames, the same film",
    ),
    Figure(
        TIO2,
        "sensitivity at 0 V/cm",
        "µC/Gy/cm²",
        1500,
        lambda: biased_sensitivity(TIO2, 0),
        "slope at four dose rates",
        published_text="~1500",
    ),
    Figure(
        TIO2,
        "sensitivity at -100 V/cm",
        "µC/Gy/cm²",
        13700,
        lambda: biased_sensitivity(TIO2),
        "slope",
    ),
    Figure(
        TIO2,
        "sensitivity at -300 V/cm",
        "µC/Gy/cm²",
        29721.4,
        lambda: biased_sensitivity(TIO2, -300),
        "slope",
        published_text="29721.4",
    ),
    Figure(
        NO_TIO2,
        "sensitivity at -100 V/cm",
        "µC/Gy/cm²",
        6000,
        lambda: biased_sensitivity(NO_TIO2, -100, 0.02),
        "slope",
        published_text="~6000",
    ),
    Figure(
        CH3NH2,
        "sensitivity at -100 V/cm",
        "µC/Gy/cm²",
        3700,
        lambda: biased_sensitivity(CH3NH2, -100, 0.01),
        "slope",
        published_text="~3700",
    ),
    Figure(
        TIO2,
        "detection limit at -100 V/cm",
        "nGy/s",
        20.9,
        lambda: limit(TIO2, 20.9, 1.0),
        "signal three times the noise of 20 samples of 1 s",
        tolerance=0.04,
    ),
    Figure(
        TIO2,
        "detection limit at 0 V/cm",
        "nGy/s",
        40.1,
        lambda: limit(TIO2, 40.1, 1.0, 0),
        "the same",
        tolerance=0.04,
        published_text="~40.1",
    ),
    Figure(
        NO_TIO2,
        "detection limit at -100 V/cm",
        "nGy/s",
        44.2,
        lambda: limit(NO_TIO2, 44.2, 1 / 40),
        "the same, each sample 40 frames",
        tolerance=0.04,
    ),
    Figure(
        CH3NH2,
        "detection limit at -100 V/cm",
        "nGy/s",
        55.8,
        lambda: limit(CH3NH2, 55.8, 0.01),
        "the same, each sample 100 frames",
        tolerance=0.04,
        quick=False,
    ),
    Figure(
        TIO2,
        "resolution at MTF 0.2",
        "lp/pixel",
        0.72,
        resolution_lp_pixel,
        "slanted edge at 3°, 4° and 5°, 80 frames each",
        published_text="0.72 (3.6 lp/mm)",
    ),
    Figure(
        TIO2,
        "ion migration energy",
        "eV",
        0.632,
        lambda: ion_energy_eV(NO_TIO2),
        "slope of ln(σT) against 1/T, 110 to 140 °C, film without TiO2",
    ),
    Figure(
        CH3NH2,
        "ion migration energy",
        "eV",
        0.589,
        lambda: ion_energy_eV(CH3NH2),
        "slope of ln(σT) against 1/T, 110 to 140 °C",
    ),
    Figure(
        TIO2,
        "detection efficiency S/S0",
        "%",
        151.5,
        lambda: efficiency(TIO2, 0.1),
        "ratio of two slopes",
    ),
    Figure(
        NO_TIO2,
        "detection efficiency S/S0",
        "%",
        67.2,
        lambda: efficiency(NO_TIO2, 0.02),
        "ratio of two slopes",
        tolerance=0.03,
    ),
    Figure(
        CH3NH2,
        "detection efficiency S/S0",
        "%",
        40.7,
        lambda: efficiency(CH3NH2, 0.01),
        "ratio of two slopes",
    ),
    Statement(
        NO_TIO2,
        "dark current over that with TiO2",
        "",
        "hundreds of times",
        dark_current_ratio,
        "charge against integration time",
        least=100,
        most=1000,
    ),
    Statement(
        TIO2,
        "change of the dark current in 1 h",
        "%",
        "not significant",
        dark_change_in_an_hour,
        "61 frames, one a minute",
        most=2,
    ),
    Statement(
        TIO2,
        "change of the signal after 456 Gy",
        "%",
        "stable",
        change_after_456_Gy,
        "50 frames before and after",
        least=-2,
        most=2,
    ),
    Statement(
        TIO2,
        "contrast to noise, letters at 18.5 µGy",
        "",
        "outline visible",
        lambda: contrast_to_noise(18.5e-6),
        "field less steel over the field's noise",
        least=5,
    ),
    Statement(
        TIO2,
        "contrast to noise, letters at 50 µGy",
        "",
        "good",
        lambda: contrast_to_noise(50e-6),
        "the same",
        least=10,
    ),
]
