"""Finding an exposure time at which the open beam fills the panel's range well, but not over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from fpxi_imaging import FrameStack

from fpxi.session import Session

AIM = 0.6
"""of the full scale, at the pixel that few others exceed"""
GOOD = (0.45, 0.75)
FEW_ABOVE = 95.0
"""percentile: hot pixels do not count, the spread of the others does"""
TRIALS = 12
TRIAL_FRAMES = 2
LARGEST_CHANGE = 16.0
LONGEST_US = 200_000


@dataclass(frozen=True, slots=True)
class _Trial:
    exposure_us: int
    level: float
    """of the imaging pixels' `FEW_ABOVE` percentile, over the full scale"""


def choose_exposure(session: Session) -> int:
    """Set an exposure time that suits the beam with nothing in it, and return it, in us.

    The range of the front end is widened where even the shortest exposure is too long, and narrowed
    where the longest, a fifth of a second at most, is too short.
    """
    assert session.dictionary is not None
    exposure = session.dictionary.parameters["exposure_us"]
    gains = session.dictionary.panel.gain_settings
    ranges = sorted(range(len(gains)), key=lambda setting: gains[setting].full_scale_fC)
    place = ranges.index(session.get("gain_setting"))
    tried: set[int] = set()
    while 0 <= place < len(ranges) and place not in tried:
        tried.add(place)
        session.set("gain_setting", ranges[place])
        best = _search(session, exposure.minimum, min(exposure.maximum, LONGEST_US))
        if GOOD[0] <= best.level <= GOOD[1]:
            break
        place += 1 if best.level > GOOD[1] else -1
    return session.set("exposure_us", best.exposure_us)


def _search(session: Session, shortest_us: int, longest_us: int) -> _Trial:
    trial = _try(session, max(shortest_us, session.parameters["exposure_us"]))
    for _ in range(TRIALS):
        if GOOD[0] <= trial.level <= GOOD[1]:
            break
        change = float(np.clip(AIM / max(trial.level, 1e-3), 1 / LARGEST_CHANGE, LARGEST_CHANGE))
        if trial.level > 0.95:
            change = 1 / LARGEST_CHANGE  # a full range says nothing of how far over it is
        exposure_us = int(np.clip(round(trial.exposure_us * change), shortest_us, longest_us))
        if exposure_us == trial.exposure_us:
            break
        trial = _try(session, exposure_us)
    return trial


def _try(session: Session, exposure_us: int) -> _Trial:
    exposure_us = session.set("exposure_us", exposure_us)
    assert session.geometry is not None
    stack = FrameStack((session.geometry.rows, session.geometry.columns))
    with session.frames(TRIAL_FRAMES) as frames:
        session.start(TRIAL_FRAMES, reliable=True)
        for frame in frames:
            stack.add(frame.samples, frame.row_received)
    imaging = stack.mean[~session.geometry.not_imaging]
    return _Trial(
        exposure_us, float(np.percentile(imaging, FEW_ABOVE)) / session.geometry.full_scale
    )
