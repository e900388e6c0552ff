"""Measurements that several presets share: sensitivity, detection limit, transfer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import textbook as tb
from figures_bench import Bench


def ordinary(values: tb.Values) -> npt.NDArray[np.bool_]:
    """Find the pixels whose value is half to one and a half times the median."""
    kept: npt.NDArray[np.bool_] = np.abs(values / np.median(values) - 1) < 0.5
    return kept


def typical(values: tb.Values) -> float:
    """Mean over the ordinary pixels."""
    return float(values[ordinary(values)].mean())


def sensitivity(
    bench: Bench, dose_rates_Gy_s: Sequence[float], integration_s: float, *, frames: int = 10
) -> tb.Line:
    """Slope of the signal current density against the dose rate, in µC/Gy/cm², of good pixels."""
    bench.beam(0)
    dark = bench.currents_pA(frames, integration_s).mean(axis=0)
    signals = []
    for dose_rate in dose_rates_Gy_s:
        bench.beam(dose_rate)
        signals.append(bench.currents_pA(frames, integration_s).mean(axis=0) - dark)
    bench.beam(0)
    maps = np.array(signals)
    good = ordinary(maps[-1])
    return tb.sensitivity_uC_Gy_cm2(dose_rates_Gy_s, maps[:, good].mean(axis=1), bench.area_cm2)


def current_samples(
    bench: Bench,
    samples: int,
    sample_s: float,
    integration_s: float,
    *,
    range_number: int | None = None,
) -> tb.Values:
    """Currents in pA, each the mean of as many exposures as fit into the sampling interval."""
    exposures = max(round(sample_s / integration_s), 1)
    return np.array(
        [
            bench.currents_pA(
                exposures, integration_s, period_s=integration_s, range_number=range_number
            ).mean(axis=0)
            for _ in range(samples)
        ]
    )


def detection_limit(
    bench: Bench,
    dose_rates_Gy_s: Sequence[float],
    *,
    sample_s: float = 1.0,
    integration_s: float = 1.0,
    samples: int = 20,
    range_number: int | None = None,
) -> float:
    """Dose rate in Gy/s at which the mean signal is three times the noise of its samples.

    The noise depends on the sampling interval and, where it is 1/f, on the length of the record.
    """
    bench.beam(0)
    dark = current_samples(bench, samples, sample_s, integration_s, range_number=range_number)
    good = dark.std(axis=0) < 3 * np.median(dark.std(axis=0))
    ratios = []
    for dose_rate in dose_rates_Gy_s:
        bench.beam(dose_rate)
        signal = current_samples(bench, samples, sample_s, integration_s, range_number=range_number)
        ratios.append(tb.signal_to_noise(signal[:, good], dark[:, good]))
    bench.beam(0)
    return tb.limit_of_detection(dose_rates_Gy_s, ratios)


def flat_corrected(
    bench: Bench,
    scenes: Sequence[str],
    dose_rate_Gy_s: float,
    integration_s: float,
    frames: int,
    *,
    range_number: int | None = None,
) -> tb.Values:
    """Show each scene to the panel: images (scenes, rows, columns), 1 where nothing is in the way.

    Dark and flat field are means of four times as many frames, so that the noise is the image's.
    Pixels that do not respond are no number.
    """

    def look(scene: str, dose_rate: float, count: int) -> tb.Values:
        bench.scene.object = scene
        bench.beam(dose_rate)
        return bench.frames(count, integration_s, range_number=range_number).mean(axis=0)

    dark = look("none", 0, 4 * frames)
    response = look("none", dose_rate_Gy_s, 4 * frames) - dark
    response[~ordinary(response)] = np.nan
    return np.array([(look(scene, dose_rate_Gy_s, frames) - dark) / response for scene in scenes])
