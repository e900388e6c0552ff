"""Finding the offset that holds under given conditions: a dark, or what lies between darks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration._dark_groups import DarkGroup, dark_groups
from fpxi_imaging.calibration.coverage import Coverage, LARGEST_SPAN_mC, coverage, spans
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.offset_model import OffsetModel, fit_offset_model
from fpxi_imaging.condition_words import stated_words
from fpxi_imaging.conditions import Conditions, Tolerances
from fpxi_imaging.errors import CalibrationMismatchError, Mismatch

TEMPERATURE_STEP_mC = 250
"""Offsets between two temperatures are made anew in such steps: 2.5 % of the dark current."""
SAME_RUN_s = 3600.0
"""Darks that are no further apart count as taken together."""

_COVERED_BETWEEN = {"exposure_us", "temperature_mC"}

Image = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """What one temperature's darks give: a dark (its place), or their model at an exposure."""

    group: int
    dark: int | None
    exposure_us: int


@dataclass(frozen=True)
class Choice:
    """What an offset is made from; equal for equal offsets."""

    parts: tuple[Part, ...]
    temperature_mC: int
    """Of the offset, in steps."""
    nearest: int
    """Place of the dark that is nearest, whose noise is taken."""


class Offsets:
    """The darks of a calibration, by gain setting and temperature."""

    def __init__(self, darks: Sequence[DarkMap]) -> None:
        self._darks = tuple(darks)
        self._groups = dark_groups([dark.conditions for dark in self._darks])
        self._models: dict[int, OffsetModel] = {}

    @property
    def models(self) -> tuple[OffsetModel, ...]:
        """The models of all gain settings and temperatures with two or more exposures."""
        found = (self._model(index) for index in range(len(self._groups)))
        return tuple(model for model in found if model is not None)

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """The exposures and temperatures that the darks cover."""
        return coverage([self._covered(group) for group in self._groups])

    def choose(self, actual: Conditions, tolerances: Tolerances) -> Choice:
        """Return what the offset is made from.

        Raises `CalibrationMismatchError`, naming every difference from what comes nearest.
        """
        parts = [
            part
            for index, group in enumerate(self._groups)
            if self._serves(group, actual, tolerances)
            and (part := self._part(index, actual, tolerances)) is not None
        ]
        chosen = self._by_temperature(parts, actual.temperature_mC, tolerances)
        if not chosen:
            raise CalibrationMismatchError(self._differences(actual, tolerances))
        at_mC = self._groups[chosen[0].group].temperature_mC
        if len(chosen) > 1:
            at_mC = round(actual.temperature_mC / TEMPERATURE_STEP_mC) * TEMPERATURE_STEP_mC
        elif chosen[0].dark is not None:
            at_mC = self._darks[chosen[0].dark].conditions.temperature_mC
        return Choice(chosen, at_mC, self._nearest(chosen, at_mC))

    def offset(self, choice: Choice) -> Image:
        """Return the offset, counts, float64 (rows, cols)."""
        if len(choice.parts) == 1:
            return self._value(choice.parts[0])
        lower, upper = choice.parts
        share = self._share(choice)
        models = [self._model(part.group) for part in choice.parts]
        if models[0] is None or models[1] is None:
            return (1 - share) * self._value(lower) + share * self._value(upper)
        bias = (1 - share) * models[0].bias + share * models[1].bias
        rate = _between(models[0].rate, models[1].rate, share)
        return bias + rate * (lower.exposure_us * 1e-6)

    def uncertainty(self, choice: Choice) -> Image:
        """Return the standard uncertainty of the offset by the noise of the darks, counts."""
        shares = [1.0] if len(choice.parts) == 1 else [1 - self._share(choice), self._share(choice)]
        errors = [self._error(part) for part in choice.parts]
        total = sum((share * each) ** 2 for share, each in zip(shares, errors, strict=True))
        return np.sqrt(np.asarray(total, np.float64))

    def notes(self, choice: Choice) -> tuple[str, ...]:
        """Say what was interpolated; nothing of a dark that was taken as it is."""
        said = []
        for part in choice.parts:
            model = self._model(part.group) if part.dark is None else None
            if model is not None:
                said.append(_of_model(model, part.exposure_us))
                said += _of_age(self._newest(part.group), part.exposure_us)
        if len(choice.parts) > 1:
            low, high = (self._groups[part.group].temperature_mC for part in choice.parts)
            both = all(self._model(part.group) is not None for part in choice.parts)
            how = (
                "bias linearly, dark current by its logarithm"
                if both
                else "linearly, which puts dark current too high by up to an eighth"
            )
            said.append(
                f"offset for {choice.temperature_mC / 1000:.2f} degrees C interpolated between "
                f"darks at {low / 1000:.1f} and {high / 1000:.1f} ({how})"
            )
        return tuple(said)

    def _serves(self, group: DarkGroup, actual: Conditions, tolerances: Tolerances) -> bool:
        """Whether all but exposure and temperature agrees."""
        at = replace(
            self._darks[group.darks[0]].conditions,
            exposure_us=actual.exposure_us,
            temperature_mC=actual.temperature_mC,
        )
        return not at.mismatches(actual, tolerances)

    def _part(self, index: int, actual: Conditions, tolerances: Tolerances) -> Part | None:
        wanted = actual.exposure_us
        places = self._groups[index].darks
        fitting = [
            at for at in places if abs(self._exposure(at) - wanted) <= tolerances.exposure_us
        ]
        if fitting:
            newest = max(fitting, key=lambda at: self._darks[at].taken)
            return Part(index, newest, self._exposure(newest))
        exposures = [self._exposure(at) for at in places]
        if min(exposures) <= wanted <= max(exposures):
            return Part(index, None, wanted)
        return None

    def _by_temperature(
        self, parts: list[Part], wanted_mC: int, tolerances: Tolerances
    ) -> tuple[Part, ...]:
        """Return the nearest if it is as near as can be, else two to either side, else nearest."""
        if not parts:
            return ()
        at = {part: self._groups[part.group].temperature_mC for part in parts}
        nearest = min(parts, key=lambda part: abs(at[part] - wanted_mC))
        away = abs(at[nearest] - wanted_mC)
        below = [part for part in parts if at[part] <= wanted_mC]
        above = [part for part in parts if at[part] > wanted_mC]
        if away > TEMPERATURE_STEP_mC and below and above:
            lower, upper = max(below, key=at.__getitem__), min(above, key=at.__getitem__)
            if at[upper] - at[lower] <= LARGEST_SPAN_mC:
                return lower, upper
        return (nearest,) if away <= tolerances.temperature_mC else ()

    def _differences(self, actual: Conditions, tolerances: Tolerances) -> tuple[Mismatch, ...]:
        """Return what differs from the dark that comes nearest; exposures of a model as a range.

        An exposure or temperature that lies between darks is no difference, unless it is the only
        one.
        """

        def apart(place: int) -> tuple[int, int, int, int]:
            at = self._darks[place].conditions
            names = [each.name for each in at.mismatches(actual, tolerances)]
            return (
                len(set(names) - _COVERED_BETWEEN),
                len(names),
                abs(at.temperature_mC - actual.temperature_mC),
                abs(at.exposure_us - actual.exposure_us),
            )

        place = min(range(len(self._darks)), key=apart)
        group = next(group for group in self._groups if place in group.darks)
        ranges = {
            "exposure_us": self._covered(group).exposures_us,
            "temperature_mC": self._enclosing(group),
        }
        found = self._darks[place].conditions.mismatches(actual, tolerances)
        told = tuple(
            replace(each, calibrated=low, calibrated_most=high)
            if each.name in ranges
            and (low := ranges[each.name][0]) < (high := ranges[each.name][1])
            else each
            for each in found
        )
        outside = tuple(
            each
            for each in told
            if each.name not in ranges
            or not ranges[each.name][0] <= int(each.actual) <= ranges[each.name][1]
        )
        return outside or found

    def _covered(self, group: DarkGroup) -> Coverage:
        """Return what darks of one temperature cover by themselves."""
        exposures = [self._exposure(at) for at in group.darks]
        setting = self._darks[group.darks[0]].conditions.gain_setting
        at_mC = group.temperature_mC
        return Coverage(setting, (min(exposures), max(exposures)), (at_mC, at_mC))

    def _enclosing(self, group: DarkGroup) -> tuple[int, int]:
        """Return the temperatures that a group encloses with others of its gain setting."""
        setting = self._covered(group).gain_setting
        own = [each for each in self._groups if self._covered(each).gain_setting == setting]
        at_mC = group.temperature_mC
        enclosed = spans([each.temperature_mC for each in own])
        return next(each for each in enclosed if each[0] <= at_mC <= each[1])

    def _nearest(self, parts: tuple[Part, ...], at_mC: int) -> int:
        part = min(
            parts,
            key=lambda part: abs(self._groups[part.group].temperature_mC - at_mC),
        )
        if part.dark is not None:
            return part.dark
        places = self._groups[part.group].darks
        return min(places, key=lambda at: abs(self._exposure(at) - part.exposure_us))

    def _value(self, part: Part) -> Image:
        if part.dark is not None:
            return self._darks[part.dark].mean.astype(np.float64)
        model = self._model(part.group)
        assert model is not None
        return model.at(part.exposure_us)

    def _error(self, part: Part) -> Image:
        if part.dark is not None:
            return self._darks[part.dark].uncertainty.astype(np.float64)
        model = self._model(part.group)
        assert model is not None
        return model.uncertainty_at(part.exposure_us)

    def _share(self, choice: Choice) -> float:
        """How far the wanted temperature lies on the way from the lower to the upper."""
        low, high = (self._groups[part.group].temperature_mC for part in choice.parts)
        return min(max((choice.temperature_mC - low) / (high - low), 0.0), 1.0)

    def _model(self, index: int) -> OffsetModel | None:
        """Return the model of the newest dark of each exposure; None for a single exposure."""
        newest = self._newest(index)
        if len(newest) < 2:
            return None
        if index not in self._models:
            self._models[index] = fit_offset_model(newest)
        return self._models[index]

    def _newest(self, index: int) -> list[DarkMap]:
        """Return the newest dark of each exposure."""
        newest: dict[int, DarkMap] = {}
        for dark in sorted((self._darks[at] for at in self._groups[index].darks), key=_taken):
            newest[dark.conditions.exposure_us] = dark
        return list(newest.values())

    def _exposure(self, place: int) -> int:
        return self._darks[place].conditions.exposure_us


