"""Simulated panels whose lag is fitted in one run and corrected in another.

What is measured knows what a user knows: frames, their times, which pixels are usable. The same
run without lag, its other noise the same, says afterwards what the frames should have been.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from figures_bench import Bench
from figures_camera import middle_mean
from fpxi_hwsim.presets import find_preset
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_imaging import Conditions, Corrector, Processing, ResolvedCalibration
from fpxi_imaging.lag.fit import LagFit, fit_lag
from fpxi_imaging.lag.model import LagModel

Frames = npt.NDArray[np.float64]
Components = tuple[tuple[float, float], ...]

CONFIDENCE = 1.96
"""Standard errors to either side of a mean within which 95 % lie."""


@dataclass(frozen=True)
class LagPanel:
    """A panel, and how its lag is measured."""

    title: str
    preset: str
    exposure_s: float
    period_s: float
    dose_rate: float | None = None
    """Gy/s of the step-off; None: the preset's."""
    lag: Components | None = None
    """Instead of the preset's own."""
    hold_s: float = 60.0
    """How long the beam is on before the step-off."""
    without: str = ""
    """Effects left out of the simulation."""

    @property
    def truth(self) -> Components:
        return find_preset(self.preset).film.lag if self.lag is None else self.lag

    def bench(
        self, *, noise_seed: int, seed: int = 1, scene: str = "none", lag: bool = True
    ) -> Bench:
        """Return the panel; without lag it leaves no charge on its pixels either."""
        left_out = self.without if lag else "lag,left-charge"
        url = f"sim:{self.preset}?object={scene}&seed={seed}&noise_seed={noise_seed}"
        if left_out:
            url += f"&without={left_out}"
        if not lag:
            return Bench(url)
        preset = SimulationSpecification.from_url(url).preset
        return Bench(url, preset=replace(preset, film=replace(preset.film, lag=self.truth)))

    def rate(self, bench: Bench) -> float:
        return bench.scene.dose_rate if self.dose_rate is None else self.dose_rate


@dataclass(frozen=True, eq=False)
class Sequence:
    """Raw frames of one run."""

    frames: Frames
    times_us: npt.NDArray[np.int64]


def calibrate(panel: LagPanel, *, seed: int = 1, count: int = 100) -> ResolvedCalibration:
    """Take darks and flats of a panel; the flats when its lag is in equilibrium."""
    bench = panel.bench(noise_seed=1, seed=seed)
    darks = bench.frames(count, panel.exposure_s, period_s=panel.period_s)
    bench.beam(panel.rate(bench))
    bench.frames(1, panel.exposure_s)
    bench.wait(panel.hold_s)
    flats = bench.frames(count, panel.exposure_s, period_s=panel.period_s)
    offset, noise = darks.mean(axis=0), darks.std(axis=0)
    response = flats.mean(axis=0) - offset
    middle = np.median(response)
    usable = (response > 0.6 * middle) & (response < 1.3 * middle) & (noise < 6 * np.median(noise))
    gain = np.divide(middle, response, out=np.full(response.shape, np.nan), where=usable)
    return ResolvedCalibration(
        offset=offset,
        gain=gain,
        defects=~usable,
        not_imaging=np.zeros(usable.shape, bool),
        normalisation=float(middle),
        saturation_level=bench.geometry.full_scale,
        conditions=Conditions(panel.preset, "1", round(panel.exposure_s * 1e6), 0, 0, 25_000),
        dark_noise=float(np.median(noise)),
    )


def record_step_off(
    panel: LagPanel, frames: int, *, lit: int = 40, noise_seed: int = 2, seed: int = 1
) -> Sequence:
    """Hold the beam, record `lit` frames, switch it off, and record `frames` more."""
    bench = panel.bench(noise_seed=noise_seed, seed=seed)
    bench.beam(panel.rate(bench))
    bench.frames(1, panel.exposure_s)
    bench.wait(panel.hold_s)
    on = bench.frames(lit, panel.exposure_s, period_s=panel.period_s)
    bench.beam(0)
    off = bench.frames(frames, panel.exposure_s, period_s=panel.period_s)
    times_us = np.arange(lit + frames) * round(panel.period_s * 1e6)
    return Sequence(np.concatenate([on, off]), times_us)


