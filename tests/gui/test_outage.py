"""How long the device was away."""

from __future__ import annotations

from typing import Any

import pytest
from fpxi.connection import ConnectionState
from fpxi_gui.outage import duration_text
from fpxi_gui.state import Level


def test_an_outage_is_timed_and_its_end_is_told(rig: Any) -> None:
    rig.session.connect()
    rig.settle()
    rig.session.set_connection(ConnectionState.RECONNECTING, None, 1)
    rig.controller.tick()
    rig.clock.now += 12.3
    assert "Reconnecting for 12 s" in rig.controller.tick().banners[0].text
    rig.session.set_connection(ConnectionState.CONNECTED)
    state = rig.settle()
    assert (state.message, state.message_level) == ("Connected again after 12 s.", Level.GOOD)


def test_every_outage_has_a_time_of_its_own(rig: Any) -> None:
    for lasted_s in (30.0, 4.0):
        rig.session.set_connection(ConnectionState.RECONNECTING, None, 1)
        rig.controller.tick()
        rig.clock.now += lasted_s
        rig.session.set_connection(ConnectionState.CONNECTED)
        message = rig.controller.tick().message
        rig.clock.now += 1.0
    assert message == "Connected again after 4 s."


@pytest.mark.parametrize(
    "before", [ConnectionState.CONNECTING, ConnectionState.CLOSED, ConnectionState.FAILED]
)
def test_nothing_else_is_an_outage(rig: Any, before: ConnectionState) -> None:
    rig.session.set_connection(before)
    rig.controller.tick()
    rig.clock.now += 5.0
    rig.session.set_connection(ConnectionState.CONNECTED)
    assert rig.controller.tick().message == ""


def test_a_connection_that_is_given_up_was_not_restored(rig: Any) -> None:
    rig.session.set_connection(ConnectionState.RECONNECTING, None, 1)
    rig.controller.tick()
    rig.session.set_connection(ConnectionState.FAILED)
    assert rig.controller.tick().message == ""


@pytest.mark.parametrize(
    ("duration_s", "text"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (59.4, "59 s"), (125, "2 min 5 s")]
)
def test_durations_are_whole_seconds(duration_s: float, text: str) -> None:
    assert duration_text(duration_s) == text
