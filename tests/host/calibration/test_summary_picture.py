"""The picture beside a calibration, for panels of any shape."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from fpxi.calibration.picture.defects import draw_defects
from fpxi.calibration.picture.lag import draw_lag
from fpxi.calibration.picture.maps import MOST_PIXELS, _block_highest, _block_means, draw_map
from fpxi.calibration.picture.page import _dark, _verdict_lines, draw_summary
from fpxi.calibration.run_errors import NoPictureError
from fpxi.calibration.summary_picture import draw_picture, picture_path
from fpxi_imaging import (
    Calibration,
    Conditions,
    DarkMap,
    DefectClass,
    DefectMap,
    FlatLevel,
    GainMethod,
    GainModel,
    Grade,
    LagModel,
    LagTrace,
    Shading,
    Verdict,
)
from fpxi_imaging.linearity import Piecewise, Polynomial
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
AT = Conditions("tft64", "SN-7", 10_000, 3, 0, 27_300)
GOOD = Verdict("drift", Grade.GOOD, 0.3, 2.0, "counts", "the darks moved by 0.3 counts")


def calibration_of(shape: tuple[int, int], exposures_ms: tuple[int, ...] = (10,)) -> Calibration:
    random = np.random.default_rng(3)
    darks = tuple(
        DarkMap(
            mean=random.normal(500 + 40 * exposure, 20, shape).astype(np.float32),
            noise=random.gamma(9, 1, shape).astype(np.float32),
            frames=100,
            conditions=replace(AT, exposure_us=1000 * exposure),
            taken=NOW,
        )
        for exposure in exposures_ms
    )
    classes = np.where(random.random(shape) < 0.05, 1 << random.integers(0, 13, shape), 0)
    not_imaging = np.zeros(shape, np.bool_)
    if min(shape) > 8:
        not_imaging[:2] = True
    gain = GainModel(
        gain=random.normal(1, 0.03, shape).astype(np.float32),
        uncertainty=np.full(shape, 0.01, np.float32),
        normalisation=8000.0,
        noise_per_count=2.0,
        method=GainMethod.ONE_LEVEL,
        shading=Shading.REMOVED,
        levels=(FlatLevel(8000.0, 8000.0, 100, 0.0, AT, NOW),),
        conditions=AT,
    )
    return Calibration(
        darks=darks,
        gains=(gain,),
        defects=DefectMap(classes.astype(np.uint16)),
        not_imaging=not_imaging,
        saturation_level=65_535,
        created=NOW,
        verdicts=(GOOD, replace(GOOD, grade=Grade.USABLE, text="words " * 60)),
    )


def ink(path: Path, part: tuple[slice, slice] = np.s_[:, :]) -> float:
    """Fraction of the picture, or a part of it, that is not white."""
    picture = matplotlib.image.imread(path)
    assert picture.shape[0] > 1000
    assert picture.shape[1] > 1500
    return float(np.mean(picture[part][..., :3].min(axis=-1) < 0.97))


MODELS = np.s_[720:950, :1250]
"""Where the models of offset, response and lag are."""


PLAIN_SHAPE = (32, 32)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The picture of a calibration with one exposure, one level and no lag."""
    page = tmp_path_factory.mktemp("plain") / "plain.png"
    draw_summary(calibration_of(PLAIN_SHAPE), page, [])
    return page


@pytest.mark.parametrize("shape", [(64, 64), (1, 1), (7, 600)])
def test_a_panel_of_any_shape_is_drawn(shape: tuple[int, int], tmp_path: Path) -> None:
    draw_picture(calibration_of(shape), tmp_path / "cal.png")
    assert ink(tmp_path / "cal.png") > 0.03
    assert [path.name for path in tmp_path.iterdir()] == ["cal.png"]


def with_gain(calibration: Calibration, **changes: Any) -> Calibration:
    return replace(calibration, gains=(replace(calibration.gains[0], **changes),))


def test_models_of_offset_response_and_lag_are_drawn_where_there_are_some(
    plain: Path, tmp_path: Path
) -> None:
    terms = np.full((1, *PLAIN_SHAPE), 2e-6, np.float32)
    lag = LagModel(
        fractions=(0.02, 0.01),
        time_constants_s=(0.1, 2.0),
        covariance=np.diag([1e-8, 1e-8, 1e-4, 1e-2]),
        residual=1e-4,
        frames=300,
        first_s=0.01,
        last_s=10.0,
    )
    full = replace(
        with_gain(calibration_of(PLAIN_SHAPE, (5, 10, 20)), linearity=Polynomial(terms)), lag=lag
    )
    draw_summary(full, tmp_path / "full.png", [])
    assert ink(tmp_path / "full.png", MODELS) > 2 * ink(plain, MODELS)


def trace(measured: list[float]) -> LagTrace:
    values = np.array(measured)
    return LagTrace(
        times_s=np.geomspace(0.01, 10.0, values.size),
        measured=values,
        uncertainty=np.full(values.size, 1e-4),
        fitted=np.abs(values) + 1e-5,
        dark_level=np.zeros(values.size),
    )


@pytest.mark.parametrize("measured", [[0.03, 0.01, 0.002], [-2e-4, 1e-4, -1e-4]])
def test_measured_lag_is_drawn_with_error_bars_above_what_the_model_leaves(
    measured: list[float],
) -> None:
    lag = LagModel((), (), np.zeros((0, 0)), 1e-4, 300, 0.01, 10.0, trace=trace(measured))
    figure = Figure()
    draw_lag(figure.add_subplot(), replace(calibration_of((4, 4)), lag=lag))
    above, below = figure.axes
    for axes, expected in (
        (above, np.array(measured)),
        (below, np.array(measured) - np.abs(measured) - 1e-5),
    ):
        (points,) = axes.containers
        assert isinstance(points, ErrorbarContainer)
        np.testing.assert_allclose(points[0].get_ydata(), 100 * expected)
        (bars,) = points[2]
        spans = [np.ptp(bar[:, 1]) for bar in bars.get_segments()]
        np.testing.assert_allclose(spans, 0.02)
    low, high = above.get_ylim()
    assert low < 100 * min(measured) < 100 * max(measured) < high
    assert (low < 0) == (min(measured) < 0)
    assert above.get_yscale() == ("symlog" if min(measured) < 0 else "log")
    figure.draw_without_rendering()


