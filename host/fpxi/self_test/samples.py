"""Checks that need frames: the path of the samples, and the rows and columns of the panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from fpxi_readout.frame import Frame
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import FrameFlag, TestPattern

from fpxi.self_test.errors import FramesLostError
from fpxi.self_test.lines import (
    AXES,
    Axis,
    LineDefect,
    LineFinding,
    Response,
    Stack,
    find_line_defects,
    panel_response,
)
from fpxi.self_test.patterns import expected_pattern, first_difference
from fpxi.self_test.report import Check, Outcome

PATTERN_FRAMES = 3
"""in encoding aec_reference the first is a key frame, the others are relative to it"""
RESPONSE_FRAMES = 16
FIRST_LONG_US = 20_000
LONGEST_US = 640_000
STEP = 4
PATIENCE_S = 5.0
SLOWNESS = 10.0
"""a board that is emulated may take so many times longer than a real one"""
MOST_NAMED = 12

WORDS = {
    LineDefect.STUCK: "stuck at a value",
    LineDefect.SILENT: "without response to the exposure",
    LineDefect.COPY: "with the signal of the one before",
}
REMEDIES: dict[tuple[Axis, LineDefect], str] = {
    ("row", LineDefect.STUCK): "look at CPV, STV and OE with a logic analyser",
    ("row", LineDefect.SILENT): "look for an open gate line or bond; a gate shorted to the row "
    "before empties this one too",
    ("row", LineDefect.COPY): "look for a missing gate clock (CPV), or gates that are shorted",
    ("column", LineDefect.STUCK): "look for a dead channel of the front end, or a missing CNV",
    ("column", LineDefect.SILENT): "look for an open data line or bond",
    ("column", LineDefect.COPY): "look for data lines that are shorted, or a missing "
    "multiplexer clock (CLK)",
}
TOO_WEAK = (
    "put the panel into light or X-rays, evenly, or give a longer --exposure; if that changes "
    "nothing, look at the gate supplies, OE and the bias"
)


def check_path(panel: Panel, encoding: str) -> Check:
    """Send every test pattern in one encoding, and compare sample by sample."""
    name = f"samples as {encoding}"
    patterns = panel.dictionary.enumerations["test_pattern"].values
    panel.set("encoding", encoding)
    tested = []
    for pattern in TestPattern:
        if pattern is TestPattern.NONE or pattern.name.lower() not in patterns:
            continue
        panel.set("test_pattern", pattern.name.lower())
        wrong = _wrong_sample(_take(panel, PATTERN_FRAMES), pattern)
        panel.set("test_pattern", "none")  # the next check wants the panel's own samples
        if wrong:
            return Check(
                name,
                Outcome.FAILED,
                f"{pattern.name.lower()}: {wrong}",
                "samples are spoilt behind the converter: write the firmware again with "
                "`fpxi flash`, and update fpxi on this computer",
            )
        tested.append(pattern.name.lower())
    return Check(name, Outcome.PASSED, f"{', '.join(tested)}: every sample as defined")


def check_lines(
    panel: Panel, exposure_us: int | None, progress: Callable[[str, int, int], None]
) -> list[Check]:
    """Compare frames at the shortest exposure with longer ones: response, rows, columns.

    Without `exposure_us` the longer exposure is looked for: four times shorter while the panel
    saturates, four times longer while it does not answer.
    """
    geometry = panel.geometry
    short_us = _shortest_us(panel)
    short = _stack(panel, short_us)
    progress("Response", 1, 2)
    long_us = exposure_us or max(FIRST_LONG_US, 2 * short_us)
    tried: list[int] = []
    while True:
        long = _stack(panel, long_us)
        tried.append(long_us)
        response, counts = panel_response(short, long, geometry.full_scale, geometry.process_ring)
        next_us = _next_us(response, long_us)
        if exposure_us or next_us in tried or not 2 * short_us <= next_us <= LONGEST_US:
            break
        long_us = next_us
    progress("Response", 2, 2)
    answers = response is not Response.WEAK
    found = find_line_defects(short, long, geometry.process_ring, answers=answers)
    return [
        describe_response(response, counts, short_us, long_us),
        *(describe_lines(axis, found, answers=answers) for axis in AXES),
    ]


def describe_response(response: Response, counts: float, short_us: int, long_us: int) -> Check:
    """Put the panel's response in words."""
    name = "response"
    told = f"{counts:.0f} counts more at {long_us} us than at {short_us} us (median pixel)"
    if response is Response.CLEAR:
        return Check(name, Outcome.PASSED, told)
    if response is Response.SATURATED:
        return Check(
            name,
            Outcome.FAILED,
            f"the panel saturates at {long_us} us",
            "give a shorter --exposure or less light; if it saturates in the dark, look at "
            "IRST and the front end's reference",
        )
    return Check(
        name, Outcome.FAILED, f"the exposure makes too little difference: {told}", TOO_WEAK
    )


