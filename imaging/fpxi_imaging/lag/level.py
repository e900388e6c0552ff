"""Whether the lag was measured at a signal for which the pixels' gain is known."""

from __future__ import annotations

from fpxi_imaging.calibration.gain_model import GainModel
from fpxi_imaging.verdict import Grade, Verdict

MOST_APART = 1.25
"""A level so many times above the highest flat, or below the lowest one, is of another beam."""


def level_verdict(level: float, gain: GainModel) -> Verdict:
    """Judge the level before a step-off, corrected counts, by those of the gain's flats."""
    lowest = min(each.target for each in gain.levels)
    highest = max(each.target for each in gain.levels)
    apart = max(level / highest, lowest / level)
    flats = f"{lowest:.0f}" if lowest == highest else f"{lowest:.0f} to {highest:.0f}"
    text = f"the lag is that of {level:.0f} counts, the flats have {flats}"
    grade = Grade.GOOD
    if apart > MOST_APART:
        grade = Grade.USABLE
        side = "above" if level > highest else "below"
        text += (
            f": so far {side} them the gain was not measured, and the traps may fill otherwise; "
            "switch the beam off at the tube current of the flats"
        )
    return Verdict("lag level", grade, apart, MOST_APART, "times the flats", text)
