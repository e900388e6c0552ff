"""Defects are found on simulated panels, class by class, as their true maps have them."""

import bench_defects
import pytest
from defect_panels import Counts
from fpxi_imaging.defects.defect_map import DefectClass

PANELS = [("tft64", 0), ("tft64", 1), ("cmos32", 0), ("cmos32", 1), ("cmos32", 2)]
CLASSES = [
    DefectClass.DEAD,
    DefectClass.OVER_RESPONDING,
    DefectClass.UNDER_RESPONDING,
    DefectClass.NOISY,
    DefectClass.NON_UNIFORM,
    DefectClass.PERSISTENT,
    DefectClass.BAD_NEIGHBOURHOOD,
    DefectClass.CLUSTER,
    DefectClass.CLUSTER_KERNEL,
    DefectClass.LINE,
]


@pytest.fixture(scope="module")
def scores() -> dict[DefectClass, bench_defects.Score]:
    return bench_defects.score(PANELS, Counts(darks=100, flats=1000, half_flats=1000))


def test_every_class_of_the_standard_is_scored(
    scores: dict[DefectClass, bench_defects.Score],
) -> None:
    assert list(scores) == CLASSES


@pytest.mark.parametrize("defect", CLASSES)
def test_recall_is_99_percent_and_false_alarms_are_below_a_thousandth(
    defect: DefectClass, scores: dict[DefectClass, bench_defects.Score]
) -> None:
    each = scores[defect]
    assert each.true >= (5 if defect is DefectClass.BAD_NEIGHBOURHOOD else 60)
    assert each.others > 8000
    assert each.recall >= bench_defects.LEAST_RECALL
    assert each.false_alarms < bench_defects.MOST_FALSE