def _taken(dark: DarkMap) -> float:
    return dark.taken.timestamp()


def _between(low: Image, high: Image, share: float) -> Image:
    """Interpolate by the logarithm where both are above 0, as dark current goes; else linearly."""
    positive = (low > 0) & (high > 0)
    straight = (1 - share) * low + share * high
    ratio = np.divide(high, low, out=np.ones_like(low), where=positive)
    return np.where(positive, low * ratio**share, straight)


def _of_age(darks: Sequence[DarkMap], exposure_us: int) -> list[str]:
    """Say that some darks of a model are older than others, by what may have drifted since."""
    first, last = min(map(_taken, darks)), max(map(_taken, darks))
    if last - first <= SAME_RUN_s:
        return []
    old = sorted(dark.conditions.exposure_us for dark in darks if last - _taken(dark) > SAME_RUN_s)
    listed = ", ".join(str(each) for each in old)
    return [
        f"the darks of {listed} us are up to {(last - first) / 3600:.1f} h older than the others: "
        f"what drifted since is in the offset for {exposure_us} us only in part"
    ]


def _of_model(model: OffsetModel, exposure_us: int) -> str:
    exposures = ", ".join(str(each) for each in model.exposures_us)
    return (
        f"offset for {exposure_us} us from bias and dark current fitted to darks of {exposures} us "
        f"at {stated_words('temperature_mC', model.temperature_mC)}"
    )