def fit_sequence(
    sequence: Sequence,
    calibration: ResolvedCalibration,
    *,
    frames: int | None = None,
    lit: int = 40,
) -> LagFit:
    """Fit the lag to a step-off, to its first `frames` frames after the beam."""
    stop = None if frames is None else lit + frames
    values = (sequence.frames[:stop] - calibration.offset) * np.nan_to_num(calibration.gain)
    return fit_lag(
        values,
        sequence.times_us[:stop],
        calibration.conditions.exposure_us,
        good=~calibration.defects,
        exposure_s=np.inf,
    )


@dataclass(frozen=True, eq=False)
class Pulses:
    """A run of pulses of random length with a scene of its own, with lag and without."""

    raw: Frames
    without: Frames
    times_us: npt.NDArray[np.int64]
    first_dark: npt.NDArray[np.intp]
    """First frame after each pulse."""


def record_pulses(
    panel: LagPanel,
    *,
    pulses: int = 12,
    level: float = 0.4,
    slower: float = 1.5,
    scene: str = "none",
    noise_seed: int = 3,
    seed: int = 1,
) -> Pulses:
    """Irradiate at `level` of the step-off's dose rate, with frames `slower` times apart."""
    random = np.random.default_rng(noise_seed)
    lengths = random.integers(4, 30, pulses), random.integers(6, 20, pulses)
    runs: list[Frames] = []
    for lag in (True, False):
        bench = panel.bench(noise_seed=noise_seed, seed=seed, scene=scene, lag=lag)
        rate, period_s = panel.rate(bench) * level, panel.period_s * slower
        parts = [bench.frames(3, panel.exposure_s, period_s=period_s)]
        for on, off in zip(*lengths, strict=True):
            for dose_rate, count in ((rate, on), (0.0, off)):
                bench.beam(dose_rate)
                parts.append(bench.frames(int(count), panel.exposure_s, period_s=period_s))
        runs.append(np.concatenate(parts))
    ends = 3 + np.cumsum(lengths[0] + lengths[1]) - lengths[1]
    times_us = np.arange(len(runs[0])) * round(panel.period_s * slower * 1e6)
    return Pulses(runs[0], runs[1], times_us, ends)


@dataclass(frozen=True)
class Reduction:
    """Lag of the first frames after pulses, as fractions of the exposure before."""

    before: float
    after: float
    after_bound: float
    """Half width of the 95 % confidence interval of `after`."""
    before_rms: float
    after_rms: float
    """Root mean square over good pixels and pulses, of what is left in each pixel."""

    @property
    def factor(self) -> float:
        return abs(self.before / self.after)

    @property
    def least_factor(self) -> float:
        """At 95 % confidence."""
        return abs(self.before) / (abs(self.after) + self.after_bound)


def reduction(pulses: Pulses, calibration: ResolvedCalibration, model: LagModel) -> Reduction:
    """Correct the pulses and compare their first dark frames with those of a panel without lag."""
    plain = _corrected(pulses.raw, pulses.times_us, calibration, Processing(repair=False))
    known = replace(calibration, lag=model)
    lag_free = _corrected(pulses.raw, pulses.times_us, known, Processing(lag=True, repair=False))
    truth = _corrected(pulses.without, pulses.times_us, calibration, Processing(repair=False))
    good = ~calibration.defects
    at = pulses.first_dark
    lit = np.median(truth[at - 1][:, good], axis=1)
    left = [(run[at] - truth[at])[:, good] / lit[:, None] for run in (plain, lag_free)]
    # The two runs share their noise, so that they differ by whole counts: a median would, too.
    middles = [np.array([middle_mean(frame) for frame in each]) for each in left]
    error = middles[1].std(ddof=1) / np.sqrt(len(at))
    return Reduction(
        before=float(middles[0].mean()),
        after=float(middles[1].mean()),
        after_bound=float(CONFIDENCE * error),
        before_rms=float(np.sqrt(np.mean(left[0] ** 2))),
        after_rms=float(np.sqrt(np.mean(left[1] ** 2))),
    )


def _corrected(
    raw: Frames,
    times_us: npt.NDArray[np.int64],
    calibration: ResolvedCalibration,
    processing: Processing,
) -> npt.NDArray[np.float32]:
    corrector = Corrector(calibration, processing)
    values = np.empty(raw.shape, np.float32)
    flags: npt.NDArray[Any] = np.empty(calibration.shape, np.uint8)
    received = np.ones(calibration.shape[0], np.bool_)
    for frame, time_us, out in zip(raw.astype(np.uint16), times_us, values, strict=True):
        corrector.correct(frame, received, out=out, flags=flags, time_us=int(time_us))
    return values
