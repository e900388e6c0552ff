"""Software triggers whose answers get lost: each burst is triggered once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast

import pytest
from fpxi.bursts import TriggeredFrames
from fpxi.hub import FrameHub
from fpxi.session import Session
from fpxi.subscription import FrameSubscription
from fpxi_readout.device_errors import CommandRefusedError
from fpxi_readout.frame import Frame
from fpxi_readout.links import LinkLostError
from fpxi_readout.protocol.generated import NackCode, State

WAIT_S = 5.0
LOST = LinkLostError("script:", "cut")


class Device:
    """Triggers bursts of two frames; the link may break before or after."""

    def __init__(self) -> None:
        self.values = {"state": int(State.ARMED), "next_frame": 0}
        self.triggers = 0
        self.breaks: list[str] = []
        """where it breaks, for each trigger in turn: before it, after it, or nowhere"""
        self.after_trigger: Callable[[], None] = lambda: None

    def get(self, name: str) -> int:
        return self.values[name]

    def software_trigger(self) -> int:
        where = self.breaks.pop(0) if self.breaks else "nowhere"
        if where == "before":
            raise LOST
        if where == "refuses":
            raise CommandRefusedError("SOFTWARE_TRIGGER", NackCode.TRIGGER_PENDING, 0, "pending")
        number = self.values["next_frame"]
        self.triggers += 1
        self.after_trigger()
        if where == "after":
            raise LOST
        return number


class ScriptedSession:
    """A session whose device is back at once."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def submit(self, action: Callable[[Device], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(action(self.device))
        except (LinkLostError, CommandRefusedError) as error:
            future.set_exception(error)
        return future

    def wait_connected(self, timeout_s: float, *, patient: bool) -> None:
        del timeout_s, patient


@pytest.fixture
def hub() -> FrameHub:
    return FrameHub()


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def frames(hub: FrameHub, device: Device) -> TriggeredFrames:
    session = cast("Session", ScriptedSession(device))
    subscription = FrameSubscription(hub, None, WAIT_S, give_up_s=WAIT_S)
    return TriggeredFrames(session, subscription, 2, WAIT_S)


def test_a_trigger_that_did_not_arrive_is_given_again(
    frames: TriggeredFrames, device: Device, hub: FrameHub, make_frame: Callable[..., Frame]
) -> None:
    device.breaks = ["before", "before"]
    hub.publish([make_frame(0), make_frame(1)])
    assert [frames.take().number for _ in range(2)] == [0, 1]
    assert device.triggers == 1


@pytest.mark.parametrize(
    "found",
    [{"next_frame": 2}, {"next_frame": 1}, {"state": State.EXPOSING}, {"state": State.READING}],
)
def test_a_trigger_of_which_only_the_answer_was_lost_is_not_given_again(
    frames: TriggeredFrames,
    device: Device,
    hub: FrameHub,
    make_frame: Callable[..., Frame],
    found: dict[str, int],
) -> None:
    device.breaks = ["after"]
    device.after_trigger = lambda: device.values.update(found)
    hub.publish([make_frame(0), make_frame(1)])
    assert [frames.take().number for _ in range(2)] == [0, 1]
    assert device.triggers == 1


def test_a_trigger_that_is_refused_because_it_was_carried_out_counts(
    frames: TriggeredFrames, device: Device, hub: FrameHub, make_frame: Callable[..., Frame]
) -> None:
    device.breaks = ["after", "refuses"]
    hub.publish([make_frame(0), make_frame(1)])
    assert [frames.take().number for _ in range(2)] == [0, 1]
    assert device.triggers == 1


def test_a_first_trigger_that_is_refused_is_an_error(
    frames: TriggeredFrames, device: Device
) -> None:
    device.breaks = ["refuses"]
    with pytest.raises(CommandRefusedError):
        frames.take()


def test_a_run_that_was_begun_anew_is_triggered_anew(
    frames: TriggeredFrames, device: Device, hub: FrameHub, make_frame: Callable[..., Frame]
) -> None:
    hub.publish([make_frame(7)])
    device.values["next_frame"] = 7
    assert frames.take().number == 7
    hub.lost(LOST)
    hub.found("begun anew", anew=True)
    device.values["next_frame"] = 0
    hub.publish([make_frame(0)])
    assert frames.take().number == 0
    assert device.triggers == 2


def test_frames_of_the_old_run_are_taken_before_the_new_one_is_triggered(
    frames: TriggeredFrames, device: Device, hub: FrameHub, make_frame: Callable[..., Frame]
) -> None:
    device.values["next_frame"] = 4
    device.breaks = ["nowhere", "after"]
    hub.publish([make_frame(4), make_frame(5)])
    assert frames.take().number == 4
    hub.found("begun anew", anew=True)
    device.values["next_frame"] = 0
    hub.publish([make_frame(0)])
    assert frames.take().number == 5
    device.breaks = []
    assert frames.take().number == 0
    assert device.triggers == 2