def describe_lines(axis: Axis, found: Sequence[LineFinding], *, answers: bool) -> Check:
    """Put the findings about rows, or columns, in words."""
    name = f"{axis}s"
    own = [finding for finding in found if finding.axis == axis]
    if not own:
        told = "all answer to the exposure" if answers else "none is stuck"
        return Check(name, Outcome.PASSED, f"{told}, and none copies another")
    groups = {defect: [f for f in own if f.defect is defect] for defect in LineDefect}
    text = "; ".join(_told(axis, defect, group) for defect, group in groups.items() if group)
    remedy = "; ".join(REMEDIES[axis, defect] for defect, group in groups.items() if group)
    return Check(name, Outcome.FAILED, text, remedy)


def _told(axis: Axis, defect: LineDefect, group: Sequence[LineFinding]) -> str:
    places = [_place(finding) for finding in group[:MOST_NAMED]]
    more = f" and {len(group) - MOST_NAMED} more" if len(group) > MOST_NAMED else ""
    noun = axis if len(group) == 1 else f"{axis}s"
    return f"{noun} {', '.join(places)}{more} {WORDS[defect]}"


def _place(finding: LineFinding) -> str:
    if finding.defect is LineDefect.STUCK:
        return f"{finding.index} ({finding.value:.0f})"
    return str(finding.index)


def _wrong_sample(frames: Sequence[Frame], pattern: TestPattern) -> str:
    """Say what is wrong with the first frame that is not as the pattern's definition says."""
    if len(frames) != PATTERN_FRAMES:
        return f"{len(frames)} of {PATTERN_FRAMES} frames came"
    for frame in frames:
        if FrameFlag.PATTERN not in frame.flags:
            return f"frame {frame.number} is not marked as a test pattern"
        if frame.rows_missing:
            return f"{frame.rows_missing} rows of frame {frame.number} did not arrive"
        rows, columns = frame.samples.shape
        expected = expected_pattern(pattern, rows, columns, frame.number)
        place = first_difference(frame.samples, expected)
        if place is not None:
            return (
                f"frame {frame.number} has {frame.samples[place]:#06x} at row {place[0]}, column "
                f"{place[1]}, where {expected[place]:#06x} is right"
            )
    return ""


def _take(panel: Panel, count: int) -> list[Frame]:
    exposure_s = panel.get("exposure_us") * 1e-6
    panel.start(count, reliable=True)
    return list(panel.frames(timeout_s=PATIENCE_S + SLOWNESS * exposure_s))


def _stack(panel: Panel, exposure_us: int) -> Stack:
    """Take frames; FramesLostError if the panel could not send all of them whole."""
    panel.set("exposure_us", exposure_us)
    frames = [frame for frame in _take(panel, RESPONSE_FRAMES) if not frame.rows_missing]
    if len(frames) != RESPONSE_FRAMES:
        raise FramesLostError(RESPONSE_FRAMES, len(frames))
    return np.stack([frame.samples for frame in frames])


def _shortest_us(panel: Panel) -> int:
    """Return the shortest exposure that the panel can be read at without a pause."""
    minimum = panel.dictionary.parameters["exposure_us"].minimum
    readout = panel.get("readout_us") if "readout_us" in panel.dictionary.parameters else 0
    return max(minimum, readout)


def _next_us(response: Response, exposure_us: int) -> int:
    steps = {Response.CLEAR: 1, Response.WEAK: STEP, Response.SATURATED: 1 / STEP}
    return round(exposure_us * steps[response])
