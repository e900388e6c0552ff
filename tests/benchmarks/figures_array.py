"""Paper (B): the array of 7 x 11 etched electrodes."""

from __future__ import annotations

import numpy as np
from figures_bench import Bench
from figures_measure import flat_corrected
from figures_table import Figure, Row, Statement
from textbook_edge import transfer_function

ARRAY = "array-7x11"


def resolution_lp_mm() -> float:
    """Seventy-seven pixels are too few for one edge: it is moved in steps across the array."""
    panel = Bench(f"sim:{ARRAY}?object=none")
    places = np.linspace(-0.1, 0.1, 21)
    edges = [f"edge:angle_deg=8,offset_mm={place:.3f}" for place in places]
    images = flat_corrected(panel, edges, 5e-3, 0.02, 40, range_number=2)
    found = transfer_function(images, half_width_pixels=3, reach_pixels=2)
    return found.frequency_at(0.2) / (panel.geometry.pitch_um * 1e-3)


def dark_density_nA_cm2() -> float:
    panel = Bench(f"sim:{ARRAY}?object=none")
    panel.wait(3600)
    times_s = (0.02, 0.06)
    charges = [panel.currents_pA(20, t, range_number=3).mean(axis=0) * t for t in times_s]
    current_pA = np.median(charges[1] - charges[0]) / (times_s[1] - times_s[0])
    return float(current_pA) * 1e-3 / panel.area_cm2


def response_spread() -> float:
    """Standard deviation over mean of the pixels' signals, in per cent."""
    panel = Bench(f"sim:{ARRAY}?object=none")
    dark = panel.frames(20, 0.02, range_number=2).mean(axis=0)
    panel.beam(5e-3)
    panel.wait(60)
    signal = panel.frames(20, 0.02, range_number=2).mean(axis=0) - dark
    return float(signal.std(ddof=1) / signal.mean()) * 100


FIGURES: list[Row] = [
    Figure(
        ARRAY,
        "resolution at MTF 0.2",
        "lp/mm",
        3.5,
        resolution_lp_mm,
        "slanted edge at 21 places, 40 frames each",
        tolerance=0.03,
    ),
    Statement(
        ARRAY,
        "spread of the pixels' response",
        "%",
        "not uniform",
        response_spread,
        "standard deviation over mean of 77 signals",
        least=10,
    ),
    Statement(
        ARRAY,
        "dark current",
        "nA/cm²",
        "large (ideal: < 1 nA/cm²)",
        dark_density_nA_cm2,
        "charge against integration time",
        least=100,
    ),
]
