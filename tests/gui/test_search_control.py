"""The list of panels, and the search for more."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from fpxi.connection import ConnectionState
from fpxi.discovery import SCAN_S, Device, DeviceKind, Discovery, RadioFindings, Step
from fpxi_gui.actions import Actions
from fpxi_gui.errors import SearchEndedError
from fpxi_gui.search_control import SearchControl
from fpxi_readout.errors import FpxiError
from fpxi_readout.links.base import RadioFacts

PORT = Device(DeviceKind.SERIAL, "serial:/dev/ttyACM0", "FPXI panel")
ADDRESS = "F0:0D:00:00:00:01"
FINDINGS = RadioFindings("FPXI-64", ADDRESS, -58, "tft64", "SN-7", "0.1.0", 87)
HEARD = Device(DeviceKind.BLUETOOTH, f"ble:{ADDRESS}", "FPXI-64, tft64", FINDINGS)


def titles(state: Any) -> list[str]:
    return [entry.title for entry in state.panels.entries]


def test_the_panel_at_hand_is_listed_before_anything_was_found(rig: Any) -> None:
    state = rig.settle()
    assert titles(state) == ["sim:fake"]
    assert state.panels.entries[0].current


def test_beginning_lists_what_is_there_and_leaves_the_radio_alone(rig: Any) -> None:
    rig.search.found = Discovery((PORT,))
    rig.controller.begin()
    state = rig.settle()
    assert rig.search.asked == [False]
    assert titles(state) == ["sim:fake", "serial:/dev/ttyACM0"]
    assert not state.panels.searching
    assert state.panels.notice == ""


def test_a_search_lists_bluetooth_panels_with_signal_and_battery(rig: Any) -> None:
    rig.search.found = Discovery((PORT, HEARD))
    rig.controller.search.begin()
    assert rig.controller.tick().panels.searching
    panels = rig.settle().panels
    assert rig.search.asked == [True]
    assert (panels.searching, panels.progress) == (False, "")
    assert panels.entries[2].title == "FPXI-64 tft64"
    assert panels.entries[2].facts == "-58 dBm   87 %"
    assert not panels.entries[2].current


def test_the_list_marks_the_panel_at_hand_and_has_it_once(rig: Any) -> None:
    rig.search.found = Discovery((Device(DeviceKind.SIMULATED, "sim:fake", "simulated"), HEARD))
    rig.controller.search.begin()
    entries = rig.settle().panels.entries
    assert [(entry.url, entry.current) for entry in entries] == [
        ("sim:fake", True),
        (HEARD.url, False),
    ]


def searched(rig: Any, url: str, *found: Device) -> SearchControl:
    """Return the control of a viewer on `url` after a search."""
    rig.search.found = Discovery(found)
    actions = Actions()
    control = SearchControl(url, actions, rig.clock, rig.search)
    control.begin()
    while actions.busy:
        actions.poll()
    actions.close()
    return control


@pytest.mark.parametrize("radio", [None, RadioFacts("FPXI-64", ADDRESS, -60, 80)])
def test_a_panel_opened_by_its_name_is_found_again_by_its_address(rig: Any, radio: Any) -> None:
    control = searched(rig, "ble:FPXI-64", HEARD)
    (entry,) = control.panels(radio, given_up=False).entries
    assert entry.current


def test_a_name_that_two_panels_carry_marks_neither(rig: Any) -> None:
    twin = replace(HEARD, url="ble:X", radio=replace(FINDINGS, address="X"))
    entries = searched(rig, "ble:FPXI-64", HEARD, twin).panels(None, given_up=False).entries
    assert [entry.current for entry in entries] == [True, False, False]
    assert entries[0].url == "ble:FPXI-64"


def test_a_connected_panel_is_not_heard_but_listed_with_what_its_link_knows(rig: Any) -> None:
    radio = RadioFacts("FPXI-64", ADDRESS, -60, None)
    (entry,) = rig.controller.search.panels(radio, given_up=False).entries
    assert (entry.title, entry.facts) == ("FPXI-64", "-60 dBm")


@pytest.mark.parametrize(
    ("state", "can_open"),
    [
        (ConnectionState.CONNECTED, False),
        (ConnectionState.RECONNECTING, False),
        (ConnectionState.FAILED, True),
        (ConnectionState.CLOSED, True),
    ],
)
def test_the_panel_at_hand_can_be_opened_anew_once_its_session_has_given_up(
    rig: Any, state: ConnectionState, can_open: bool
) -> None:
    rig.session.set_connection(state)
    assert rig.settle().panels.entries[0].can_open is can_open


def test_the_search_tells_what_it_does(rig: Any) -> None:
    rig.search.go_on.clear()
    rig.controller.search.begin()
    rig.clock.now += SCAN_S / 2
    state = rig.tick_until(lambda state: state.panels.searching)
    assert state.panels.progress.startswith("Listening")
    assert state.panels.fraction == pytest.approx(0.5)
    rig.clock.now += SCAN_S
    assert rig.controller.tick().panels.fraction == 1.0
    rig.search.go_on.set()
    rig.settle()
    rig.search.steps = [(Step.ASKING, "FPXI-64", 1, 4)]
    rig.search.go_on.clear()
    rig.controller.search.begin()
    state = rig.tick_until(lambda state: "FPXI-64" in state.panels.progress)
    assert state.panels.fraction == 0.25
    rig.search.go_on.set()


def test_one_search_at_a_time(rig: Any) -> None:
    rig.search.go_on.clear()
    rig.controller.search.begin()
    rig.controller.search.begin()
    rig.search.go_on.set()
    rig.settle()
    assert rig.search.asked == [True]
    rig.controller.search.begin()
    rig.settle()
    assert rig.search.asked == [True, True]


def test_no_bluetooth_is_a_notice_beside_what_was_found(rig: Any) -> None:
    rig.search.found = Discovery((PORT,), "Bluetooth is off; switch it on")
    rig.controller.search.begin()
    state = rig.settle()
    assert state.panels.notice == "Bluetooth is off; switch it on"
    assert PORT.url in titles(state)
    assert state.message == ""
    assert state.failure is None


def test_hearing_nobody_says_what_to_do(rig: Any) -> None:
    rig.controller.search.begin()
    assert rig.settle().panels.notice.startswith("No Bluetooth panel was heard.")
    assert rig.search.spared == ["sim:fake"]


def test_hearing_nobody_beside_the_panel_at_hand_says_so(rig: Any) -> None:
    notice = searched(rig, "ble:FPXI-64").panels(None, given_up=False).notice
    assert notice.startswith("No other Bluetooth panel was heard.")
    assert rig.search.spared == ["ble:FPXI-64"]


def test_a_search_that_fails_is_told_and_can_be_begun_again(rig: Any) -> None:
    rig.search.error = FpxiError("the ports cannot be listed")
    rig.controller.search.begin()
    assert rig.settle().panels.notice == "the ports cannot be listed"
    rig.search.error = None
    rig.search.found = Discovery((HEARD,))
    rig.controller.search.begin()
    assert rig.settle().panels.notice == ""


def test_a_search_goes_on_when_a_look_around_fails(rig: Any) -> None:
    begun = threading.Event()
    go_on = threading.Event()

    def search(*, bluetooth: bool, **_: Any) -> Discovery:
        if bluetooth:
            begun.set()
            assert go_on.wait(20)
            return Discovery((HEARD,))
        assert begun.wait(20)
        raise FpxiError("the ports cannot be listed")

    actions = Actions()
    control = SearchControl("sim:fake", actions, rig.clock, search)
    control.look_around()
    control.begin()
    deadline = time.monotonic() + 20
    while not control.panels(None, given_up=False).notice and time.monotonic() < deadline:
        actions.poll()
    assert control.panels(None, given_up=False).searching
    go_on.set()
    while actions.busy:
        actions.poll()
    panels = control.panels(None, given_up=False)
    assert not panels.searching
    assert HEARD.url in [entry.url for entry in panels.entries]
    actions.close()


@pytest.mark.parametrize("search_first", [True, False])
def test_a_late_look_around_does_not_replace_a_search(rig: Any, search_first: bool) -> None:
    go_on = {True: threading.Event(), False: threading.Event()}

    def search(*, bluetooth: bool, **_: Any) -> Discovery:
        assert go_on[bluetooth].wait(20)
        return Discovery((PORT, HEARD) if bluetooth else (PORT,))

    actions = Actions()
    control = SearchControl("sim:fake", actions, rig.clock, search)
    control.look_around()
    control.begin()
    go_on[search_first].set()
    deadline = time.monotonic() + 20
    while len(actions._waiting) > 1 and time.monotonic() < deadline:
        actions.poll()
    go_on[not search_first].set()
    while actions.busy:
        actions.poll()
    assert HEARD.url in [entry.url for entry in control.panels(None, given_up=False).entries]
    actions.close()


def test_a_viewer_that_closes_ends_its_search_before_the_next_panel(rig: Any) -> None:
    told: list[Any] = []

    def search(*, progress: Any, **_: Any) -> Discovery:
        told.append(progress)
        return Discovery(())

    actions = Actions()
    control = SearchControl("sim:fake", actions, rig.clock, search)
    control.begin()
    while actions.busy:
        actions.poll()
    control.close()
    with pytest.raises(SearchEndedError):
        told[0](Step.ASKING, "FPXI-64", 0, 1)
    actions.close()
