"""Rates without the gaps, delays without what is no queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fpxi.link_pace_meter import DelayMeter, FlowMeter
from fpxi_readout.frame import Frame, Sampling


def flow(meter: FlowMeter, begin_s: float, end_s: float, total: int, rate: float) -> int:
    """Let bytes arrive every 15 ms; return how many have by then."""
    now_s = begin_s
    while now_s < end_s:
        total += round(0.015 * rate)
        meter.add(now_s, total)
        now_s += 0.015
    return total


def test_the_rate_of_a_flow() -> None:
    meter = FlowMeter()
    flow(meter, 0.0, 5.0, 0, 100_000)
    assert meter.per_s(5.0) == pytest.approx(100_000, rel=0.02)
    assert meter.flowing_per_s(3.5) == pytest.approx(100_000, rel=0.02)
    assert meter.peak_per_s(4.0) == pytest.approx(100_000, rel=0.34)


def test_an_outage_lowers_what_came_but_not_what_the_link_carries() -> None:
    meter = FlowMeter()
    total = flow(meter, 0.0, 2.0, 0, 100_000)
    flow(meter, 3.0, 3.5, total, 100_000)
    assert meter.per_s(3.5) < 60_000
    assert meter.flowing_per_s(0.0) == pytest.approx(100_000, rel=0.05)


def test_too_little_time_tells_nothing() -> None:
    meter = FlowMeter()
    assert meter.flowing_per_s(0.0) is None
    assert meter.peak_per_s(0.0) is None
    assert meter.per_s(1.0) == 0.0
    flow(meter, 1.0, 1.1, 0, 100_000)
    assert meter.flowing_per_s(0.0) is None


def test_nothing_comes_any_more() -> None:
    meter = FlowMeter()
    flow(meter, 0.0, 2.0, 0, 100_000)
    assert meter.per_s(4.5) == 0.0


@pytest.fixture
def a_frame(follow: Callable[..., Any]) -> Frame:
    """Any frame."""
    rig = follow(1_000_000)
    rig.source.start()
    rig.run(0.2)
    frame: Frame = rig.panel.arrivals[0][1]
    return frame


def at(frame: Frame, number: int, begins_s: float, averaged: int = 1) -> Frame:
    """Return the frame, taken at another time."""
    begins_us = round(1e6 * begins_s)
    sampling = Sampling(averaged=averaged)
    return replace(frame, number=number, timestamp_us=begins_us, sampling=sampling)


def test_a_single_late_frame_is_no_queue_but_late_ones_are(a_frame: Frame) -> None:
    meter = DelayMeter()
    for number, late_s in enumerate((0.0, 0.2, 0.0)):
        meter.add(100.0 + 0.1 * number + late_s, at(a_frame, number, 0.1 * number))
    assert meter.take_standing_s() == pytest.approx(0.0, abs=1e-6)
    for number in range(3, 6):
        meter.add(100.2 + 0.1 * number, at(a_frame, number, 0.1 * number))
    assert meter.take_standing_s() == pytest.approx(0.2, abs=1e-6)
    assert meter.take_standing_s() is None


def test_slower_exposures_of_an_averaged_frame_are_no_queue(a_frame: Frame) -> None:
    meter = DelayMeter()
    begins_s, number = 0.0, 0
    for period_s in (0.01, 0.1):
        for _ in range(4):
            ends_s = begins_s + 3 * period_s + 1e-6 * a_frame.exposure_us
            meter.add(50.0 + ends_s, at(a_frame, number, begins_s, averaged=4))
            begins_s, number = begins_s + 4 * period_s, number + 1
            standing_s = meter.take_standing_s()
    assert standing_s is not None
    assert standing_s < 0.04
