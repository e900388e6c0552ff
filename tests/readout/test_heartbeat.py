"""A host that polls keeps the device going; one that does not is taken for gone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from fpxi_readout.connection import Connection
from fpxi_readout.device_errors import CommandRefusedError, DeviceFaultError
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.heartbeat import Heartbeat
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated as messages
from fpxi_readout.protocol.dictionary import Dictionary

HEARTBEAT_ID = 23


def poll_for(panel: Panel, link: Any, seconds: float) -> list[Any]:
    """Poll so long by the link's clock; return the commands sent meanwhile."""
    link.commands.clear()
    end = link.clock.now_s + seconds
    while link.clock.now_s < end:
        panel.poll(end - link.clock.now_s)
    return list(link.commands)


def test_without_a_time_out_an_idle_panel_sends_nothing(link: Any, panel: Panel) -> None:
    assert poll_for(panel, link, 60.0) == []


def test_an_idle_panel_sends_a_get_every_third_of_the_time_out(link: Any, panel: Panel) -> None:
    panel.parameters.heartbeat_timeout_ms = 900
    commands = poll_for(panel, link, 9.15)
    assert [messages.Get.unpack(c.payload).parameter for c in commands] == [HEARTBEAT_ID] * 30
    assert panel.statistics.malformed == 0


def test_any_other_command_counts(link: Any, panel: Panel) -> None:
    panel.parameters.heartbeat_timeout_ms = 900
    for _ in range(10):
        assert poll_for(panel, link, 0.25) == []
        panel.parameters.exposure_us = 5000


def test_a_panel_that_receives_without_a_pause_sends_it_too(
    link: Any, panel: Panel, writer: Any
) -> None:
    panel.parameters.heartbeat_timeout_ms = 900
    panel.start()
    link.commands.clear()
    for _ in range(1000):
        link.send(*writer.packets(0)[0])
        link.clock.now_s += 0.01
        panel.poll(1.0)
    assert 32 <= len(link.of_type(messages.Get)) <= 34


def test_a_panel_that_is_not_polled_can_be_kept_alive(link: Any, panel: Panel) -> None:
    panel.parameters.heartbeat_timeout_ms = 900
    link.commands.clear()
    for _ in range(24):
        link.clock.now_s += 0.125
        panel.keep_alive()
    assert len(link.of_type(messages.Get)) == 8


def test_connect_and_reset_learn_the_time_out(link: Any, cache: DictionaryCache) -> None:
    link.heartbeat_ms = 3000
    panel = Panel.connect(link, cache=cache, clock=link.clock)
    assert len(poll_for(panel, link, 3.05)) == 3
    link.heartbeat_ms = 0
    link.on[messages.Reset.TYPE] = lambda p: link.answer(p, messages.Ack(p.type, 0))
    panel.reset()
    assert poll_for(panel, link, 30.0) == []


def test_a_device_without_the_parameter_is_left_alone(link: Any, dictionary: Dictionary) -> None:
    parameters = {n: i for n, i in dictionary.parameters.items() if n != "heartbeat_timeout_ms"}
    older = dataclasses.replace(dictionary, parameters=parameters)
    heartbeat = Heartbeat(Connection(link, link.clock), older)
    assert not heartbeat.supported
    heartbeat.run()
    assert link.commands == []


# --- against the real firmware core ---------------------------------------------------------------


@pytest.fixture
def shared(cache: DictionaryCache, shared_time_link: Any) -> tuple[Any, Panel]:
    link = shared_time_link("sim:tft64")
    panel = Panel.connect(link, cache=cache, clock=link.clock)
    panel.parameters.heartbeat_timeout_ms = 500
    return link, panel


def test_a_polled_panel_keeps_its_bias(shared: tuple[Any, Panel]) -> None:
    link, panel = shared
    panel.parameters.bias_mV = 4000
    end_s = link.clock() + 20.0
    while link.clock() < end_s:
        panel.poll(3.0)
    assert panel.parameters.bias_mV == 4000
    assert panel.parameters.fault == messages.Fault.NONE


def test_a_live_run_without_triggers_outlives_the_time_out(
    shared: tuple[Any, Panel],
) -> None:
    link, panel = shared
    panel.parameters.trigger_mode = messages.TriggerMode.EXTERNAL
    panel.start()
    end_s = link.clock() + 20.0
    while link.clock() < end_s:
        assert panel.poll(3.0) == []
    assert panel.parameters.state == messages.State.ARMED


def test_a_host_that_stops_polling_is_taken_for_gone(
    shared: tuple[Any, Panel],
) -> None:
    link, panel = shared
    panel.start()
    next(panel.frames(timeout_s=5.0))
    for _ in range(60):  # the program does something else, and the operating system reads
        link.device.clock.wait_s(link.device.clock.now_us() + 10_000)
        link.device.step(take=False)
    with pytest.raises(DeviceFaultError, match="heartbeat"):
        list(panel.frames(timeout_s=5.0))
    assert panel.parameters.fault == messages.Fault.HEARTBEAT


def test_a_board_without_boot_loader_refuses_it(shared: tuple[Any, Panel]) -> None:
    with pytest.raises(CommandRefusedError) as caught:
        shared[1].enter_bootloader()
    assert caught.value.code == messages.NackCode.NOT_SUPPORTED


def test_a_panel_is_given_up_when_its_boot_loader_is_entered(link: Any, panel: Panel) -> None:
    link.answer_with(messages.Bootloader, 0)
    panel.start()
    panel.enter_bootloader()
    assert len(link.of_type(messages.Bootloader)) == 1
    assert not panel.acquiring


def test_a_heartbeat_fault_is_on_record_after_the_reset(
    shared: tuple[Any, Panel],
) -> None:
    link, panel = shared
    panel.parameters.bias_mV = 4000
    link.device.clock.wait_s(link.device.clock.now_us() + 600_000)
    link.device.step(take=False)
    panel.reset()
    assert panel.identity.reset_fault is messages.Fault.HEARTBEAT
    record = panel.last_fault()
    assert (record.fault, record.file, record.line) == (messages.Fault.HEARTBEAT, b"", 0)
    events = {event.code for event in panel.take_events()}
    assert {messages.EventCode.FAULT, messages.EventCode.LAST_FAULT} <= events
