"""How much lag is left after correction, on simulated panels, with a model fitted in another run.

    python tests/benchmarks/bench_lag.py [PANEL ...]

The model comes from one step-off. It corrects pulses of random length at 0.4 times the dose rate,
with frames 1.5 times as far apart, other noise, and once a moving object before the panel. The lag
of the first frame after each pulse is what it holds more than the same frame of a panel without
lag, over the signal before: mean over the good pixels without the highest and the lowest
hundredth, mean over the pulses, and its 95 % confidence interval. `pixels` is the root mean square
over pixels and pulses, in which noise of single frames is left, since the released charge has noise
of its own. The film's fractions leave out the charge that switches leave on the pixels, which the
fit counts as lag, too: it is in the first frame alone.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
from fpxi_imaging.lag.fit import LagFit
from fpxi_imaging.lag.model import LagModel
from lag_panels import (
    LagPanel,
    Reduction,
    calibrate,
    fit_sequence,
    record_pulses,
    record_step_off,
    reduction,
)

STRONG = ((0.05, 0.004), (0.03, 0.06), (0.01, 1.0))
SCREEN = ((0.02, 0.004), (0.004, 0.06), (0.001, 1.0))
"""The afterglow of the preset `csi-tl`."""

PANELS = (
    LagPanel("tft64", "tft64", 0.01, 0.02),
    LagPanel("tft64, 50 ms", "tft64", 0.05, 0.1),
    LagPanel("tft64, ten times the dose", "tft64", 0.01, 0.02, dose_rate=2.7e-5),
    LagPanel(
        "tft64, ten times the dose, whole charge transferred",
        "tft64",
        0.01,
        0.02,
        dose_rate=2.7e-5,
        without="left-charge",
    ),
    LagPanel("cmos32", "cmos32", 0.005, 0.01),
    LagPanel("cmos32, strong lag", "cmos32", 0.005, 0.01, lag=STRONG),
    LagPanel("cmos32, afterglow of CsI:Tl", "cmos32", 0.005, 0.01, lag=SCREEN),
    LagPanel("tft64-ba2ma9pb10i31", "tft64-ba2ma9pb10i31", 0.05, 0.1),
    LagPanel("tft64-ba2ma9pb10i31-no-tio2", "tft64-ba2ma9pb10i31-no-tio2", 0.01, 0.02),
    LagPanel("tft64-ba2ma9pb10i31-ch3nh2", "tft64-ba2ma9pb10i31-ch3nh2", 0.01, 0.02),
    LagPanel(
        "tft64-ba2ma9pb10i31-ch3nh2, more dose",
        "tft64-ba2ma9pb10i31-ch3nh2",
        0.01,
        0.02,
        dose_rate=1e-4,
    ),
)
FRAMES = (10, 30, 100, 300, 1000)
MOVING = "letters-caep@scan:speed_mm_s=20"
HEAD = (
    f"  {'':34} {'before':>8} {'after (95 %)':>18} {'factor':>7} {'at least':>8}"
    f" {'pixels before':>14} {'after':>8}"
)


def main(wanted: list[str]) -> None:
    """Print everything about each panel."""
    for panel in PANELS:
        if not wanted or panel.title in wanted:
            print(f"{panel.title}: {panel.exposure_s * 1e3:g} ms every {panel.period_s * 1e3:g} ms")
            show(panel)
            print()


def show(panel: LagPanel) -> None:
    """Print one panel's lag and what is left of it."""
    calibration = calibrate(panel)
    step_off = record_step_off(panel, FRAMES[-1])
    fit = fit_sequence(step_off, calibration)
    print_components(panel, fit)
    for verdict in fit.verdicts:
        print(f"  {verdict.grade.value}: {verdict.text}")
    print(HEAD)
    flat = record_pulses(panel)
    print_row("pulses", reduction(flat, calibration, fit.model))
    alike = replace(fit.model, multiplier=None)
    print_row("pulses, all pixels alike", reduction(flat, calibration, alike))
    moving = record_pulses(panel, scene=MOVING, noise_seed=4)
    print_row("pulses, moving object", reduction(moving, calibration, fit.model))
    full = record_pulses(panel, level=1.0, slower=3.0, noise_seed=5)
    print_row("full level, frames 3 times apart", reduction(full, calibration, fit.model))
    other = record_pulses(panel, seed=2, noise_seed=6)
    print_row("another panel, all pixels alike", reduction(other, calibrate(panel, seed=2), alike))
    for frames in FRAMES[:-1]:
        model = fit_sequence(step_off, calibration, frames=frames).model
        print_row(
            f"pulses, {frames} frames fitted ({model.components})",
            reduction(flat, calibration, model),
        )


def print_components(panel: LagPanel, fit: LagFit) -> None:
    """Print what was found beside what the film has."""
    model = fit.model
    print(f"  level {fit.level:.0f} counts; film: {as_text(panel.truth)}")
    for number in range(model.components):
        print(f"  found {describe(model, number)}{pull(panel, model, number)}")


def describe(model: LagModel, number: int) -> str:
    """Return one component with its uncertainties."""
    return (
        f"{model.fractions[number]:.5f} ± {model.fraction_uncertainties[number]:.5f}, "
        f"{model.time_constants_s[number]:.4g} ± "
        f"{model.time_constant_uncertainties_s[number]:.2g} s"
    )


def pull(panel: LagPanel, model: LagModel, number: int) -> str:
    """Return how far a component is from the film's, in its uncertainties."""
    if model.components != len(panel.truth):
        return ""
    fraction, tau_s = sorted(panel.truth, key=lambda each: each[1])[number]
    pulls = (
        (model.fractions[number] - fraction) / model.fraction_uncertainties[number],
        (model.time_constants_s[number] - tau_s) / model.time_constant_uncertainties_s[number],
    )
    return f"   pulls {pulls[0]:+.1f}, {pulls[1]:+.1f}"


def as_text(components: tuple[tuple[float, float], ...]) -> str:
    """Return components in words."""
    return "; ".join(f"{fraction:g}, {tau_s:g} s" for fraction, tau_s in components) or "no lag"


def print_row(name: str, found: Reduction) -> None:
    """Print one line of the table."""
    percent = 100 * np.array(
        [found.before, found.after, found.after_bound, found.before_rms, found.after_rms]
    )
    print(
        f"  {name:34} {percent[0]:7.4f}% {percent[1]:8.4f}% ± {percent[2]:.4f}%"
        f" {found.factor:7.0f} {found.least_factor:8.0f} {percent[3]:13.4f}% {percent[4]:7.4f}%"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
