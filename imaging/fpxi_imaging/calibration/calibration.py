"""What a calibration is: darks, gains, defects, and the conditions they hold for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import as_utc, require_saturation_level
from fpxi_imaging.calibration._resolving import Resolver
from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS, CheckLimits
from fpxi_imaging.calibration.coverage import Coverage
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.frame_stack import FrameSeries
from fpxi_imaging.calibration.gain_model import GainModel
from fpxi_imaging.calibration.offset_model import OffsetModel
from fpxi_imaging.calibration.offset_refresh import OffsetRefresh
from fpxi_imaging.calibration.refreshing import refreshed
from fpxi_imaging.calibration.source import Source
from fpxi_imaging.condition_words import condition_name, condition_words
from fpxi_imaging.conditions import DEFAULT_TOLERANCES, Conditions, Tolerances
from fpxi_imaging.defects.defect_map import DefectMap
from fpxi_imaging.defects.thresholds import DEFAULT_THRESHOLDS, DefectThresholds
from fpxi_imaging.departures import Agreement
from fpxi_imaging.errors import CalibrationError, Mismatch, ShapeMismatchError
from fpxi_imaging.frozen import freeze
from fpxi_imaging.lag.model import LagModel
from fpxi_imaging.resolved import ResolvedCalibration
from fpxi_imaging.verdict import Verdict


@dataclass(frozen=True, eq=False)
class Calibration:
    """Everything that corrects the frames of one panel, of one region, binning and bias.

    Arrays are of shape (rows, cols), and kept as read-only copies. Raises `ShapeMismatchError` if
    they differ in shape, `SettingError` for a value out of range, and `CalibrationError` for darks
    or gains that are missing, given twice or of another panel, and if a pixel held to be good has
    no finite offset and gain.
    """

    darks: tuple[DarkMap, ...]
    gains: tuple[GainModel, ...]
    """One for each gain setting; the first is the reference."""
    defects: DefectMap
    not_imaging: npt.NDArray[np.bool_]
    """The process ring."""
    saturation_level: int
    """Counts at and above this, 1 to 65535, are saturated."""
    created: datetime
    """Aware, kept as UTC."""
    thresholds: DefectThresholds = DEFAULT_THRESHOLDS
    """What the defects were found by."""
    limits: CheckLimits = DEFAULT_LIMITS
    """What the frames were checked by."""
    lag: LagModel | None = None
    verdicts: tuple[Verdict, ...] = ()
    refreshes: tuple[OffsetRefresh, ...] = ()
    """In the order in which they were made."""
    sources: tuple[Source, ...] = ()
    """The recorded frames it was made from."""
    agreement: Agreement | None = None
    """What was allowed to differ between the frames it was made from, and how far any of them is
    from what the calibration corrects it with; None where that is not known."""
    software: str = ""
    """What made it, such as `fpxi 1.2`; empty where that is not known."""
    _resolver: Resolver = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.darks or not self.gains:
            raise CalibrationError("a calibration needs at least one dark and one gain")
        freeze(self, None, not_imaging=np.bool_)
        object.__setattr__(self, "created", as_utc("created", self.created))
        require_saturation_level(self.saturation_level)
        self._require_one_shape()
        self._require_one_setting_each()
        self._require_one_panel()
        self._require_values()
        object.__setattr__(self, "_resolver", Resolver(self))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the frames this corrects."""
        return self.darks[0].shape

    @property
    def conditions(self) -> Conditions:
        """Those of the first gain."""
        return self.gains[0].conditions

    @property
    def normalisation(self) -> float:
        """Of the first gain: the value of the median pixel at the highest level, counts."""
        return self.gains[0].normalisation

    @property
    def dark_frames(self) -> int:
        """Darks of all conditions."""
        return sum(dark.frames for dark in self.darks)

    @property
    def flat_frames(self) -> int:
        """Flats of all levels and gain settings."""
        return sum(gain.frames for gain in self.gains)

    @property
    def offset_models(self) -> tuple[OffsetModel, ...]:
        """For each gain setting and temperature with darks of two or more exposures."""
        return self._resolver.offsets.models

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """The exposures and temperatures at which the offset is known, without tolerances."""
        return self._resolver.offsets.coverage

    def resolve(
        self, actual: Conditions, tolerances: Tolerances = DEFAULT_TOLERANCES
    ) -> ResolvedCalibration:
        """Return what corrects frames taken under `actual`, less their region.

        The offset is the newest dark of that gain setting, exposure and temperature; between the
        exposures of darks, bias + rate x exposure; between two temperatures of darks at most 10 K
        apart, interpolated, in steps of 0.25 K. What was interpolated is in its notes.

        The same object for the same answer, so that a caller may ask for each frame. Raises
        `CalibrationMismatchError`, naming every difference, where this calibration does not hold.
        """
        return self._resolver.resolve(actual, tolerances)

    def departures(
        self, actual: Conditions, tolerances: Tolerances = DEFAULT_TOLERANCES
    ) -> tuple[Mismatch, ...]:
        """Return how frames taken under `actual` differ from what `resolve` corrects them with.

        These are the differences that the tolerances let pass; what is interpolated is none. Darks
        and gain may differ, so that a name can come twice. Raises `CalibrationMismatchError`.
        """
        return self._resolver.departures(actual, tolerances)

    def refreshed(
        self, darks: Sequence[FrameSeries], tolerances: Tolerances = DEFAULT_TOLERANCES
    ) -> Calibration:
        """Return a calibration with these series of darks for its own of these conditions.

        Each must be of the region, and of a gain setting and exposure that it has darks of. It
        replaces those within 1 K; where there are none it is added. Darks of other exposures and
        temperatures stay as they were measured: a model through old and new ones is off by a part
        of what drifted in between, as the verdict on it, its notes when it is resolved and a
        verdict on the darks' age say. Defects stay as they were judged. The last of `refreshes`,
        one for each series, and a verdict say how far the offset is from what it was.

        Raises `CalibrationMismatchError`, `RegionMismatchError`, `ShapeMismatchError`, and of
        `CalibrationError`: `NotEnoughFramesError`, `TooFewFramesError`, `SaturatedError`,
        `DriftError` (during the new darks), and `BeamOnInDarkError` where they are brighter and
        noisier than the old ones by the photons' measure.
        """
        return refreshed(self, darks, tolerances)

    def _require_one_shape(self) -> None:
        arrays: list[tuple[str, npt.NDArray[Any]]]
        arrays = [("offset", dark.mean) for dark in self.darks]
        arrays += [("gain", gain.gain) for gain in self.gains]
        arrays += [("defects", self.defects.classes), ("not_imaging", self.not_imaging)]
        if self.lag is not None and self.lag.multiplier is not None:
            arrays.append(("lag multiplier", self.lag.multiplier))
        if self.lag is not None and self.lag.ghosting is not None:
            ghosts = self.lag.ghosting.map
            arrays += [] if ghosts is None else [("ghosting", ghosts)]
        for name, array in arrays:
            if array.shape != self.shape:
                raise ShapeMismatchError(self.shape, array.shape, name=name)

    def _require_one_setting_each(self) -> None:
        settings = [gain.conditions.gain_setting for gain in self.gains]
        if len(set(settings)) < len(settings):
            listed = ", ".join(str(each) for each in settings)
            raise CalibrationError(f"gain settings {listed}: give one gain for each gain setting")

    def _require_one_panel(self) -> None:
        parts: tuple[DarkMap | GainModel, ...] = (*self.darks, *self.gains)
        for part in parts:
            for name in _COMMON:
                ours, theirs = getattr(self.conditions, name), getattr(part.conditions, name)
                if ours != theirs:
                    raise CalibrationError(
                        f"darks and gains differ in {condition_name(name)}, "
                        f"{condition_words(name, ours)} and {condition_words(name, theirs)}: "
                        "calibrate each apart"
                    )

    def _require_values(self) -> None:
        good = ~(self.defects.mask | self.not_imaging)
        images = [dark.mean for dark in self.darks] + [gain.gain for gain in self.gains]
        if not all(np.isfinite(image[good]).all() for image in images):
            raise CalibrationError(
                "a good pixel has no finite offset and gain; list such pixels as defects"
            )


_COMMON = (
    "panel",
    "serial_number",
    "first_row",
    "first_column",
    "binning",
    "cds",
    "oversampling",
)
