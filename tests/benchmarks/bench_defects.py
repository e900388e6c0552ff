"""Recall and false alarms of the defect finder, against the truth of simulated panels.

    python tests/benchmarks/bench_defects.py

writes a table for each number of frames. Recall is the part of the true defects of a class that is
found as such, false alarms the part of the other imaging pixels that is. Pixels that noise makes
undecidable count in neither (see `defect_truth`); their number and the width of the band around
the threshold are in the table. Both grow as the frames get fewer. The last two columns leave no
pixel out, as if the frames could decide on every one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from defect_panels import Counts, make_panel, measure
from defect_truth import Judgement, Mask, true_defects
from fpxi_imaging.defects.defect_map import DefectClass
from fpxi_imaging.defects.finding import find_defects
from fpxi_imaging.defects.thresholds import DefectThresholds

PANELS = [("tft64", seed) for seed in range(8)] + [("cmos32", seed) for seed in range(24)]
FRAMES = (Counts(100, 2000, 2000), Counts(100, 500, 500), Counts(30, 100, 100), Counts(10, 30, 30))
LEAST_RECALL = 0.99
MOST_FALSE = 0.001


@dataclass
class Score:
    """Of one class, over several panels, in pixels."""

    true: int = 0
    missed: int = 0
    others: int = 0
    false: int = 0
    undecided: int = 0
    all_true: int = 0
    """As `true`, but with the undecided; so the next three."""
    all_missed: int = 0
    all_others: int = 0
    all_false: int = 0
    half_width: float = 0.0
    """of the band on each side of the threshold, in its unit; the largest of the panels"""

    @property
    def recall(self) -> float:
        """1 of no true defects."""
        return 1 - _part(self.missed, self.true)

    @property
    def false_alarms(self) -> float:
        """0 of no other pixels."""
        return _part(self.false, self.others)

    @property
    def recall_of_all(self) -> float:
        """With the undecided."""
        return 1 - _part(self.all_missed, self.all_true)

    @property
    def false_alarms_of_all(self) -> float:
        """With the undecided."""
        return _part(self.all_false, self.all_others)

    def add(self, found: Mask, truth: Judgement, imaging: Mask) -> None:
        """Count the pixels of one panel."""
        decided = imaging & ~truth.undecided
        self.true += int(np.sum(truth.holds & decided))
        self.missed += int(np.sum(truth.holds & decided & ~found))
        self.others += int(np.sum(~truth.holds & decided))
        self.false += int(np.sum(~truth.holds & decided & found))
        self.undecided += int(np.sum(truth.undecided & imaging))
        self.all_true += int(np.sum(truth.holds & imaging))
        self.all_missed += int(np.sum(truth.holds & imaging & ~found))
        self.all_others += int(np.sum(~truth.holds & imaging))
        self.all_false += int(np.sum(~truth.holds & imaging & found))
        self.half_width = max(self.half_width, truth.half_width)


def _part(few: int, many: int) -> float:
    return few / many if many else 0.0


def score(panels: Iterable[tuple[str, int]], counts: Counts) -> dict[DefectClass, Score]:
    """Find the defects of these panels, and compare with the truth."""
    thresholds = DefectThresholds()
    scores: dict[DefectClass, Score] = {}
    for name, seed in panels:
        panel = make_panel(name, seed)
        evidence = measure(panel, counts)
        found = find_defects(evidence, thresholds)
        for defect, truth in true_defects(panel, counts, evidence, thresholds).items():
            scores.setdefault(defect, Score()).add((found & defect) != 0, truth, panel.imaging)
    return scores


def main() -> None:
    """Print the tables."""
    for counts in FRAMES:
        print(f"{counts.darks} darks, {counts.flats} flats, {counts.half_flats} of half the dose")
        print(
            "class               true  recall   others  false alarms  undecided  band (+-)", end=""
        )
        print("  recall of all  false of all")
        for defect, each in score(PANELS, counts).items():
            print(
                f"{str(defect.name).lower():18}{each.true:6}{each.recall:8.2%}{each.others:9}"
                f"{each.false:6} {each.false_alarms:7.3%}{each.undecided:11}{each.half_width:11.4f}"
                f"{each.recall_of_all:15.2%}{each.false_alarms_of_all:14.3%}"
            )
        print()


if __name__ == "__main__":
    main()
