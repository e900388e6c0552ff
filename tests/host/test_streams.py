from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from fpxi.errors import FrameOverflowError, LinkGivenUpError, SessionClosedError
from fpxi.hub import FrameHub
from fpxi.outage import Outage
from fpxi.statistics import NOTHING, RateMeter, add_statistics
from fpxi.subscription import FrameSubscription
from fpxi_readout.frame import Frame
from fpxi_readout.links import LinkLostError

MakeFrame = Callable[..., Frame]


@pytest.fixture
def hub() -> FrameHub:
    return FrameHub()


def test_an_overflow_is_raised_after_what_was_queued(hub: FrameHub, make_frame: MakeFrame) -> None:
    frames = FrameSubscription(hub, None, 1.0, capacity=3)
    hub.publish([make_frame(number) for number in range(5)])
    assert [next(frames).number for _ in range(3)] == [0, 1, 2]
    with pytest.raises(FrameOverflowError) as caught:
        next(frames)
    assert (caught.value.capacity, caught.value.dropped_from) == (3, 3)


def test_the_end_is_raised_after_what_was_queued(hub: FrameHub, make_frame: MakeFrame) -> None:
    frames = FrameSubscription(hub, None, 1.0)
    hub.publish([make_frame(0)])
    hub.end(SessionClosedError("sim:x"))
    assert next(frames).number == 0
    with pytest.raises(SessionClosedError):
        next(frames)


def test_a_lost_device_ends_only_those_that_want_that(hub: FrameHub, make_frame: MakeFrame) -> None:
    patient = FrameSubscription(hub, None, 1.0)
    hasty = FrameSubscription(hub, None, 1.0, give_up_s=0)
    hub.lost(LinkLostError("serial:x", "unplugged"))
    hub.publish([make_frame(0)])
    assert next(patient).number == 0
    with pytest.raises(LinkLostError, match="unplugged"):
        next(hasty)


def test_a_device_that_comes_back_without_a_frame_is_still_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr("fpxi.outage.time", SimpleNamespace(monotonic=lambda: clock[0]))
    outage = Outage(10.0)
    assert outage.limit(asked=100.0, timeout_s=3.0) == 103.0
    outage.begin(LinkLostError("serial:x", "unplugged"))
    assert outage.limit(asked=100.0, timeout_s=3.0) == 110.0
    clock[0] = 104.0
    outage.end()
    assert outage.limit(asked=100.0, timeout_s=3.0) == 107.0
    outage.begin(LinkLostError("serial:x", "unplugged"))
    assert outage.limit(asked=100.0, timeout_s=3.0) == 110.0
    outage.end()
    outage.frame_came()
    outage.begin(LinkLostError("serial:x", "unplugged"))
    assert outage.limit(asked=100.0, timeout_s=3.0) == 114.0


def test_a_frame_that_had_come_before_the_loss_does_not_shorten_the_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fpxi.outage.time", SimpleNamespace(monotonic=lambda: 100.0))
    outage = Outage(60.0)
    outage.begin(LinkLostError("serial:x", "unplugged"))
    outage.frame_came()
    assert outage.limit(asked=100.0, timeout_s=3.0) == 160.0


def test_a_device_that_stays_away_is_given_up_by_that_name(hub: FrameHub) -> None:
    frames = FrameSubscription(hub, None, 60.0, give_up_s=0.01, url="serial:x")
    loss = LinkLostError("serial:x", "unplugged")
    hub.lost(loss)
    with pytest.raises(LinkGivenUpError, match=r"serial:x: gave up after 0\.01 s") as caught:
        next(frames)
    assert caught.value.__cause__ is loss
    assert caught.value.waited_s == 0.01


def test_a_closed_subscription_gets_nothing_more(hub: FrameHub, make_frame: MakeFrame) -> None:
    with FrameSubscription(hub, None, 1.0) as frames:
        hub.publish([make_frame(0)])
    hub.publish([make_frame(1)])
    assert [frame.number for frame in frames] == [0]


def test_more_frames_than_asked_for_are_not_delivered(hub: FrameHub, make_frame: MakeFrame) -> None:
    frames = FrameSubscription(hub, 2, 1.0)
    hub.publish([make_frame(number) for number in range(4)])
    assert [frame.number for frame in frames] == [0, 1]


def test_a_crowded_consumer_makes_the_hub_crowded(hub: FrameHub, make_frame: MakeFrame) -> None:
    frames = FrameSubscription(hub, None, 1.0, capacity=4)
    hub.publish([make_frame(number) for number in range(2)])
    assert not hub.crowded
    hub.publish([make_frame(2)])
    assert hub.crowded
    frames.close()
    assert not hub.crowded


def test_nobody_waits_for_a_subscription_that_takes_no_more(
    hub: FrameHub, make_frame: MakeFrame
) -> None:
    frames = FrameSubscription(hub, None, 1.0, capacity=4, give_up_s=0)
    hub.publish([make_frame(number) for number in range(4)])
    assert frames.crowded
    hub.lost(LinkLostError("serial:x", "unplugged"))
    assert not hub.crowded


def test_the_rate_is_that_of_the_last_seconds() -> None:
    meter = RateMeter(window_s=2.0)
    assert meter.rate_hz(0.0) == 0.0
    for index in range(100):
        meter.add(index * 0.1, 2)
    assert meter.rate_hz(9.9) == pytest.approx(20.0)
    assert meter.rate_hz(20.0) == 0.0


def test_counters_add_up() -> None:
    one = replace(NOTHING, crc_errors=1, bytes_received=10)
    assert add_statistics(one, one) == replace(NOTHING, crc_errors=2, bytes_received=20)


def test_importing_fpxi_brings_in_nothing_slow() -> None:
    code = (
        "import sys, fpxi; "
        "print([name for name in ('numba', 'h5py', 'serial', 'PIL', 'PySide6') "
        "if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert shown.strip() == "[]"


def test_names_that_are_imported_late_are_there() -> None:
    import fpxi

    for name in fpxi.__all__:
        assert getattr(fpxi, name) is not None
    with pytest.raises(AttributeError):
        fpxi.nonsense  # noqa: B018
