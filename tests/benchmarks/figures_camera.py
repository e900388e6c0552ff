"""Paper (C): a camera behind screens of CsI:Tl and CsPbBr3."""

from __future__ import annotations

import numpy as np
import textbook as tb
from figures_bench import Bench
from figures_measure import flat_corrected
from figures_table import Figure, Row, Statement
from fpxi_hwsim.physics.materials.attenuation import attenuation_per_cm
from textbook_edge import transfer_function

EU_GLASS, GLASS, CRYSTALS, CSI = (
    "cspbbr3-eu-glass",
    "cspbbr3-glass",
    "cspbbr3-nanocrystals",
    "csi-tl",
)
DOSE_RATE = 1.89e-4
LOW_DOSE_RATE = 4.72e-5
CSI_YIELD_PER_MEV = 54_000.0
"""usual; the light yield of the glass is measured against it, as the paper does against LuAG:Ce"""
AFTERGLOW_S = 0.01
FRAMES = 16


def bench(name: str) -> Bench:
    return Bench(f"sim:{name}?object=none")


def resolution_lp_mm(
    name: str, half_width: float = 16, reach: int = 4, frames: int = FRAMES
) -> float:
    panel = bench(name)
    image = flat_corrected(panel, ("edge:angle_deg=3",), DOSE_RATE, 0.05, frames)
    found = transfer_function(image, half_width_pixels=half_width, reach_pixels=reach)
    return found.frequency_at(0.2) / (panel.geometry.pitch_um * 1e-3)


def signal(name: str, dose_rate: float = DOSE_RATE) -> float:
    """Counts of a frame of 50 ms above the dark, mean of the image."""
    panel = bench(name)
    panel.beam(0)
    dark = panel.frames(10, 0.05)
    panel.beam(dose_rate)
    panel.wait(1)
    return middle_mean(panel.frames(10, 0.05).mean(axis=0) - dark.mean(axis=0))


def light_yield_per_MeV() -> float:
    """Light of the glass over that of CsI:Tl, both for the same energy absorbed.

    What each absorbs is known from tables: the paper counts the whole glass as absorber.
    """
    absorbed = {name: absorbed_energy(name) for name in (EU_GLASS, CSI)}
    ratio = signal(EU_GLASS) / signal(CSI) * absorbed[CSI] / absorbed[EU_GLASS]
    return CSI_YIELD_PER_MEV * ratio


def absorbed_energy(name: str) -> float:
    """Part of the beam's energy that a screen of known material and thickness absorbs."""
    from fpxi_hwsim.presets import find_preset

    preset = find_preset(name)
    spectrum = preset.beam.spectrum()
    absorber = preset.converter.absorber
    total = attenuation_per_cm(absorber.material, spectrum.energy_keV)
    photo = attenuation_per_cm(absorber.material, spectrum.energy_keV, kind="photo")
    absorbed = photo / total * -np.expm1(-total * absorber.thickness_um * 1e-4)
    energy = spectrum.energy_keV * spectrum.photons_per_Gy_cm2
    return float(absorbed @ energy / energy.sum())


def superlinearity() -> float:
    """Exponent of the light against the dose rate between the paper's two."""
    return float(
        np.log(signal(EU_GLASS) / signal(EU_GLASS, LOW_DOSE_RATE))
        / np.log(DOSE_RATE / LOW_DOSE_RATE)
    )


def middle_mean(values: tb.Values) -> float:
    """Mean without the highest and the lowest hundredth: a median of counts comes in steps."""
    low, high = np.percentile(values, [1, 99])
    return float(values[(values >= low) & (values <= high)].mean())


def afterglow(name: str, after_s: float = AFTERGLOW_S) -> float:
    """Light that is left this long after the beam, in per cent of that in it."""
    panel = bench(name)
    dark = panel.frames(100, 0.005).mean(axis=0)
    lit, left = [], []
    for _ in range(20):
        panel.beam(DOSE_RATE)
        panel.wait(5)
        lit.append(panel.frames(2, 0.005)[-1])
        panel.beam(0)
        panel.wait(after_s - 0.005)
        left.append(panel.frames(1, 0.005)[0])
        panel.wait(20)
    means = [middle_mean(np.mean(frames, axis=0) - dark) for frames in (left, lit)]
    return 100 * float(tb.remaining(means[0], lit=means[1], dark=0))


FIGURES: list[Row] = [
    Figure(
        EU_GLASS,
        "resolution at MTF 0.2",
        "lp/mm",
        15.0,
        lambda: resolution_lp_mm(EU_GLASS, frames=4 * FRAMES),
        "slanted edge at 3°, 64 frames",
    ),
    Figure(
        GLASS,
        "resolution at MTF 0.2",
        "lp/mm",
        4.1,
        lambda: resolution_lp_mm(GLASS, 32, 14),
        "the same, 16 frames",
    ),
    Figure(
        CRYSTALS,
        "resolution at MTF 0.2",
        "lp/mm",
        1.5,
        lambda: resolution_lp_mm(CRYSTALS, 64, 36),
        "the same",
        tolerance=0.03,
        quick=False,
    ),
    Figure(
        CSI,
        "resolution at MTF 0.2",
        "lp/mm",
        10.0,
        lambda: resolution_lp_mm(CSI, 16, 6),
        "the same",
        published_text="~10",
    ),
    Figure(
        EU_GLASS,
        "light yield",
        "photons/MeV",
        10100,
        light_yield_per_MeV,
        "light over that of CsI:Tl (54000), for the energy absorbed",
    ),
    Statement(
        EU_GLASS,
        "exponent of the light in the dose rate",
        "",
        "super-linear",
        superlinearity,
        "two dose rates, 47.2 and 189 µGy/s",
        least=1.02,
    ),
    Statement(
        CSI,
        "afterglow 10 ms after the beam",
        "%",
        "visible",
        lambda: afterglow(CSI),
        "20 frames of 5 ms, each after a pulse of 5 s",
        least=0.5,
    ),
    Statement(
        EU_GLASS,
        "afterglow 10 ms after the beam",
        "%",
        "none",
        lambda: afterglow(EU_GLASS),
        "the same; statistical error about 0.2 %",
        least=-0.6,
        most=0.6,
    ),
]
