"""How often the fit of a step-off finds a component of lag that the film does not have.

    python tests/benchmarks/bench_lag_components.py [RUNS] [PANEL ...]

Each run has noise of its own. `dark level` is what the frames after the step-off are raised by,
in the median pixel's noise: at once, or growing while they are taken. `too many` and `too few` are
runs with other numbers of components than the film has; charge that the switches of a TFT leave
is no component of the film, and adds none. `slow` counts the runs that state a time constant, of
0.01 % of the signal or more, that is none of the film's and longer than a tenth of the frames.
`first frame` is the error of its lag, in parts of it: mean, and standard deviation over the runs.
"""

from __future__ import annotations

import sys

import numpy as np
from bench_lag import PANELS
from fpxi_imaging import LagModel, ResolvedCalibration
from fpxi_imaging.lag.errors import NotDecayingError
from lag_panels import LagPanel, Sequence, calibrate, fit_sequence, record_step_off

RUNS = 20
FRAMES = 300
LIT = 40
DRIFTS = ((0.0, 0.0), (0.1, 0.0), (-0.1, 0.0), (0.3, 0.0), (0.0, 0.2), (0.0, -0.2), (1.0, 0.0))
"""At once, and until the last frame."""
LEAST_FRACTION = 1e-4
LONG = 0.1
NEAR = 1.5
"""Time constants that differ by no more than this factor are the same."""


def main(arguments: list[str]) -> None:
    """Print a table for each panel."""
    runs = int(arguments[0]) if arguments else RUNS
    print(f"{runs} runs of {FRAMES} frames after {LIT} lit ones")
    for panel in PANELS:
        if panel.title in arguments[1:] or not arguments[1:]:
            show(panel, runs)


def show(panel: LagPanel, runs: int) -> None:
    """Print how the components come out under each drift of the dark level."""
    calibration = calibrate(panel)
    recorded = [record_step_off(panel, FRAMES, noise_seed=10 + run) for run in range(runs)]
    clean = [
        fit_sequence(each, calibration).model.first_frame(panel.exposure_s) for each in recorded
    ]
    print(f"{panel.title}: {len(panel.truth)} component(s)")
    print(
        f"  {'dark level':>14} {'too many':>9} {'too few':>8} {'slow':>5} {'refused':>8}"
        f" {'first frame':>18}"
    )
    for step, slope in DRIFTS:
        sequences = [drifted(each, calibration, step, slope) for each in recorded]
        found = [fitted(each, calibration) for each in sequences]
        models = [model for model in found if model is not None]
        counts = np.array([model.components for model in models]) - len(panel.truth)
        slow = sum(has_slow(model, panel) for model in models)
        errors = np.array([first_frame(model, panel) for model in models]) / np.mean(clean) - 1
        print(
            f"  {step:+6.1f} {slope:+6.1f}  {np.sum(counts > 0):8d} {np.sum(counts < 0):8d}"
            f" {slow:5d} {runs - len(models):8d} {errors.mean():+9.2%} ± {errors.std():.2%}"
        )


def fitted(sequence: Sequence, calibration: ResolvedCalibration) -> LagModel | None:
    """Return the lag; None where it is refused, as a level that becomes no less."""
    try:
        return fit_sequence(sequence, calibration).model
    except NotDecayingError:
        return None


def first_frame(model: LagModel, panel: LagPanel) -> float:
    """Return the lag of the first frame after an exposure, of the signal."""
    return model.first_frame(panel.exposure_s)


def drifted(
    sequence: Sequence, calibration: ResolvedCalibration, step: float, slope: float
) -> Sequence:
    """Return the frames with a dark level that is higher after the step-off."""
    frames = sequence.frames.copy()
    level = step + slope * np.linspace(0, 1, len(frames) - LIT)
    frames[LIT:] += calibration.dark_noise * level[:, None, None]
    return Sequence(frames, sequence.times_us)


def has_slow(model: LagModel, panel: LagPanel) -> bool:
    """Return whether a slow component is stated that the film does not have."""
    return any(
        fraction > LEAST_FRACTION
        and not outlasting
        and tau_s > LONG * model.last_s
        and not any(1 / NEAR < tau_s / true_s < NEAR for _, true_s in panel.truth)
        for fraction, tau_s, outlasting in zip(
            model.fractions, model.time_constants_s, model.outlasting, strict=True
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])
