"""Live: the frame rate follows the link, and the newest frame hardly waits."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
from fpxi_readout.protocol.generated import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Follow = Callable[..., Any]

SETTLED_S = 6.0
each_its_own = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def smallest(rig: Any) -> float:
    return min(rig.size(encoding) for encoding in Encoding)


@each_its_own
@given(
    capacity_Bps=st.floats(10_000, 300_000),
    burst_s=st.sampled_from([0.0, 0.015]),
    dark=st.booleans(),
)
def test_any_link_is_filled_and_frames_hardly_queue(
    follow: Follow, capacity_Bps: float, burst_s: float, dark: bool
) -> None:
    rig = follow(capacity_Bps, burst_s=burst_s, jitter_s=burst_s / 3, exposed=not dark)
    rig.source.start()
    rig.run(SETTLED_S)
    skipped = rig.source.statistics.frames_skipped
    began_s = rig.panel.now_s
    rig.run(10.0)
    possible_hz = min(100.0, capacity_Bps / smallest(rig))
    assert rig.frames_per_s(10.0) >= 0.88 * possible_hz
    frame_s = smallest(rig) / capacity_Bps
    assert median(rig.latencies_s(began_s)) < 3.0 * frame_s + 2 * burst_s + 0.04
    assert rig.source.statistics.frames_skipped == skipped


def test_without_following_frames_wait_in_a_full_store_and_are_skipped(follow: Follow) -> None:
    free, paced = follow(60_000, follow=False), follow(60_000)
    for rig in (free, paced):
        rig.panel.values["exposure_us"] = 50_000
        rig.source.read_parameters()
        rig.source.start()
        rig.run(12.0)
    assert free.panel.values["frame_period_us"] == 0
    assert free.source.statistics.frames_skipped > 100
    assert paced.source.statistics.frames_skipped == 0
    assert median(paced.latencies_s(6.0)) < 0.3 * median(free.latencies_s(6.0))


def test_the_rate_follows_a_link_that_changes(follow: Follow) -> None:
    rig = follow(lambda now_s: 60_000 if 10 <= now_s < 20 else 150_000)
    rig.source.start()
    rig.run(10.0)
    fast_hz = rig.frames_per_s(4.0)
    rig.run(10.0)
    slow_hz = rig.frames_per_s(4.0)
    assert max(rig.latencies_s(15.0)) < 0.5
    rig.run(12.0)
    assert slow_hz == pytest.approx(0.4 * fast_hz, rel=0.15)
    assert rig.frames_per_s(4.0) == pytest.approx(fast_hz, rel=0.12)


def test_an_outage_starves_nothing(follow: Follow) -> None:
    rig = follow(lambda now_s: 1.0 if 8 <= now_s < 11 else 120_000)
    rig.source.start()
    rig.run(8.0)
    before_hz = rig.frames_per_s(3.0)
    rig.run(8.0)
    assert rig.frames_per_s(2.0) >= 0.85 * before_hz


def test_answers_that_take_long_are_no_queue(follow: Follow) -> None:
    rig = follow(100_000, answer_s=0.15)
    rig.source.start()
    rig.run(SETTLED_S + 8.0)
    assert rig.frames_per_s(8.0) >= 0.9 * 100_000 / smallest(rig)


def test_a_delay_that_no_lower_rate_shortens_is_no_queue(follow: Follow) -> None:
    rig = follow(120_000, detour_s=lambda now_s: 0.4 if now_s >= 10 else 0.0)
    rig.source.start()
    rig.run(10.0)
    before_hz = rig.frames_per_s(4.0)
    rig.run(14.0)
    assert rig.frames_per_s(4.0) >= 0.9 * before_hz


def test_a_link_that_carries_all_slows_nothing_down(follow: Follow) -> None:
    rig = follow(5_000_000)
    rig.source.start()
    rig.run(6.0)
    assert rig.panel.values["frame_period_us"] == 0
    assert rig.frames_per_s(2.0) == pytest.approx(100, rel=0.02)


def test_no_period_is_shorter_than_the_saved_one(follow: Follow) -> None:
    rig = follow(5_000_000)
    rig.panel.values["frame_period_us"] = 40_000
    rig.source.read_parameters()
    rig.source.start()
    rig.run(6.0)
    assert min(period_us for _, period_us in rig.panel.periods) >= 40_000
    assert rig.frames_per_s(2.0) == pytest.approx(25, rel=0.05)


def test_in_averaged_frames_the_period_is_that_of_an_exposure(follow: Follow) -> None:
    rig = follow(20_000)
    rig.panel.values["average_log2"] = 2
    rig.source.read_parameters()
    rig.source.start()
    rig.run(16.0)
    assert rig.frames_per_s(8.0) >= 0.8 * 20_000 / smallest(rig)
    assert rig.panel.values["frame_period_us"] < 1e6 * smallest(rig) / 20_000


def test_in_reliable_delivery_the_period_is_left_alone(follow: Follow) -> None:
    rig = follow(60_000)
    rig.source.start(reliable=True)
    rig.run(5.0)
    assert "frame_period_us" not in dict(rig.panel.asked)
    assert rig.pace.view(rig.panel.now_s).capacity_Bps == pytest.approx(60_000, rel=0.05)


def test_triggered_bursts_keep_their_period(follow: Follow) -> None:
    rig = follow(60_000)
    rig.panel.values["trigger_mode"] = 1
    rig.source.read_parameters()
    rig.source.start()
    rig.run(5.0)
    assert "frame_period_us" not in dict(rig.panel.asked)
