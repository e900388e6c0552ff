"""Paper (E): single pixels of MAPbI3, their surface treated and not."""

from __future__ import annotations

from functools import cache

import numpy as np
import textbook as tb
from figures_bench import Bench
from figures_measure import current_samples, sensitivity
from figures_table import Figure, Row, Statement

TREATED, UNTREATED = "pixel-mapbi3", "pixel-mapbi3-untreated"
DOSE_RATES = (1e-6, 5e-6, 1e-5, 2.03e-5)


def bench(name: str, url: str = "", bias_V: float = 5) -> Bench:
    return Bench(f"sim:{name}?object=none{url}", bias_V=bias_V)


def slope() -> float:
    return sensitivity(bench(TREATED), DOSE_RATES, 0.1, frames=20).slope


def limit_nGy_s(records: int = 160) -> float:
    """From the mean signal and noise of records of 60 samples of 1 s, each with its own noise."""
    dose_rates = (1.0e-9, 2.2e-9)
    samples: dict[float, list[tb.Values]] = {rate: [] for rate in (0.0, *dose_rates)}
    for seed in range(records):
        panel = bench(TREATED, f"&noise_seed={seed}")
        for rate, record in samples.items():
            panel.beam(rate)
            record.append(current_samples(panel, 60, 1.0, 1.0, range_number=6)[:, 0, 0])
    dark, *lit = (np.transpose(record) for record in samples.values())
    ratios = [tb.signal_to_noise(each, dark) for each in lit]
    return tb.limit_of_detection(dose_rates, ratios) * 1e9


@cache
def spectrum(name: str = TREATED) -> tb.NoiseSpectrum:
    """Noise of the dark current, sampled at 20 Hz for 800 s."""
    currents = current_samples(bench(name), 16_384, 0.05, 0.05, range_number=5)
    return tb.noise_spectrum(currents[:, 0, 0] * 1e-12, 20.0, 1024).below(2.0)


def drift_in_800_minutes(name: str) -> float:
    """Largest change of the dark current after bias, in per cent of its first value."""
    panel = bench(name, bias_V=0)
    zero = panel.currents_pA(10, 0.1, range_number=6).mean()
    panel.bias_V = 5
    currents = panel.currents_pA(801, 0.1, period_s=60, range_number=6)[:, 0, 0] - zero
    first = currents[:5].mean()
    smooth = currents[: 800 // 5 * 5].reshape(-1, 5).mean(axis=1)
    return 100 * float(np.abs(smooth / first - 1).max())


def ion_energy_eV(name: str, celsius: tuple[float, ...]) -> float:
    """Slope of ln(conductivity x T) against 1/T where ions carry the current, right after bias."""
    currents = []
    for degrees in celsius:
        panel = bench(name, f"&temperature_C={degrees:g}", bias_V=0)
        zero = panel.currents_pA(20, 0.005).mean()
        panel.bias_V = 5
        currents.append(panel.currents_pA(5, 0.005).mean() - zero)
    return tb.activation_energy_eV(np.add(celsius, 273.15), currents).slope


FIGURES: list[Row] = [
    Figure(
        TREATED,
        "sensitivity, slope",
        "µC/Gy/cm²",
        7.1e5,
        slope,
        "slope at four dose rates up to 20.3 µGy/s",
    ),
    Figure(
        TREATED,
        "detection limit",
        "nGy/s",
        1.5,
        limit_nGy_s,
        "signal three times the noise of 60 samples of 1 s, 160 records",
        tolerance=0.06,
    ),
    Figure(
        TREATED,
        "noise at 1 Hz",
        "A/√Hz",
        1e-10,
        lambda: spectrum().at(1.0),
        "Welch, line through the spectrum of the dark current",
        tolerance=0.1,
        published_text="~1e-10",
    ),
    Figure(
        TREATED,
        "slope of the noise power",
        "",
        -1,
        lambda: spectrum().power_slope.slope,
        "the same",
        tolerance=0.1,
        published_text="1/f",
    ),
    Figure(
        TREATED,
        "ion migration energy",
        "eV",
        1.784,
        lambda: ion_energy_eV(TREATED, (45, 50, 55, 60)),
        "slope of ln(σT) against 1/T, 45 to 60 °C",
    ),
    Figure(
        UNTREATED,
        "ion migration energy",
        "eV",
        0.984,
        lambda: ion_energy_eV(UNTREATED, (50, 60, 70, 80)),
        "slope of ln(σT) against 1/T, 50 to 80 °C",
    ),
    Statement(
        TREATED,
        "change of the dark current in 800 min",
        "%",
        "none",
        lambda: drift_in_800_minutes(TREATED),
        "means of 5 frames, one a minute",
        most=2,
    ),
    Statement(
        UNTREATED,
        "change of the dark current in 800 min",
        "%",
        "drifts",
        lambda: drift_in_800_minutes(UNTREATED),
        "the same",
        least=15,
    ),
]
