from __future__ import annotations

from dataclasses import replace

import numpy as np
from fpxi.calibration import calibration_summary
from fpxi_imaging import Calibration, DefectMap


def said(calibration: Calibration) -> dict[str, list[str]]:
    """What is said under each name."""
    facts: dict[str, list[str]] = {}
    for name, text in calibration_summary(calibration):
        facts.setdefault(name, []).append(text)
    return facts


def test_a_calibration_is_told_in_words(rich: Calibration) -> None:
    facts = said(rich)
    assert facts["Panel"] == ["tiny, serial number SN-7"]
    assert facts["Frames"][0].startswith("6 x 5 samples from row 0, column 0, with correlated")
    assert facts["Made"] == ["2026-01-02 03:04 UTC by fpxi 0.1.0"]
    assert facts["Bias"] == ["-12.345 V"]
    assert [text.split(", noise")[0] for text in facts["Darks"]] == [
        "gain setting 1, 2.5 ms, 27.3 °C, 41 frames",
        "gain setting 1, 5 ms, 27.3 °C, 42 frames",
        "gain setting 0, 2.5 ms, 20.0 °C, 43 frames",
    ]
    assert (
        "piecewise linear, 61 flats at 500 to 1234 counts above dark, shading kept"
        in (facts["Gain"][0])
    )
    assert "polynomial" in facts["Gain"][1]
    assert "shading removed" in facts["Gain"][1]
    assert facts["Covers"] == ["all exposures from 2.5 to 5 ms, gain setting 1, 27.3 °C"]
    assert facts["Lag"] == [
        "2.00% with 0.1 s, 1.00% with 2.5 s; fit leaves 3.0e-04 of the signal",
    ]
    assert facts["Signal left"] == [
        "after 0.1 s 1.700% ± 0.020%, by the model 1.720%",
        "after 1 s 0.680% ± 0.010%, by the model 0.680%",
        "after 9.5 s -0.010% ± 0.020%, by the model 0.010%",
    ]
    assert facts["Refreshed"] == ["2026-01-02 03:04 UTC: rose by 0.5 counts"]
    assert facts["Dark drift"] == ["usable: drifts a little"]
    assert facts["Made from"] == ["/data/dark.h5 (dark, 40 frames)", "flat.h5 (flat)"]


def test_defects_are_counted_as_they_are_corrected_and_as_they_were_found(
    rich: Calibration,
) -> None:
    facts = said(rich)
    assert facts["Defects"] == ["3 of 25 imaging pixels (12.00%)"]  # found, marked, imported
    classes = "dead 1, noisy 1, persistent 1, cluster 2, cluster kernel 2, imported 1"
    assert facts["Defect classes"] == [f"{classes}; a pixel may be of several"]
    assert facts["Defects imported"] == ["1 listed in a.txt, by Ada"]
    assert facts["Defect edits"] == ["2 by Ada, Bob"]
    assert facts["Withdrawn"] == ["2 edits or imports, which stay on record"]


def test_a_time_constant_longer_than_the_frames_went_on_is_not_stated(rich: Calibration) -> None:
    assert rich.lag is not None
    short = replace(rich, lag=replace(rich.lag, last_s=2.0, trace=None))
    facts = said(short)
    assert facts["Lag"][0].startswith("2.00% with 0.1 s, 1.00% with more than 2 s;")
    assert "Signal left" not in facts


def test_what_is_not_known_is_left_out(rich: Calibration) -> None:
    unknown = np.full(rich.shape, np.nan, np.float32)
    bare = replace(
        rich,
        darks=(replace(rich.darks[0], noise=unknown),),
        gains=(replace(rich.gains[0], uncertainty=unknown, levels=rich.gains[0].levels[:1]),),
        defects=DefectMap(np.where(np.isnan(rich.gains[0].gain), 1, 0).astype(np.uint16)),
        lag=None,
        agreement=None,
        verdicts=(),
        refreshes=(),
        sources=(),
        software="",
    )
    facts = said(bare)
    assert set(facts) == {
        "Panel",
        "Frames",
        "Made",
        "Bias",
        "Darks",
        "Gain",
        "Defects",
        "Defect classes",
        "Lag",
    }
    assert facts["Darks"] == ["gain setting 1, 2.5 ms, 27.3 °C, 41 frames"]
    assert "30 flats at 500 counts above dark" in facts["Gain"][0]
    assert facts["Lag"] == ["not measured"]
