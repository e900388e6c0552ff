"""Whether the X-rays were as a step of a calibration run wants them, as early as can be told."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from fpxi_imaging import CheckLimits, DriftError, Grade, Verdict
from fpxi_imaging.calibration.beam_checks import BEFORE_AND_AFTER, compare_darks
from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS
from fpxi_imaging.calibration.clear_beam import check_clear_beam, likely_pixels
from fpxi_imaging.calibration.evenness import check_evenness
from fpxi_imaging.calibration.frame_checks import check_dark_drift, check_flat_drift
from fpxi_imaging.calibration.photon_transfer import PhotonNoise, noise_per_count

from fpxi.calibration.plan import RunStep, StepKind
from fpxi.calibration.run_errors import (
    BeamOnError,
    DarkLevelMovedError,
    DarksCutOffError,
    DarksSaturatedError,
    FirstDarksLitError,
    FlatTooBrightError,
    FlatTooDimError,
    LevelUnchangedError,
)
from fpxi.calibration.watching import Watched

WANTED_BRIGHTNESS = 0.7
"""Of full scale: what is advised in place of too bright a flat."""
CLIPPED = 0.98
"""Of full scale: a median at or above it says only that the dose was higher."""


@dataclass
class StepChecks:
    """What the steps so far have shown. Levels are medians over the imaging pixels, counts."""

    full_scale: int
    wanted_bias_mV: int | None
    """That the panel works with, where that is known and not set."""
    limits: CheckLimits = DEFAULT_LIMITS
    dark: Watched | None = None
    """The first darks of the reference exposure."""
    flats: dict[str, Watched] = field(default_factory=dict)
    """By the step's name, the highest level first."""
    verdicts: tuple[Verdict, ...] = ()
    """What the calibration keeps of these checks."""

    def look(self, step: RunStep, frames: Watched) -> None:
        """Judge a step by its first few frames. Raises the error of what is wrong."""
        if step.kind is StepKind.DARK:
            require_dark_range(frames, self.full_scale, self.wanted_bias_mV, self.limits)
        elif step.kind is StepKind.FLAT:
            self._look_at_flats(step, frames)
        else:
            self._require_beam_off(frames)

    def judge(self, step: RunStep, frames: Watched) -> None:
        """Judge a step by all its frames, and keep what later steps are measured by.

        Raises the error of what is wrong.
        """
        self.look(step, frames)
        if step.kind is StepKind.DARK:
            check_dark_drift(frames.stack, frames.imaging, self.limits)
        if step.name == "dark":
            self.dark = frames
        elif step.kind is StepKind.FLAT:
            offset = self._first_darks.stack.mean
            check_flat_drift(frames.stack, offset, frames.imaging, self.limits)
            self.flats[step.name] = frames
        elif step.kind is StepKind.CLOSING:
            self.verdicts = (self._closing_verdict(frames),)

    def forget(self, step: RunStep) -> None:
        """Drop what is known of a step that is taken again."""
        self.flats.pop(step.name, None)
        if step.name == "dark":
            self.dark = None

    @property
    def dark_level(self) -> float | None:
        """Median of the first darks, counts; None before them."""
        return None if self.dark is None else self.dark.level

    @property
    def lit_level(self) -> float | None:
        """Median of the first flats, counts; None before them."""
        return next((flat.level for flat in self.flats.values()), None)

    def _closing_verdict(self, closing: Watched) -> Verdict:
        """Say how far the darks have moved from before to after the flats.

        Raises `fpxi_imaging.BeamOnInDarkError` if either are brighter and noisier by X-rays.
        """
        first, flat = self._first_darks, next(iter(self.flats.values()))
        response = flat.stack.mean - first.stack.mean
        good = first.imaging & (response > 0) & np.isfinite(first.stack.variance)
        noise = np.sqrt(first.stack.variance)
        photons = PhotonNoise.measured(
            noise_per_count(flat.stack, first.stack.mean, noise, good),
            float(np.median(response[good])),
            float(np.median(noise[good])),
            frames=min(first.stack.least_count, flat.stack.least_count),
            pixels=int(np.count_nonzero(good)),
        )
        try:
            return compare_darks(first.dark_map(), closing.dark_map(), good, photons, self.limits)
        except DriftError as error:  # tolerable, or _require_beam_off had refused it
            return Verdict(
                BEFORE_AND_AFTER,
                Grade.USABLE,
                abs(error.drift),
                error.allowed,
                "counts",
                f"the darks changed by {error.drift:+.3g} counts (median) from before the flats to "
                f"after them, {abs(error.drift) / self._signal:.2%} of the flats' signal: it lags "
                "behind the X-rays, or the panel warms up; refresh the offset (--refresh) before "
                "work that needs it",
            )

    def _look_at_flats(self, step: RunStep, frames: Watched) -> None:
        self._require_not_too_bright(frames)
        signal = self._above_dark(frames)
        required = self.limits.least_flat_response * self._first_darks.noise
        if signal < required:
            raise FlatTooDimError(signal, required)
        self._require_new_level(step, signal)
        offset = self._first_darks.stack.mean
        response = frames.stack.mean - offset
        check_clear_beam(frames.stack, offset, frames.imaging, self.limits)
        check_evenness(response, likely_pixels(response, frames.imaging), self.limits)

    def _require_new_level(self, step: RunStep, signal: float) -> None:
        for name, flat in self.flats.items():
            earlier = self._above_dark(flat)
            near = abs(signal - earlier) < self.limits.least_level_change * earlier
            if name != step.name and near:
                raise LevelUnchangedError(signal, earlier, step.level * self._signal)

    def _require_beam_off(self, frames: Watched) -> None:
        above = self._above_dark(frames)
        last = self._above_dark(list(self.flats.values())[-1])
        least = self.limits.least_closing_move * self._first_darks.noise
        if above > self.limits.still_on * last:
            raise BeamOnError(above, last)
        if above > max(self.limits.most_closing_rise * self._signal, least):
            raise DarkLevelMovedError(above, self._signal)
        if -above > max(self.limits.most_closing_fall * self._signal, least):
            raise FirstDarksLitError(-above, self._signal)

    def _require_not_too_bright(self, frames: Watched) -> None:
        saturated = frames.saturated(self.full_scale)
        level = frames.level
        if (
            saturated <= self.limits.most_saturated
            and level <= self.limits.brightest_flat * self.full_scale
        ):
            return
        advised, clipped = self._advised(level)
        raise FlatTooBrightError(
            level,
            self.full_scale,
            saturated,
            advised,
            clipped=clipped,
            exposure_us=frames.conditions.exposure_us,
        )

    def _advised(self, level: float) -> tuple[float, bool]:
        """Return the part of the dose that brings the median pixel to the brightness wanted.

        Where the median is clipped, or only others are, that is known of these pixels alone that
        they would be at full scale or above: the part is then the most it may be (True).
        """
        brightness = min(WANTED_BRIGHTNESS, self.limits.brightest_flat)
        wanted, dark = brightness * self.full_scale, self.dark_level or 0.0
        clipped = level >= CLIPPED * self.full_scale or level <= wanted
        reached = self.full_scale if clipped else level
        return (wanted - dark) / (reached - dark), clipped

    def _above_dark(self, frames: Watched) -> float:
        return frames.level - self._first_darks.level

    @property
    def _first_darks(self) -> Watched:
        assert self.dark is not None  # they are the first step
        return self.dark

    @property
    def _signal(self) -> float:
        """Of the highest level."""
        return max(self._above_dark(flat) for flat in self.flats.values())


def require_dark_range(
    frames: Watched,
    full_scale: int,
    wanted_bias_mV: int | None,
    limits: CheckLimits = DEFAULT_LIMITS,
) -> None:
    """Raise `DarksSaturatedError` or `DarksCutOffError` for darks at an end of the range."""
    saturated = frames.saturated(full_scale)
    if saturated > limits.most_saturated:
        raise DarksSaturatedError(saturated)
    if frames.cut_off > limits.most_cut_off:
        raise DarksCutOffError(frames.cut_off, wanted_bias_mV)
