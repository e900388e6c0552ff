"""Commands to the device, their outcome, and what is known of it."""

from __future__ import annotations

from typing import Any

import pytest
from fpxi_gui.snapshot import take_snapshot
from fpxi_readout.errors import FpxiError
from fpxi_readout.protocol.generated import State


@pytest.fixture
def connected(rig: Any) -> Any:
    rig.session.connect()
    rig.settle()
    return rig


def test_a_parameter_is_pending_until_the_device_has_answered(connected: Any) -> None:
    connected.controller.device.set_parameter("exposure_us", 5000)
    known = connected.controller.device.parameters(take_snapshot(connected.session))
    waiting = known.values["exposure_us"]
    assert (waiting.value, waiting.pending) == (1000, True)
    done = connected.settle().parameters.values["exposure_us"]
    assert (done.value, done.pending, done.refusal) == (5000, False, "")


def test_a_refused_parameter_keeps_its_value_and_says_why(connected: Any) -> None:
    connected.session.source.refusals["bias_mV"] = "the supply says no"
    connected.controller.device.set_parameter("bias_mV", 500)
    refused = connected.settle().parameters.values["bias_mV"]
    assert (refused.value, refused.pending, refused.refusal) == (0, False, "the supply says no")


def test_a_later_success_clears_the_refusal(connected: Any) -> None:
    connected.session.source.refusals["bias_mV"] = "no"
    connected.controller.device.set_parameter("bias_mV", 500)
    connected.settle()
    connected.session.source.refusals.clear()
    connected.controller.device.set_parameter("bias_mV", 400)
    value = connected.settle().parameters.values["bias_mV"]
    assert (value.value, value.refusal) == (400, "")


def test_start_and_stop_are_known_when_the_device_has_answered(connected: Any) -> None:
    connected.controller.device.start()
    assert not connected.controller.device.acquiring
    assert connected.settle().acquisition.acquiring
    connected.controller.device.stop()
    stopped = connected.settle().acquisition
    assert not stopped.acquiring
    connected.clock.now += 1.5
    connected.controller.tick()
    assert not connected.settle().acquisition.ended
    assert connected.session.source.calls == ["start 0 live", "stop"]


def test_reliable_delivery_is_asked_for_at_the_start(connected: Any) -> None:
    connected.controller.device.reliable = True
    connected.controller.device.start(3)
    connected.settle()
    assert connected.session.source.calls == ["start 3 reliable"]


def test_a_refused_start_is_told_and_nothing_acquires(connected: Any) -> None:
    connected.session.source.refusals["start"] = "a fault is latched"
    connected.controller.device.start()
    state = connected.settle()
    assert state.message == "a fault is latched"
    assert str(state.failure) == "a fault is latched"
    assert not state.acquisition.acquiring
    assert not state.acquisition.busy


def test_a_device_that_stopped_by_itself_is_noticed(connected: Any) -> None:
    connected.controller.device.start(1)
    connected.settle()
    connected.session.source.values["state"] = int(State.IDLE)
    connected.clock.now += 1.5
    assert not connected.controller.tick().acquisition.ended
    state = connected.tick_until(lambda state: not state.acquisition.acquiring)
    assert state.acquisition.ended
    connected.controller.device.start(1)
    assert not connected.settle().acquisition.ended
    assert state.parameters.values["state"].value == State.IDLE


def test_a_device_without_a_state_is_known_by_its_commands(connected: Any) -> None:
    from dataclasses import replace

    known = connected.session.dictionary
    stateless = {name: info for name, info in known.parameters.items() if name != "state"}
    connected.session.dictionary = replace(known, parameters=stateless)
    connected.controller.device.start()
    connected.settle()
    connected.session.source.values["state"] = int(State.IDLE)
    connected.clock.now += 1.5
    assert connected.settle().acquisition.acquiring


def test_a_state_that_cannot_be_read_is_told(connected: Any) -> None:
    def refused(name: str) -> int:
        raise FpxiError("no answer")

    connected.session.source.get = refused
    connected.clock.now += 1.5
    assert connected.tick_until(lambda state: state.message).message == "no answer"


def test_a_trigger_save_and_reset_reach_the_device(connected: Any) -> None:
    device = connected.controller.device
    device.trigger()
    assert connected.settle().message == "Triggered frame 7."
    device.save()
    connected.settle()
    device.reset()
    assert connected.settle().message == "Device restarted."
    assert connected.session.source.calls == ["software_trigger", "save", "reset"]


def test_an_error_that_nobody_foresaw_is_not_swallowed(connected: Any) -> None:
    connected.controller.device.set_parameter("exposure_us", 1)
    connected.settle()

    def broken(name: str, value: int) -> int:
        raise ZeroDivisionError

    connected.session.source.set = broken
    connected.controller.device.set_parameter("exposure_us", 2)
    with pytest.raises(ZeroDivisionError):
        connected.settle()
    connected.settle()


def test_a_session_that_refuses_work_at_once_is_told(connected: Any) -> None:
    from fpxi.errors import SessionClosedError

    def closed(action: Any) -> Any:
        raise SessionClosedError("sim:fake")

    connected.session.submit = closed
    connected.controller.device.stop()
    assert "closed" in connected.controller.tick().message
    connected.controller.device.set_parameter("exposure_us", 2)
    assert "closed" in connected.controller.tick().parameters.values["exposure_us"].refusal


def test_good_news_goes_sooner_than_bad_news(connected: Any) -> None:
    connected.controller.device.save()
    assert connected.settle().message
    connected.clock.now += 10
    assert not connected.controller.tick().message
    connected.controller.report("something is wrong")
    connected.clock.now += 10
    assert connected.controller.tick().message == "something is wrong"