def test_the_page_is_as_high_as_its_verdicts_need(plain: Path, tmp_path: Path) -> None:
    verdicts = tuple(replace(GOOD, check=f"{i}") for i in range(60))
    judged = replace(calibration_of(PLAIN_SHAPE), verdicts=verdicts)
    draw_summary(judged, tmp_path / "judged.png", [])
    few, many = (matplotlib.image.imread(page) for page in (plain, tmp_path / "judged.png"))
    for picture in (few, many):
        assert picture[-10:].min() > 0.97  # nothing is cut at the lower edge
    assert len(many) > len(few) + 400


def test_a_piecewise_response_is_drawn(tmp_path: Path) -> None:
    shape = (16, 16)
    maps = Piecewise(
        knots=np.full((1, *shape), 4000, np.float32),
        slopes=np.ones((2, *shape), np.float32) * np.array([1, 1.1])[:, None, None],
        intercepts=np.zeros((2, *shape), np.float32) - np.array([0, 400])[:, None, None],
    )
    draw_summary(with_gain(calibration_of(shape), linearity=maps), tmp_path / "cal.png", [])
    assert ink(tmp_path / "cal.png") > 0.03


def test_what_is_not_known_is_said_instead_of_drawn(plain: Path, tmp_path: Path) -> None:
    known = calibration_of(PLAIN_SHAPE)
    unknown = np.full(PLAIN_SHAPE, np.nan, np.float32)
    bare = with_gain(
        replace(known, darks=(replace(known.darks[0], noise=unknown),)), uncertainty=unknown
    )
    draw_summary(bare, tmp_path / "bare.png", [])
    assert 0.01 < ink(tmp_path / "bare.png") < ink(plain)


def test_every_defect_of_a_large_panel_is_in_its_picture() -> None:
    chosen = np.zeros((2048, 2048), np.uint8)
    chosen[1000, 77] = 9
    blocks = _block_highest(chosen)
    assert max(blocks.shape) <= 256
    assert np.argwhere(blocks == 9).tolist() == [[1000 // 8, 77 // 8]]


def test_a_large_map_is_drawn_by_means_of_what_is_known() -> None:
    values = np.arange(2000.0 * 3).reshape(2000, 3)
    values[1] = np.nan
    means = _block_means(values)
    assert means.shape == (500, 3)
    assert max(means.shape) <= MOST_PIXELS
    np.testing.assert_allclose(means[0], values[[0, 2, 3]].mean(axis=0))


def test_without_matplotlib_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(NoPictureError, match=r"fpxi\[figures\]"):
        draw_picture(calibration_of((4, 4)), tmp_path / "cal.png")


@pytest.mark.parametrize("shape", [(1, 64), (64, 1), (3, 9)])
def test_the_values_of_a_line_are_drawn_as_curves(shape: tuple[int, int]) -> None:
    axes = Figure().add_subplot()
    draw_map(axes, np.arange(float(np.prod(shape))).reshape(shape), "Offset", "counts")
    lines = axes.get_lines()
    assert len(lines) == min(shape)
    assert {len(line.get_ydata()) for line in lines} == {max(shape)}


def test_the_picture_is_named_after_the_calibration() -> None:
    assert picture_path("some/cal.h5") == Path("some/cal.png")


def test_all_classes_have_a_colour() -> None:
    from fpxi.calibration.picture.defects import _CLASSES

    assert {kind for kind, _, _ in _CLASSES} == set(DefectClass)


def test_what_could_be_better_comes_first() -> None:
    lines = _verdict_lines(calibration_of((8, 8)))
    grades = [name for name, _, _ in lines]
    assert grades[0] == "usable"
    assert grades[-1] == "good"
    assert grades == sorted(grades, reverse=True)


def test_the_darks_shown_are_the_newest_at_the_exposure_of_the_flats() -> None:
    made = calibration_of((8, 8), (5, 10, 20))
    five, ten, twenty = made.darks
    newer = replace(ten, taken=NOW.replace(hour=9))
    newest = replace(five, taken=NOW.replace(hour=10))
    other = replace(newer, conditions=replace(ten.conditions, gain_setting=0))
    assert _dark(replace(made, darks=(five, twenty, newer, ten))) is newer
    assert _dark(replace(made, darks=(newest, twenty, ten))) is ten
    assert _dark(replace(made, darks=(other, twenty))) is twenty


def test_maps_name_rows_and_columns_and_every_class_that_occurs() -> None:
    calibration = calibration_of((8, 8))
    classes = np.zeros((8, 8), np.uint16)
    classes[2, 3] = DefectClass.DEAD | DefectClass.CLUSTER
    classes[4, 4] = DefectClass.NOISY
    axes = Figure().add_subplot()
    draw_defects(axes, replace(calibration, defects=DefectMap(classes)))
    legend = axes.get_legend()
    assert legend is not None
    words = [each.get_text() for each in legend.get_texts()]
    assert words == ["cluster: 1", "noisy: 1", "dead: 1"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("column", "row")
    other = Figure().add_subplot()
    draw_map(other, np.arange(64.0).reshape(8, 8), "title", "counts")
    assert (other.get_xlabel(), other.get_ylabel()) == ("column", "row")
