"""What the pace sets is borrowed: the user's settings stand, and the device gets its own back."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from fpxi.frame_rate_limit import LimitCause
from fpxi.paced_source import PacedSource
from fpxi.tracked_source import TrackedSource
from fpxi.wishes import Wishes
from fpxi_readout.device_errors import DeviceFaultError
from fpxi_readout.links import LinkLostError
from fpxi_readout.protocol.generated import Encoding

Follow = Callable[..., Any]
PACED = ("encoding", "frame_period_us", "rows_per_chunk")
SLOW_Bps = 60_000


def own(rig: Any) -> dict[str, int]:
    return {name: rig.panel.values[name] for name in PACED}


def begun(follow: Follow, **about: Any) -> tuple[Any, dict[str, int]]:
    rig = follow(SLOW_Bps, **about)
    before = own(rig)
    rig.source.start()
    rig.run(3.0)
    assert all(rig.panel.values[name] != before[name] for name in PACED)
    return rig, before


def test_stop_gives_everything_back(follow: Follow) -> None:
    rig, before = begun(follow)
    rig.source.stop()
    assert own(rig) == before
    assert {name: rig.device.parameters[name] for name in PACED} == before


def test_a_fault_gives_everything_back(follow: Follow) -> None:
    rig, before = begun(follow)
    rig.panel.failure = DeviceFaultError("bias")
    with pytest.raises(DeviceFaultError):
        rig.source.poll(0.02)
    assert own(rig) == before


@pytest.mark.parametrize("stopped_after_s", [0.2, 0.4, 1.0])
def test_frames_that_come_after_the_stop_borrow_nothing(
    follow: Follow, stopped_after_s: float
) -> None:
    rig = follow(10_000)
    before = own(rig)
    rig.source.start()
    rig.run(stopped_after_s)
    rig.source.stop()
    rig.run(3.0)
    assert own(rig) == before


def test_a_run_that_is_to_be_stopped_when_it_is_met_again_gives_everything_back(
    follow: Follow, connect_again: Callable[[Any], None]
) -> None:
    rig, before = begun(follow)
    connect_again(rig)
    assert rig.source.resume(SimpleNamespace(stop_asked=False))
    assert own(rig) != before
    connect_again(rig)
    assert rig.source.resume(SimpleNamespace(stop_asked=True))
    assert own(rig) == before


def test_frames_that_came_before_a_setting_failed_are_handed_on(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = follow(SLOW_Bps)
    taken: list[int] = []

    def fail(name: str, value: int) -> int:
        raise LinkLostError("model:", f"while setting {name} to {value}")

    def take() -> None:
        while True:
            taken.extend(frame.number for frame in rig.source.poll(0.02))

    rig.source.start()
    monkeypatch.setattr(rig.panel, "set", fail)
    with pytest.raises(LinkLostError):
        take()
    taken.extend(frame.number for frame in rig.source.take_ready())
    assert taken == [frame.number for _, frame in rig.panel.arrivals] != []
    assert rig.source.take_ready() == []


def test_the_last_frame_gives_everything_back(follow: Follow) -> None:
    rig = follow(SLOW_Bps)
    before = own(rig)
    rig.source.start(40, reliable=True)
    rig.run(10.0)
    assert len(rig.panel.arrivals) == 40
    assert own(rig) == before


def test_what_a_lost_connection_left_borrowed_is_not_saved(
    follow: Follow, connect_again: Callable[[Any], None]
) -> None:
    rig, before = begun(follow)
    connect_again(rig)
    rig.source.stop()
    rig.source.save()
    assert {name: rig.panel.saved[name] for name in PACED} == before


def test_saving_after_a_run_that_ended_without_a_connection_saves_the_own_values(
    follow: Follow, connect_again: Callable[[Any], None]
) -> None:
    rig, before = begun(follow)
    rig.panel.stop()
    rig.pace.running = False
    connect_again(rig)
    rig.source.save()
    assert {name: rig.panel.saved[name] for name in PACED} == before


def test_saving_after_a_run_whose_last_frame_was_lost_saves_the_own_values(follow: Follow) -> None:
    rig, before = begun(follow)
    rig.panel.stop()
    rig.source.save()
    assert {name: rig.panel.saved[name] for name in PACED} == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("encoding", Encoding.RAW16), ("frame_period_us", 0), ("rows_per_chunk", 4)],
)
def test_what_the_user_has_set_stays(follow: Follow, name: str, value: int) -> None:
    rig = follow(SLOW_Bps)
    rig.source.set(name, value)
    rig.source.start()
    rig.run(3.0)
    assert rig.panel.values[name] == value
    rig.source.stop()
    assert rig.panel.values[name] == value


def test_what_the_user_sets_in_a_run_stays_after_it(follow: Follow) -> None:
    rig, _ = begun(follow)
    rig.source.set("frame_period_us", 500_000)
    rig.run(3.0)
    rig.source.stop()
    assert rig.panel.values["frame_period_us"] == 500_000


def test_a_restarted_device_is_the_users_no_more(follow: Follow) -> None:
    rig, before = begun(follow)
    rig.source.reset()
    assert own(rig) == before
    rig.panel.asked.clear()
    rig.source.stop()
    assert rig.panel.asked == []


def test_a_device_that_restarted_while_it_was_away_is_the_users_no_more(
    follow: Follow, connect_again: Callable[[Any], None]
) -> None:
    rig, before = begun(follow)
    rig.panel.reset()
    connect_again(rig)
    rig.panel.asked.clear()
    rig.source.stop()
    assert rig.panel.asked == []
    assert own(rig) == before


def test_a_run_begun_anew_after_a_restart_is_paced_from_the_first_frame(follow: Follow) -> None:
    rig, before = begun(follow)
    wishes = Wishes()
    wishes.started(0, reliable=False)
    rig.panel.reset()
    source = PacedSource(rig.panel, rig.pace, rig.device, clock=lambda: rig.panel.now_s)
    TrackedSource(source, wishes, rig.device).take_up()
    assert all(rig.panel.values[name] != before[name] for name in PACED)
    source.stop()
    assert own(rig) == before


def test_without_following_nothing_is_set(follow: Follow) -> None:
    rig = follow(SLOW_Bps, follow=False)
    rig.source.start()
    rig.run(3.0)
    rig.source.stop()
    assert rig.panel.asked == []


def test_the_next_connection_begins_with_what_is_known_of_the_link(
    follow: Follow, connect_again: Callable[[Any], None]
) -> None:
    rig, _ = begun(follow)
    period_us = rig.panel.values["frame_period_us"]
    rig.source.stop()
    connect_again(rig)
    rig.source.start()
    assert rig.panel.values["frame_period_us"] == pytest.approx(period_us, rel=0.3)
    assert rig.panel.values["encoding"] == Encoding.AEC_REFERENCE


def test_an_encoding_of_less_work_is_chosen_where_it_fits(follow: Follow) -> None:
    rig = follow(200_000)
    rig.panel.values["exposure_us"] = 200_000
    rig.panel.values["encoding"] = Encoding.AEC_REFERENCE
    rig.source.read_parameters()
    rig.source.start(reliable=True)
    rig.run(6.0)
    assert rig.panel.values["encoding"] == Encoding.AEC
    assert rig.frames_per_s(4.0) == pytest.approx(5, rel=0.1)


def test_the_link_is_told_as_the_limit(follow: Follow) -> None:
    rig, _ = begun(follow)
    rig.run(3.0)
    view = rig.device.link_view
    assert view.capacity_Bps == pytest.approx(SLOW_Bps, rel=0.05)
    assert view.rate_Bps == pytest.approx(SLOW_Bps, rel=0.1)
    assert view.limit.cause is LimitCause.LINK
    assert view.limit.frame_rate_hz == pytest.approx(rig.frames_per_s(3.0), rel=0.1)
    assert view.limit.frame_bytes == pytest.approx(rig.size(Encoding.AEC_REFERENCE), rel=0.1)


def test_the_settings_are_told_as_the_limit_of_a_fast_link(follow: Follow) -> None:
    rig = follow(5_000_000)
    rig.source.start()
    rig.run(4.0)
    assert str(rig.device.link_view.limit) == "the exposure: 10 ms"
    rig.source.stop()
    rig.run(4.0)
    assert rig.device.link_view.limit.cause is LimitCause.NONE_YET


def test_a_computer_that_leaves_frames_with_the_device_is_told_as_the_limit(follow: Follow) -> None:
    rig = follow(5_000_000)
    rig.source.start(reliable=True)
    for _ in range(4000):
        rig.source.poll(0.02)
        for _ in range(20):
            rig.source.keep_alive()
    assert rig.device.link_view.limit.cause is LimitCause.COMPUTER
    assert rig.device.link_view.capacity_Bps is None
