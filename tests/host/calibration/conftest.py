"""Frames of about one level, and a calibration that holds something of everything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from fpxi_imaging import (
    Calibration,
    CheckLimits,
    Conditions,
    DarkMap,
    Decision,
    DefectClass,
    DefectEdit,
    DefectImport,
    DefectMap,
    DefectThresholds,
    DefectWithdrawal,
    FlatLevel,
    GainMethod,
    GainModel,
    Grade,
    LagModel,
    LagTrace,
    OffsetRefresh,
    Piecewise,
    Polynomial,
    Shading,
    Source,
    SourceRole,
    Tolerances,
    Verdict,
)
from fpxi_imaging.defects.finding import with_imports
from fpxi_imaging.departures import Agreement, Departure
from fpxi_imaging.lag.ghosting import Ghosting
from fpxi_readout.frame import Frame

SHAPE = (6, 5)

Levelled = Callable[..., list[Frame]]


@pytest.fixture
def levelled(make_frame: Callable[..., Frame]) -> Levelled:
    """Make frames of about one level with a little noise."""

    def make(level: int, numbers: range, **changes: object) -> list[Frame]:
        frames = []
        for number in numbers:
            noise = np.random.default_rng(number).integers(0, 8, SHAPE, np.uint16)
            frames.append(make_frame(number, samples=noise + np.uint16(level), **changes))
        return frames

    return make


@pytest.fixture
def darks(levelled: Levelled) -> list[Frame]:
    return levelled(500, range(8))


@pytest.fixture
def flats(levelled: Levelled) -> list[Frame]:
    return levelled(9000, range(8, 16))


TIME = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def image(seed: int, mean: float, *axes: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1, (*axes, *SHAPE)).astype(np.float32)


def conditions(**changes: int) -> Conditions:
    values = {"exposure_us": 2500, "gain_setting": 1, "bias_mV": -12345, "temperature_mC": 27301}
    return Conditions("tiny", "SN-7", **(values | changes))


def dark(seed: int, **changes: int) -> DarkMap:
    return DarkMap(image(seed, 100), image(seed + 1, 5), 40 + seed, conditions(**changes), TIME)


def gain(setting: int, linearity: Piecewise | Polynomial) -> GainModel:
    at = conditions(gain_setting=setting)
    values = image(setting, 4)
    values[0], values[2, 3] = np.nan, np.nan
    return GainModel(
        gain=values,
        uncertainty=image(setting + 9, 4),
        normalisation=1234.5 + setting,
        noise_per_count=0.37,
        method=GainMethod.PIECEWISE if setting else GainMethod.POLYNOMIAL,
        shading=Shading.KEPT if setting else Shading.REMOVED,
        levels=(
            FlatLevel(500.5, 501.5, 30, 0.0, at, TIME, 0.5),
            FlatLevel(1234.5, 1250.0, 31, 0.01, at, TIME),
        ),
        conditions=at,
        linearity=linearity,
    )


def defects(classes: np.ndarray, imaging: np.ndarray) -> DefectMap:
    """Findings, a list in force, another one that is not, edits, and what was withdrawn."""
    edits = (
        DefectEdit(3, 1, True, "Ada", TIME, "flickers – sometimes"),
        DefectEdit(4, 0, False, "Bob", TIME),
        DefectEdit(5, 4, True, "Bob", TIME),
    )
    listed, mistaken = np.zeros((2, *SHAPE), np.uint16)
    listed[5, 0] = DefectClass.PERSISTENT | DefectClass.IMPORTED
    mistaken[2:] = DefectClass.IMPORTED
    return with_imports(
        DefectMap(classes, edits),
        (
            DefectImport(mistaken, "b.png", "mask, 0 means defective", "Bob", TIME),
            DefectImport(listed, "a.txt", "list of pixels", "Ada", TIME, "as delivered"),
        ),
        (
            DefectWithdrawal(Decision.IMPORT, 1, "Ada", TIME, "the wrong way round"),
            DefectWithdrawal(Decision.EDIT, 3, "Bob", TIME),
        ),
        imaging,
        DefectThresholds(),
    )


@pytest.fixture
def rich() -> Calibration:
    """A calibration that holds something of everything."""
    classes = np.zeros(SHAPE, np.uint16)
    classes[2, 3] = DefectClass.DEAD | DefectClass.CLUSTER
    classes[4, 0] = DefectClass.NOISY
    not_imaging = np.zeros(SHAPE, np.bool_)
    not_imaging[0] = True
    return Calibration(
        darks=(dark(1), dark(2, exposure_us=5000), dark(3, gain_setting=0, temperature_mC=20_000)),
        gains=(
            gain(1, Piecewise(image(1, 500, 1), image(2, 1, 2), image(3, 0, 2))),
            gain(0, Polynomial(image(4, 0, 2))),
        ),
        defects=defects(classes, ~not_imaging),
        not_imaging=not_imaging,
        saturation_level=16383,
        created=TIME,
        thresholds=DefectThresholds(noise=5.5),
        limits=CheckLimits(most_defective=0.4),
        lag=LagModel(
            fractions=(0.02, 0.01),
            time_constants_s=(0.1, 2.5),
            covariance=np.diag([1e-6, 4e-6, 1e-4, 1e-2]),
            residual=3e-4,
            frames=50,
            first_s=0.1,
            last_s=9.5,
            multiplier=np.exp(image(5, 0) / 10),
            ghosting=Ghosting(-0.02, 0.001, image(6, 1)),
            trace=LagTrace(
                times_s=np.array([0.1, 1.0, 9.5]),
                measured=np.array([0.0170, 0.0068, -0.0001]),
                uncertainty=np.array([2e-4, 1e-4, 2e-4]),
                fitted=np.array([0.0172, 0.0068, 0.0001]),
                dark_level=np.array([1e-4, 1e-4, -1e-4]),
            ),
        ),
        agreement=Agreement(
            Tolerances(bias_mV=300), (Departure("bias_mV", -12345, -12500, -12400, 300),)
        ),
        verdicts=(Verdict("dark drift", Grade.USABLE, 1.5, 1.0, "counts", "drifts a little"),),
        refreshes=(OffsetRefresh(TIME, 20, conditions(), 0.5, 0.75, "rose by 0.5 counts"),),
        sources=(
            Source("/data/dark.h5", SourceRole.DARK, tuple(range(40)), "ab" * 32, 123_456),
            Source("flat.h5", SourceRole.FLAT),
        ),
        software="fpxi 0.1.0",
    )
