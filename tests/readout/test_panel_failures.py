"""The client against a device that does what a test says: restarts, faults and lost links."""

from __future__ import annotations

from typing import Any

import pytest
from fpxi_readout.device_errors import (
    DeviceFaultError,
    DeviceResetError,
    FrameTimeoutError,
)
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.links.base import LinkLostError
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated as messages
from fpxi_readout.protocol.framing import Packet


def connect(link: Any, cache: DictionaryCache) -> Panel:
    return Panel.connect(link, cache=cache, clock=link.clock)


def test_a_restart_in_mid_run_is_named_after_what_arrived(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.next_sequence = 200
    panel.start()
    for kind, payload in writer.packets(0) + writer.packets(1)[:4]:
        link.send(kind, payload)
    link.next_sequence = 0
    link.event(messages.EventCode.BOOT, messages.ResetCause.WATCHDOG, messages.Severity.INFO)
    frames = []
    with pytest.raises(DeviceResetError, match="watchdog"):
        frames += iter(panel.frames(timeout_s=1.0))
    assert [frame.rows_missing for frame in frames] == [0, 40]
    assert not panel.acquiring
    assert panel.statistics.packets_lost == 0


def test_a_restart_that_went_unnoticed_is_found_by_the_heartbeat(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.answer_get(frames_acquired=0)
    panel.start()
    for kind, payload in writer.packets(0):
        link.send(kind, payload)
    assert len(panel.poll(0.0)) == 1
    with pytest.raises(DeviceResetError, match="unnoticed"):
        link.drain(panel, 2.0)


@pytest.mark.parametrize("noticed", [True, False])
def test_a_restart_before_stop_is_named_and_what_arrived_is_delivered(
    link: Any, panel: Panel, writer: Any, noticed: bool
) -> None:
    panel.start()
    for kind, payload in writer.packets(0) + writer.packets(1)[:4]:
        link.send(kind, payload)
    if noticed:
        link.event(messages.EventCode.BOOT, messages.ResetCause.WATCHDOG)
    panel.stop()
    assert [frame.rows_missing for frame in panel.poll(0.0)] == [0, 40]
    with pytest.raises(DeviceResetError, match="watchdog" if noticed else "unnoticed"):
        panel.poll(0.0)


def test_a_restart_before_the_first_frame_and_stop_is_named(link: Any, panel: Panel) -> None:
    panel.start()
    link.event(messages.EventCode.BOOT, messages.ResetCause.WATCHDOG)
    panel.stop()
    with pytest.raises(DeviceResetError, match="watchdog"):
        panel.poll(0.0)


def test_a_restart_while_idle_is_an_event(link: Any, panel: Panel) -> None:
    link.event(messages.EventCode.BOOT)
    assert panel.poll(0.0) == []
    assert [event.code for event in panel.take_events()] == [messages.EventCode.BOOT]
    panel.start()
    assert panel.poll(0.0) == []


def test_a_fault_in_mid_run_is_named_after_what_still_arrives(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.answer_with(messages.Stop, 1)
    panel.start()
    link.event(messages.EventCode.FAULT, messages.Fault.PANEL_READ, messages.Severity.FAULT)
    for kind, payload in writer.packets(0):
        link.send(kind, payload)
    frames = panel.poll(0.0)
    assert len(frames) == 1
    assert panel.acquiring
    with pytest.raises(DeviceFaultError, match="panel_read"):
        link.drain(panel, 2.0)
    assert not panel.acquiring


def test_reliable_a_fault_is_named_after_every_frame_that_preceded_it(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.serve_resend(writer, deaf=1)
    link.answer_with(messages.Stop, 2)
    panel.start(reliable=True)
    for kind, payload in writer.packets(0)[:4]:
        link.send(kind, payload)
    link.event(messages.EventCode.FAULT, messages.Fault.PANEL_READ, messages.Severity.FAULT)
    frames = []
    with pytest.raises(DeviceFaultError, match="panel_read"):
        frames += iter(panel.frames(timeout_s=10.0))
    assert [(frame.number, frame.rows_missing) for frame in frames] == [(0, 0), (1, 0)]


@pytest.mark.parametrize("reliable", [True, False])
def test_a_fault_whose_event_was_lost_is_found_by_the_heartbeat(
    link: Any, panel: Panel, reliable: bool
) -> None:
    link.answer_get(fault=messages.Fault.PANEL_READ)
    panel.start(reliable=reliable)
    with pytest.raises(DeviceFaultError, match="panel_read"):
        link.drain(panel, 2.0)
    assert not panel.acquiring


@pytest.mark.parametrize(
    ("state", "words"),
    [(0, "idle.*line"), (1, "trigger"), (2, "exposure time"), (3, "line"), (4, "reset")],
)
def test_a_frame_that_does_not_come_names_the_device_state(
    link: Any, panel: Panel, state: int, words: str
) -> None:
    link.answer_get(state=state)
    panel.start()
    with pytest.raises(FrameTimeoutError, match=words):
        next(panel.frames(timeout_s=0.5))


def test_a_silent_device_is_named_when_a_frame_does_not_come(link: Any, panel: Panel) -> None:
    panel.start()
    with pytest.raises(FrameTimeoutError, match=r"silent.*cable.*baud"):
        next(panel.frames(timeout_s=0.5))


def test_a_frame_that_does_not_come_tells_what_was_received(link: Any, panel: Panel) -> None:
    link.answer_get(state=0)
    panel.start()
    link.push(b"damaged packet\0" * 3)
    with pytest.raises(FrameTimeoutError, match=r"scripted:.* 3 damaged packets") as caught:
        next(panel.frames(timeout_s=0.5))
    assert caught.value.packets_damaged == 3
    assert caught.value.bytes_received == panel.statistics.bytes_received > 45


def test_a_lost_link_is_named_and_a_new_one_works(
    link: Any, panel: Panel, cache: DictionaryCache, served: tuple[bytes, bytes]
) -> None:
    panel.start()
    link.lost = True
    with pytest.raises(LinkLostError):
        panel.poll(0.1)
    with pytest.raises(LinkLostError):
        panel.stop()
    fresh = type(link)(served)
    assert connect(fresh, cache).start() == 0


def test_reset_identifies_anew(link: Any, panel: Panel) -> None:
    def reaction(packet: Packet) -> None:
        link.answer(packet, messages.Ack(packet.type, 0))
        link.identity = {"reset_cause": messages.ResetCause.COMMAND}
        link.next_sequence = 0
        link.event(messages.EventCode.BOOT, messages.ResetCause.COMMAND)

    link.on[messages.Reset.TYPE] = reaction
    panel.start()
    panel.reset()
    assert panel.identity.reset_cause is messages.ResetCause.COMMAND
    assert not panel.acquiring
    assert panel.poll(0.0) == []


def test_events_are_bounded_and_what_is_dropped_is_counted(link: Any, panel: Panel) -> None:
    for _ in range(5000):
        link.event(messages.EventCode.RECEIVE_ERRORS, 1)
    panel.poll(0.0)
    assert len(panel.take_events()) == 4096
    assert panel.statistics.events_dropped == 5000 - 4096


def test_reports_of_a_newer_device_are_passed_over(link: Any, panel: Panel) -> None:
    link.send(0xEE, b"something new")
    link.send(messages.Event.TYPE, b"short")
    assert panel.poll(0.0) == []
    assert panel.statistics.malformed == 1


def test_close_closes_the_link(link: Any, panel: Panel) -> None:
    with panel:
        pass
    assert link.closed
