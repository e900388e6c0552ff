"""Defects: each kind, and their statistics against those of real panels."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.array.defects import draw_defects
from fpxi_hwsim.physics.array.observed import AGED_DEFECTS, REFURBISHED_DEFECTS
from fpxi_hwsim.physics.array.settings import ArraySettings, Defects
from fpxi_hwsim.physics.draws import PanelDraws
from scipy import ndimage

SHAPE = (64, 64)
IMAGING = np.ones(SHAPE, np.bool_)
REAL_SHAPE = (2000, 2000)
LINE = 50
"""pixels in a row or column that make a line"""
SEEDS = range(8)


def _draw(defects: Defects, seed: int = 1, *, both_ends: bool = False):
    settings = ArraySettings(amplifiers_at_both_ends=both_ends, defects=defects)
    return draw_defects(settings, IMAGING, PanelDraws(seed))


def test_each_kind_has_its_count_and_no_pixel_is_of_two_kinds() -> None:
    drawn = _draw(Defects(dead=8, hot=7, noisy=6, lagging=5, blinking=4))
    kinds = np.stack([drawn.dead, drawn.hot, drawn.noisy, drawn.lagging, drawn.blinking])
    assert kinds.sum(axis=(1, 2)).tolist() == [8, 7, 6, 5, 4]
    assert kinds.sum(axis=0).max() == 1


def test_nothing_is_out_of_order_unless_asked() -> None:
    drawn = _draw(Defects())
    assert not (drawn.dead | drawn.hot | drawn.noisy | drawn.lagging | drawn.blinking).any()


def test_defects_keep_to_the_imaging_pixels() -> None:
    imaging = np.zeros(SHAPE, np.bool_)
    imaging[20:40, 20:40] = True
    defects = Defects(
        dead=50,
        hot=20,
        cluster_share=1.0,
        cluster_growth=0.8,
        corner=700,
        patch=20,
        patch_rows=9.0,
        patch_columns=9.0,
        interrupted_columns=20,
        interrupted_rows=20,
        dead_columns=3,
        dead_column_rows=5,
    )
    drawn = draw_defects(ArraySettings(defects=defects), imaging, PanelDraws(3))
    assert not ((drawn.dead | drawn.hot) & ~imaging).any()


def test_a_cluster_has_two_pixels_and_then_grows_by_chance() -> None:
    sizes = []
    for seed in range(400):
        dead = _draw(Defects(dead=1, cluster_share=1.0, cluster_growth=0.5), seed).dead
        labels, count = ndimage.label(dead, np.ones((3, 3)))
        assert count == 1
        sizes.append(int((labels > 0).sum()))
    # A new pixel may fall on one that is there, or off the panel: never more than geometric.
    two = np.mean(np.array(sizes) <= 2)
    assert 0.5 - 5 * 0.5 / 20 < two < 0.7
    assert min(sizes) >= 1
    assert max(sizes) > 4


@pytest.mark.parametrize("both_ends", [False, True])
def test_an_interrupted_column_is_dead_from_the_break_to_the_far_end(both_ends: bool) -> None:
    length = SHAPE[0] // 2 if both_ends else SHAPE[0]
    lengths = []
    for seed in range(300):
        dead = _draw(Defects(interrupted_columns=1), seed, both_ends=both_ends).dead
        column = np.flatnonzero(dead.any(axis=0))
        assert column.size == 1
        rows = np.flatnonzero(dead[:, column[0]])
        assert rows.size == rows[-1] - rows[0] + 1
        assert {int(rows[0]), int(rows[-1])} & ({31, 32} if both_ends else {63})
        lengths.append(rows.size)
    # Uniform from 1 to the whole line.
    deviation = np.mean(lengths) - (length + 1) / 2
    assert abs(deviation) < 5 * length / np.sqrt(12 * len(lengths))
    assert max(lengths) > 0.95 * length


def test_a_frayed_break_takes_pixels_of_the_next_column_with_it() -> None:
    defects = Defects(interrupted_columns=1, frayed_breaks=True, cluster_growth=0.3)
    frayed = 0
    for seed in range(100):
        dead = _draw(defects, seed).dead
        columns = np.flatnonzero(dead.any(axis=0))
        if columns[0] == SHAPE[1] - 1:
            continue
        line, next_line = (np.flatnonzero(dead[:, column]) for column in columns)
        assert columns[1] == columns[0] + 1
        assert next_line[0] == line[0]
        frayed += next_line.size <= 3
    assert frayed > 80


def test_rows_and_whole_columns_can_be_dead() -> None:
    assert (_draw(Defects(dead_columns=3)).dead.all(axis=0)).sum() == 3
    dead = _draw(Defects(interrupted_rows=5)).dead
    assert dead.any(axis=1).sum() == 5
    assert dead[:, -1].sum() == 5


@pytest.mark.parametrize("rows", [0, 19])
def test_the_far_end_of_one_column_can_be_dead(rows: int) -> None:
    dead = _draw(Defects(dead_column_rows=rows)).dead
    assert dead.sum() == rows
    assert dead[SHAPE[0] - rows :].any(axis=0).sum() == (rows > 0)


def test_a_corner_is_the_number_of_pixels_asked_for_and_reaches_farther_along_rows() -> None:
    dead = _draw(Defects(corner=150)).dead
    assert dead.sum() == 150
    assert dead[[0, 0, -1, -1], [0, -1, 0, -1]].sum() == 1
    assert dead.any(axis=0).sum() > 1.5 * dead.any(axis=1).sum()


@pytest.mark.parametrize(
    ("defects", "name"),
    [
        (Defects(dead=4097), "defects"),
        (Defects(patch=4097), "defects.patch"),
        (Defects(interrupted_columns=65), "defects.interrupted_columns"),
        (Defects(dead_columns=65), "defects.dead_columns"),
        (Defects(interrupted_rows=65), "defects.interrupted_rows"),
    ],
)
def test_more_defects_than_the_panel_has_places_are_refused(defects: Defects, name: str) -> None:
    with pytest.raises(UnphysicalError) as refused:
        _draw(defects)
    assert refused.value.name == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dead", -1),
        ("hot_factor", float("nan")),
        ("noisy_factor", -1.0),
        ("blinking_duty", 1.1),
        ("cluster_share", 1.1),
        ("cluster_growth", 1.0),
    ],
)
def test_impossible_defects_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(UnphysicalError) as refused:
        Defects(**{name: value})
    assert refused.value.name == f"defects.{name}"


@dataclass(frozen=True)
class Statistics:
    bad: int
    share_in_lines: float
    lines: int
    at_middle: int
    """column lines that end near the middle of the panel"""
    inner_breaks: int
    frayed_breaks: int
    places: int
    clustered: float
    """share of the places with two pixels or more"""
    grown: float
    """share of those with three or more"""
    typical_density: float
    """places in the median block of 200 x 200 pixels"""
    highest_density: float


def _statistics(bad: np.ndarray) -> Statistics:
    columns, rows = _lines(bad), _lines(bad.T)
    rest = bad.copy()
    for line, first, last in columns:
        rest[first:last, line] = False
    for line, first, last in rows:
        rest[line, first:last] = False
    inner = [(c, a, b) for c, a, b in columns if _near_middle(a) != _near_middle(b)]
    inner = [(c, a if _near_middle(b) else b - 1) for c, a, b in inner if b - a < 1000]
    labels, places = ndimage.label(rest, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())[1:]
    begins = np.array([(y.start, x.start) for y, x in ndimage.find_objects(labels)])
    edges = np.arange(0, 2001, 200)
    blocks = np.histogram2d(*begins.T, bins=(edges, edges))[0]
    return Statistics(
        bad=int(bad.sum()),
        share_in_lines=1 - rest.sum() / bad.sum(),
        lines=len(columns) + len(rows),
        at_middle=sum(_near_middle(a) or _near_middle(b) for _, a, b in columns),
        inner_breaks=len(inner),
        frayed_breaks=sum(bad[row - 2 : row + 3, line + 1].any() for line, row in inner),
        places=places,
        clustered=float((sizes >= 2).mean()),
        grown=float((sizes >= 3).sum() / (sizes >= 2).sum()),
        typical_density=float(np.median(blocks)),
        highest_density=float(blocks.max()),
    )


def _near_middle(row: int) -> bool:
    return abs(row - REAL_SHAPE[0] // 2) <= 4


def _lines(bad: np.ndarray) -> list[tuple[int, int, int]]:
    found = []
    for column in np.flatnonzero(bad.sum(axis=0) >= LINE):
        ends = np.flatnonzero(np.diff(np.concatenate([[0], bad[:, column], [0]]).astype(int)))
        pairs = ends.reshape(-1, 2).tolist()
        found += [(int(column), a, b) for a, b in pairs if b - a >= LINE]
    return found


def _real(name: str) -> np.ndarray:
    folder = os.environ.get("FPXI_TEST_DATA")
    if not folder:
        pytest.skip("set FPXI_TEST_DATA to the folder with the real bad-pixel lists")
    text = (Path(folder) / "bad_pixels" / f"{name}_BadPixelMap_t1.bpm.xml").read_text()
    bad = np.zeros(REAL_SHAPE, np.bool_)
    for x, y in re.findall(r'X="(\d+)" Y="(\d+)"', text):
        bad[int(y), int(x)] = True
    return bad


@pytest.mark.parametrize(
    ("name", "defects"),
    [("PerkinElmerFull", AGED_DEFECTS), ("PerkinElmerRefurbished", REFURBISHED_DEFECTS)],
)
def test_simulated_panels_have_the_defect_statistics_of_real_ones(
    name: str, defects: Defects
) -> None:
    real = _statistics(_real(name))
    settings = ArraySettings(amplifiers_at_both_ends=True, defects=defects)
    imaging = np.ones(REAL_SHAPE, np.bool_)
    panels = [_statistics(draw_defects(settings, imaging, PanelDraws(seed)).dead) for seed in SEEDS]

    def spread(field: str) -> tuple[float, float]:
        values = np.array([getattr(panel, field) for panel in panels], float)
        return float(values.mean()), float(values.std(ddof=1))

    for field in ("bad", "share_in_lines", "places", "clustered", "grown", "highest_density"):
        mean, deviation = spread(field)
        assert abs(getattr(real, field) - mean) < 3 * deviation, (field, mean, deviation)
    assert abs(real.lines - spread("lines")[0]) < 2
    assert abs(real.typical_density - spread("typical_density")[0]) <= 1
    assert real.frayed_breaks == real.inner_breaks
    assert all(panel.frayed_breaks >= panel.inner_breaks - 1 for panel in panels)
    assert sum(panel.inner_breaks for panel in panels) > len(panels)


def test_the_real_panels_are_as_described() -> None:
    aged, refurbished = (_statistics(_real(f"PerkinElmer{n}")) for n in ("Full", "Refurbished"))
    assert (aged.bad, refurbished.bad) == (9451, 2020)
    assert (aged.lines, aged.at_middle, refurbished.lines, refurbished.at_middle) == (16, 16, 4, 2)
    assert (aged.inner_breaks, refurbished.inner_breaks) == (14, 2)
    assert aged.share_in_lines == pytest.approx(0.933, abs=5e-4)
    assert refurbished.share_in_lines == pytest.approx(0.616, abs=5e-4)
    assert (aged.places, refurbished.places) == (261, 576)
    assert (round(aged.clustered, 2), round(refurbished.clustered, 2)) == (0.15, 0.19)
    assert (round(aged.grown, 2), round(refurbished.grown, 2)) == (0.45, 0.28)
