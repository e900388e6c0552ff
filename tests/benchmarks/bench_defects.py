"""Recall and false alarms of the defect finder, against the truth of simulated panels.

    python tests/benchmarks/bench_defects.py

writes a table for each number of frames. Recall is the part of the true defects of a class that is
found as such, false alarms the part of the other imaging pixels that is. Pixels that noise makes
undecidable count in neither (see `defect_truth`); their number and the width of the band around
the threshold are in the table. Both grow as the frames get fewer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from defect_panels import Counts, make_panel, measure
from defect_truth import true_defects
from fpxi_imaging.defect_finding import find_defects
from fpxi_imaging.defect_map import DefectClass
from fpxi_imaging.defects import DefectThresholds

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
    half_width: float = 0.0
    """of the band on each side of the threshold, in its unit; the largest of the panels"""

    @property
    def recall(self) -> float:
        """1 of no true defects."""
        return 1 - self.missed / self.true if self.true else 1.0

    @property
    def false_alarms(self) -> float:
        """0 of no other pixels."""
        return self.false / self.others if self.others else 0.0


def score(panels: Iterable[tuple[str, int]], counts: Counts) -> dict[DefectClass, Score]:
    """Find the defects of these panels, and compare with the truth."""
    thresholds = DefectThresholds()
    scores: dict[DefectClass, Score] = {}
    for name, seed in panels:
        panel = make_panel(name, seed)
        evidence = measure(panel, counts)
        found = find_defects(evidence, thresholds)
        for defect, truth in true_defects(panel, counts, evidence, thresholds).items():
            each = scores.setdefault(defect, Score())
            has_it, decided = (found & defect) != 0, panel.imaging & ~truth.undecided
            each.true += int(np.sum(truth.holds & decided))
            each.missed += int(np.sum(truth.holds & decided & ~has_it))
            each.others += int(np.sum(~truth.holds & decided))
            each.false += int(np.sum(~truth.holds & decided & has_it))
            each.undecided += int(np.sum(truth.undecided & panel.imaging))
            each.half_width = max(each.half_width, truth.half_width)
    return scores


def main() -> None:
    """Print the tables."""
    for counts in FRAMES:
        print(f"{counts.darks} darks, {counts.flats} flats, {counts.half_flats} of half the dose")
        print("class               true  recall   others  false alarms  undecided  band (+-)")
        for defect, each in score(PANELS, counts).items():
            print(
                f"{str(defect.name).lower():18}{each.true:6}{each.recall:8.2%}{each.others:9}"
                f"{each.false:6} {each.false_alarms:7.3%}{each.undecided:11}{each.half_width:11.4f}"
            )
        print()


if __name__ == "__main__":
    main()
