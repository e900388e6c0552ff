"""Which verdicts of a calibration still hold when darks of it have been replaced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fpxi_imaging.calibration.beam_checks import BEAM_AT_EXPOSURES, BEAM_IN_DARKS, BEFORE_AND_AFTER
from fpxi_imaging.calibration.frame_checks import DARKS, count_check, drift_check
from fpxi_imaging.calibration.quality import worst
from fpxi_imaging.verdict import Verdict

_JUDGED_ANEW = (count_check(DARKS), drift_check(DARKS))
_OF_THE_DARKS = (*_JUDGED_ANEW, BEFORE_AND_AFTER)
_OF_THE_BEAM = (BEAM_IN_DARKS, BEAM_AT_EXPOSURES)
_SOME_STAY = "of the darks before the refresh, some of which stay: "
_OF_THE_GAIN = "of the darks that the gain was made with: "


def renewed_verdicts(
    before: Iterable[Verdict], judged: Sequence[Verdict], *, replaced: bool, kept: bool
) -> tuple[Verdict, ...]:
    """Return the verdicts before the refresh that still hold, with those on the new darks.

    `judged` are number and drift of the new darks. `replaced`: some darks went; `kept`: some stay.
    What was said of darks that are gone goes with them, but for the beam in those that the gain
    was made with, which says how far the gain can be trusted.
    """
    held = [_marked(each, kept=kept) for each in before] if replaced else list(before)
    return worst((*(each for each in held if each is not None), *judged))


def _marked(verdict: Verdict, *, kept: bool) -> Verdict | None:
    """Return a verdict that says whose it is; None where its darks are gone."""
    if verdict.check in _OF_THE_BEAM:
        return _beginning(verdict, _OF_THE_GAIN)
    if verdict.check in _OF_THE_DARKS:
        return _beginning(verdict, _SOME_STAY) if kept else None
    return verdict


def _beginning(verdict: Verdict, words: str) -> Verdict:
    if verdict.text.startswith(words):
        return verdict
    return replace(verdict, text=words + verdict.text)
