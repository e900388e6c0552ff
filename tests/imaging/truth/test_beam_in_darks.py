"""Darks of simulated panels, with the X-rays off, and with a part of the flats' beam left on."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import fpxi
import pytest
from fpxi.calibration.watching import Watched, capture_watched
from fpxi_imaging import (
    BeamOnInDarkError,
    Calibration,
    FrameSeries,
    Grade,
    Verdict,
    build_calibration,
)

FRAMES = 16
SETTLING = 8
"""Frames after each change, while lag dies away."""
FLAT_US = 20_000
CHECKS = ("beam off in the darks", "beam off at every exposure")


@dataclass(frozen=True)
class Case:
    """A panel at its bias, and the parts of the beam that its darks give away or let pass."""

    preset: str
    exposures_us: tuple[int, ...]
    doubtful: tuple[float, ...] = ()
    """It cannot be told whether X-rays were on, and a verdict says so."""
    refused: tuple[float, ...] = ()


CASES = (
    # 77 pixels, photons far below the electronics' noise, and dark current noisier than both
    Case("array-7x11", (5_000, 20_000, 100_000), doubtful=(0.0, 0.03, 0.3)),
    # 64 pixels: too few for the pattern, and the noise could be the dark current's
    Case("line64", (5_000, 20_000), doubtful=(0.03, 0.3)),
    Case("cmos32", (5_000, 20_000), refused=(0.03, 0.3)),
    Case("tft64", (5_000, 20_000), refused=(0.03, 0.3)),
    # next to no dark current: whatever rises with the exposure is X-rays
    Case("csi-tl", (5_000, 100_000), refused=(0.03,)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.preset)
def test_a_beam_left_on_is_refused_where_it_shows_and_doubted_where_it_may_not(case: Case) -> None:
    with fpxi.open(f"sim:{case.preset}?time=virtual&object=none&seed=3") as session:
        scene: Any = session.scene
        if scene.wanted_bias_mV:
            session.set("bias_mV", scene.wanted_bias_mV)
        shares = sorted({0.0, *case.doubtful, *case.refused})
        taken = {
            share: [take(session, each, share) for each in case.exposures_us] for share in shares
        }
        flat = take(session, FLAT_US, 1.0)
        for share, darks in taken.items():
            if share in case.refused:
                with pytest.raises(BeamOnInDarkError):
                    calibrate(session, darks, flat)
                continue
            verdicts = calibrate(session, darks, flat).verdicts
            exposures = [each for each in verdicts if each.check == CHECKS[1]]
            doubted = Grade.USABLE if share in case.doubtful else Grade.GOOD
            assert [each.grade for each in exposures] == [doubted]
            assert all(holds(each, share) for each in verdicts if each.check in CHECKS)


def take(session: fpxi.Session, exposure_us: int, share: float) -> Watched:
    """Capture a series with this part of the preset's beam."""
    scene: Any = session.scene
    full = scene.dose_rate
    scene.beam_on, scene.dose_rate = share > 0, full * (share or 1.0)
    session.set("exposure_us", exposure_us)
    capture_watched(session, SETTLING)
    watched = capture_watched(session, FRAMES)
    scene.dose_rate = full
    return watched


def calibrate(session: fpxi.Session, darks: list[Watched], flat: Watched) -> Calibration:
    assert session.geometry is not None
    dark_series, flat_series = (
        [FrameSeries(each.stack, each.conditions, each.taken) for each in taken]
        for taken in (darks, [flat])
    )
    return build_calibration(
        dark_series,
        flat_series,
        not_imaging=~flat.imaging,
        saturation_level=session.geometry.full_scale,
        created=datetime.now(UTC),
    )


def holds(verdict: Verdict, share: float) -> bool:
    """Whether the bound that a verdict states is none too low, but for the flats' own share."""
    return verdict.measured >= 100 * share * 0.7
