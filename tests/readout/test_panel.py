"""The client against a device that does what a test says."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from fpxi_readout.device_errors import (
    CommandRefusedError,
    CommandTimeoutError,
    DeviceFaultError,
    DeviceResetError,
    FrameTimeoutError,
    NotAPanelError,
    NotStartedError,
    ParameterRangeError,
    ParameterValueError,
    ReadOnlyParameterError,
    UnknownParameterError,
)
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.links.base import LinkLostError
from fpxi_readout.maintenance import identify_device, reset_device, stop_device
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated as messages
from fpxi_readout.protocol.dictionary import DictionaryError
from fpxi_readout.protocol.errors import ShortMessageError
from fpxi_readout.protocol.framing import Packet, encode_packet
from fpxi_readout.protocol.version import ProtocolVersionError, UnsupportedByDeviceError


def connect(link: Any, cache: DictionaryCache) -> Panel:
    return Panel.connect(link, cache=cache, clock=link.clock)


def refuse(link: Any, kind: type[messages.Command], code: int, detail: int = 0) -> None:
    link.on[kind.TYPE] = lambda p: link.answer(p, messages.Nack(p.type, code, detail))


def answer_with(link: Any, kind: type[messages.Command], value: int) -> None:
    link.on[kind.TYPE] = lambda p: link.answer(p, messages.Ack(p.type, value))


def answer_get(link: Any, **values: int) -> None:
    """Answer GET for some parameters by name, others with 0."""

    def reaction(packet: Packet) -> None:
        wanted = messages.Get.unpack(packet.payload).parameter
        found = {IDS[name]: value for name, value in values.items()}
        link.answer(packet, messages.Value(wanted, found.get(wanted, 0)))

    link.on[messages.Get.TYPE] = reaction


IDS = {
    "exposure_us": 1,
    "bias_mV": 4,
    "state": 32,
    "fault": 33,
    "frames_acquired": 35,
    "frames_skipped": 36,
}


# --- Connecting -----------------------------------------------------------------------------------


def test_connect_tells_who_the_device_is(panel: Panel) -> None:
    assert panel.identity.serial_number == "S-1"
    assert panel.identity.firmware_version == (0, 1, 2)
    assert panel.identity.reset_cause is messages.ResetCause.POWER_ON
    assert panel.geometry.rows == 64


def test_a_dictionary_is_fetched_once_and_then_cached(link: Any, cache: DictionaryCache) -> None:
    connect(link, cache)
    assert len(link.of_type(messages.Identify)) > 2
    link.commands.clear()
    connect(link, cache)
    assert len(link.of_type(messages.Identify)) == 1


@pytest.mark.parametrize(
    ("identity", "error"),
    [
        ({"magic": b"NOPE"}, NotAPanelError),
        ({"dictionary_size": 0}, DictionaryError),
        ({"dictionary_size": 2**32 - 1}, DictionaryError),
        ({"dictionary_size": 60_000}, DictionaryError),
        ({"piece": b""}, DictionaryError),
        ({"piece": b"nonsense"}, DictionaryError),
        ({"schema_hash": bytes(32)}, DictionaryError),
        ({"protocol_major": 2}, ProtocolVersionError),
    ],
)
def test_a_device_that_makes_no_sense_is_refused(
    link: Any, cache: DictionaryCache, identity: dict[str, Any], error: type[Exception]
) -> None:
    link.identity = identity
    with pytest.raises(error):
        connect(link, cache)
    assert not link.closed


def test_a_dictionary_that_changes_while_fetched_is_refused(
    link: Any, cache: DictionaryCache
) -> None:
    def reaction(packet: Packet) -> None:
        link.identity = {"schema_hash": bytes([len(link.commands)] * 32)}
        link.answer_identify(packet)

    link.on[messages.Identify.TYPE] = reaction
    with pytest.raises(DictionaryError, match="changed"):
        connect(link, cache)


def test_numbers_and_letters_of_no_known_meaning_are_harmless(
    link: Any, cache: DictionaryCache
) -> None:
    link.identity = {"reset_cause": 77, "serial_number": b"\x1b[2Jab\xff".ljust(16, b"\0")}
    identity = connect(link, cache).identity
    assert identity.reset_cause == 77
    assert identity.serial_number == "?[2Jab?"


def test_silence_is_named(link: Any, cache: DictionaryCache) -> None:
    link.on.clear()
    with pytest.raises(CommandTimeoutError, match="IDENTIFY") as caught:
        Panel.connect(link, cache=cache, timeout_s=1.0, clock=link.clock)
    assert 1.0 <= caught.value.elapsed_s < 2.0


def test_noise_before_the_answer_does_no_harm(link: Any, cache: DictionaryCache) -> None:
    link.push(b"half a packet")
    link.on[messages.Identify.TYPE] = lambda p: (link.push(b"\0"), link.answer_identify(p))
    assert connect(link, cache).statistics.resyncs >= 1


# --- Commands -------------------------------------------------------------------------------------


def test_a_lost_command_is_repeated_unchanged(link: Any, panel: Panel) -> None:
    tries: list[Packet] = []

    def reaction(packet: Packet) -> None:
        tries.append(packet)
        if len(tries) == 4:
            link.answer_set(packet)

    link.on[messages.Set.TYPE] = reaction
    assert panel.set("exposure_us", 5000) == 5000
    assert len(set(tries)) == 1
    assert panel.statistics.retries == 3


def test_an_unanswered_command_ends_in_a_named_error(link: Any, panel: Panel) -> None:
    began = link.clock.now_s
    with pytest.raises(CommandTimeoutError) as caught:
        panel.get("exposure_us")
    assert caught.value.tries == len(link.of_type(messages.Get)) == 8
    assert 1.0 < link.clock.now_s - began < 10.0


def test_commands_that_change_something_never_share_a_number_in_a_row(
    link: Any, panel: Panel
) -> None:
    answer_get(link)
    numbers = []
    for reads in (0, 1, 127, 255, 256):
        for _ in range(reads):
            panel.get("exposure_us")
        panel.set("exposure_us", 5000)
        numbers.append(link.of_type(messages.Set)[-1].sequence)
    assert all(b == (a + 1) % 128 for a, b in itertools.pairwise(numbers))


def test_answers_to_something_else_are_not_taken(link: Any, panel: Panel) -> None:
    def reaction(packet: Packet) -> None:
        link.answer(packet, messages.Value(999, 1))
        link.answer(packet, messages.Ack(packet.type, 1))
        link.answer(packet, messages.Nack(messages.Resend.TYPE, 10, 1))
        link.push(encode_packet(0x83, packet.sequence ^ 1, messages.Value(1, 2).pack()))
        link.answer(packet, messages.Value(1, 3))

    link.on[messages.Get.TYPE] = reaction
    assert panel.get("exposure_us") == 3


def test_an_answer_too_short_is_named(link: Any, panel: Panel) -> None:
    link.on[messages.Get.TYPE] = lambda p: link.push(encode_packet(0x83, p.sequence, b"1"))
    with pytest.raises(ShortMessageError):
        panel.get("exposure_us")


def test_a_refusal_says_why(link: Any, panel: Panel) -> None:
    refuse(link, messages.Start, messages.NackCode.FAULTED, 2)
    with pytest.raises(CommandRefusedError, match=r"START.*fault: bias") as caught:
        panel.start()
    assert (caught.value.code, caught.value.detail) == (messages.NackCode.FAULTED, 2)


def test_a_command_that_the_device_lacks_names_both_versions(link: Any, panel: Panel) -> None:
    refuse(link, messages.Save, messages.NackCode.UNKNOWN_COMMAND)
    with pytest.raises(UnsupportedByDeviceError, match=r"SAVE.*1\.0") as caught:
        panel.save()
    assert caught.value.host == caught.value.device == (1, 0)
    del panel.dictionary.commands["software_trigger"]
    with pytest.raises(UnsupportedByDeviceError, match="SOFTWARE_TRIGGER"):
        panel.software_trigger()
    assert not link.of_type(messages.SoftwareTrigger)


# --- Parameters -----------------------------------------------------------------------------------


def test_parameters_are_typed_attributes(link: Any, panel: Panel) -> None:
    answer_get(link, bias_mV=2**32 - 7000)
    assert panel.parameters.bias_mV == -7000
    panel.parameters.bias_mV = -20_000
    sent = messages.Set.unpack(link.of_type(messages.Set)[-1].payload)
    assert (sent.parameter, sent.value) == (4, 2**32 - 20_000)
    assert set(panel.read_parameters()) == set(panel.dictionary.parameters)


@pytest.mark.parametrize(
    ("name", "value", "wire"),
    [
        ("trigger_mode", "software", 1),
        ("exposure_us", "5000", 5000),
        ("exposure_us", "0x400", 1024),
    ],
)
def test_texts_are_understood(link: Any, panel: Panel, name: str, value: str, wire: int) -> None:
    assert panel.set(name, value) == wire


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("exposure_us", 99, ParameterRangeError),
        ("bias_mV", -20_001, ParameterRangeError),
        ("bias_mV", 2**40, ParameterRangeError),
        ("trigger_mode", 2, ParameterValueError),
        ("trigger_mode", "sometimes", ParameterValueError),
        ("exposure_us", "long", ParameterValueError),
        ("exposure_us", 1000.0, ParameterValueError),
        ("exposure_us", None, ParameterValueError),
        ("state", 1, ReadOnlyParameterError),
        ("nonsense", 1, UnknownParameterError),
    ],
)
def test_wrong_values_are_refused_before_anything_is_sent(
    link: Any, panel: Panel, name: str, value: int | str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=name):
        panel.set(name, value)
    assert not link.commands


def test_a_parameter_that_an_older_device_lacks_is_named(panel: Panel) -> None:
    del panel.dictionary.parameters["frame_period_us"]
    with pytest.raises(UnsupportedByDeviceError, match="parameter frame_period_us"):
        _ = panel.parameters.frame_period_us


# --- Acquisition ----------------------------------------------------------------------------------


def drain(panel: Panel, seconds: float, link: Any) -> list[Any]:
    end = link.clock.now_s + seconds
    frames = []
    while panel.acquiring and link.clock.now_s < end:
        frames += panel.poll(0.05)
    return frames


def test_frames_need_a_run(panel: Panel) -> None:
    with pytest.raises(NotStartedError):
        panel.frames(timeout_s=1.0)


@pytest.mark.parametrize("frames", [-1, 2**32])
def test_a_number_of_frames_that_does_not_fit_is_refused(panel: Panel, frames: int) -> None:
    with pytest.raises(ParameterRangeError):
        panel.start(frames)


def test_frames_that_overtake_the_answer_to_start_are_kept(
    link: Any, panel: Panel, writer: Any
) -> None:
    def reaction(packet: Packet) -> None:
        for kind, payload in writer.packets(5):
            link.send(kind, payload)
        link.answer(packet, messages.Ack(packet.type, 5))

    link.on[messages.Start.TYPE] = reaction
    assert panel.start(1) == 5
    assert [frame.number for frame in panel.frames(timeout_s=1.0)] == [5]
    assert panel.statistics.frames_received == 1


def test_frames_that_come_during_a_command_are_kept(link: Any, panel: Panel, writer: Any) -> None:
    def reaction(packet: Packet) -> None:
        for kind, payload in writer.packets(0):
            link.send(kind, payload)
        link.answer_set(packet)

    panel.start(1)
    link.on[messages.Set.TYPE] = reaction
    panel.set("exposure_us", 5000)
    assert [frame.number for frame in panel.poll(0.0)] == [0]


def test_frames_left_by_the_caller_are_there_for_poll(link: Any, panel: Panel, writer: Any) -> None:
    panel.start(3)
    for number in range(3):
        for kind, payload in writer.packets(number):
            link.send(kind, payload)
    assert [frame.number for frame in panel.frames(1, timeout_s=1.0)] == [0]
    assert panel.acquiring
    assert [frame.number for frame in panel.poll(0.0)] == [1, 2]
    assert not panel.acquiring
    assert list(panel.frames(timeout_s=1.0)) == []


def test_a_new_run_counts_what_the_last_one_left(link: Any, panel: Panel, writer: Any) -> None:
    panel.start()
    for number in range(2):
        for kind, payload in writer.packets(number):
            link.send(kind, payload)
    assert next(panel.frames(timeout_s=1.0)).number == 0
    answer_with(link, messages.Stop, 3)
    panel.start()
    counts = panel.statistics
    assert (counts.frames_received, counts.frames_abandoned) == (1, 2)


def test_packets_of_the_last_run_are_no_duplicates(link: Any, panel: Panel, writer: Any) -> None:
    answer_with(link, messages.Start, 1)
    panel.start()
    for number in range(2):
        for kind, payload in writer.packets(number):
            link.send(kind, payload)
    assert next(panel.frames(timeout_s=1.0)).number == 1
    assert panel.statistics.duplicates == 0


def test_live_a_lost_header_is_asked_for_twice_and_then_given_up(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.event(messages.EventCode.BOOT)
    panel.start()
    for number in (0, 1):
        for kind, payload in writer.packets(number):
            link.send(kind, payload, lost=number == 0 and kind == messages.FrameHeader.TYPE)
    frames = drain(panel, 1.0, link)
    asked = [messages.Resend.unpack(p.payload) for p in link.of_type(messages.Resend)]
    assert asked == [messages.Resend(0, 65535)] * 2
    assert [frame.number for frame in frames] == [1]
    assert (panel.statistics.frames_lost, panel.statistics.rows_lost) == (1, 64)
    assert panel.statistics.packets_lost == 1


def test_live_a_header_sent_again_completes_its_frame(link: Any, panel: Panel, writer: Any) -> None:
    link.on[messages.Resend.TYPE] = lambda p: link.send(*writer.packets(0)[0])
    panel.start(2)
    for number in (0, 1):
        for kind, payload in writer.packets(number):
            link.send(kind, payload, lost=number == 0 and kind == messages.FrameHeader.TYPE)
    assert [f.rows_missing for f in panel.frames(timeout_s=1.0)] == [0, 0]
    assert panel.statistics.chunks_recovered == 1


def test_live_the_tail_of_the_last_frame_does_not_hang(
    link: Any, panel: Panel, writer: Any
) -> None:
    answer_get(link, frames_acquired=2, frames_skipped=1)
    panel.start(2)
    for kind, payload in writer.packets(0)[:5]:
        link.send(kind, payload)
    frames = list(panel.frames(timeout_s=10.0))
    assert [frame.rows_missing for frame in frames] == [32]
    # The second frame never appeared; the device says that it skipped one.
    assert (panel.statistics.frames_skipped, panel.statistics.frames_lost) == (1, 0)
    assert not link.of_type(messages.Resend)


def test_live_a_slow_frame_is_not_closed_while_it_comes(
    link: Any, panel: Panel, writer: Any
) -> None:
    answer_get(link, frames_acquired=1)
    panel.start(1)
    frames = []
    for kind, payload in writer.packets(0):
        link.send(kind, payload)
        end = link.clock.now_s + 0.35
        while link.clock.now_s < end:
            frames += panel.poll(0.05)
    assert [frame.rows_missing for frame in frames] == [0]


def test_live_numbers_that_the_device_left_out_are_not_lost(
    link: Any, panel: Panel, writer: Any
) -> None:
    answer_get(link, frames_skipped=2)
    panel.start(4)
    for number in (0, 3):
        for kind, payload in writer.packets(number):
            link.send(kind, payload)
    assert [f.number for f in panel.frames(timeout_s=1.0)] == [0, 3]
    assert (panel.statistics.frames_skipped, panel.statistics.frames_lost) == (2, 0)


def test_live_stop_asks_how_many_of_the_absent_frames_were_skipped(
    link: Any, panel: Panel, writer: Any
) -> None:
    answer_get(link, frames_skipped=2)
    answer_with(link, messages.Stop, 4)
    panel.start()
    for number in (0, 3):
        for kind, payload in writer.packets(number):
            link.send(kind, payload)
        link.next_sequence += 5  # lost packets: the host cannot know of what
    assert [f.number for f in panel.frames(2, timeout_s=1.0)] == [0, 3]
    assert panel.statistics.frames_lost == 2
    panel.stop()
    assert not panel.acquiring
    assert (panel.statistics.frames_skipped, panel.statistics.frames_lost) == (2, 0)


def test_many_packets_lost_in_a_row_are_not_taken_for_skipped_frames(
    link: Any, panel: Panel, writer: Any
) -> None:
    answer_get(link, frames_skipped=0)
    panel.start(19)
    for number in range(19):
        for kind, payload in writer.packets(number):
            link.send(kind, payload, lost=0 < number < 18)
    assert [f.number for f in panel.frames(timeout_s=1.0)] == [0, 18]
    assert (panel.statistics.frames_skipped, panel.statistics.frames_lost) == (0, 17)


def serve_resend(link: Any, writer: Any, *, deaf: int = 0) -> None:
    """Answer RESEND with the packet, but only every `deaf + 1`th."""
    heard = [0]

    def reaction(packet: Packet) -> None:
        heard[0] += 1
        if heard[0] % (deaf + 1) == 0:
            wanted = messages.Resend.unpack(packet.payload)
            index = 0 if wanted.chunk == 65535 else wanted.chunk + 1
            link.send(*writer.packets(wanted.frame)[index])

    link.on[messages.Resend.TYPE] = reaction


@pytest.mark.parametrize("deaf", [0, 2])
def test_reliable_everything_missing_is_asked_for_until_it_comes(
    link: Any, panel: Panel, writer: Any, deaf: int
) -> None:
    serve_resend(link, writer, deaf=deaf)
    answer_get(link, frames_acquired=4)
    panel.start(4, reliable=True)
    for number in range(3):  # the fourth is lost whole
        for place, (kind, payload) in enumerate(writer.packets(number)):
            link.send(kind, payload, lost=place in {number, 4, 8})
    frames = list(panel.frames(timeout_s=20.0))
    assert [frame.number for frame in frames] == [0, 1, 2, 3]
    assert all(frame.rows_missing == 0 for frame in frames)
    assert all((f.samples == writer.samples(f.number)).all() for f in frames)
    assert panel.statistics.chunks_recovered == 9 + 9
    released = [messages.Release.unpack(p.payload).frame for p in link.of_type(messages.Release)]
    assert released == sorted(released)
    assert released[-1] == 3


def test_reliable_requests_are_bounded(link: Any, panel: Panel, writer: Any) -> None:
    answer_get(link, frames_acquired=100)
    panel.start(100, reliable=True)
    drain(panel, 0.35, link)
    assert len({packet.payload for packet in link.of_type(messages.Resend)}) == 8


def test_reliable_a_frame_that_is_gone_comes_out_partial(
    link: Any, panel: Panel, writer: Any
) -> None:
    refuse(link, messages.Resend, messages.NackCode.FRAME_GONE)
    panel.start(2, reliable=True)
    for number in range(2):
        for place, (kind, payload) in enumerate(writer.packets(number)):
            link.send(kind, payload, lost=number == 0 and place == 3)
    assert [frame.rows_missing for frame in panel.frames(timeout_s=5.0)] == [8, 0]
    assert panel.statistics.frames_incomplete == 1


def test_reliable_a_busy_device_is_asked_again(link: Any, panel: Panel, writer: Any) -> None:
    refuse(link, messages.Resend, messages.NackCode.BUSY)
    panel.start(1, reliable=True)
    for place, (kind, payload) in enumerate(writer.packets(0)):
        link.send(kind, payload, lost=place == 3)
    assert drain(panel, 0.05, link) == []
    serve_resend(link, writer)
    assert [frame.rows_missing for frame in drain(panel, 2.0, link)] == [0]


def test_reliable_release_is_repeated_while_frames_are_due(
    link: Any, panel: Panel, writer: Any
) -> None:
    panel.start(reliable=True)
    for kind, payload in writer.packets(0):
        link.send(kind, payload)
    drain(panel, 2.0, link)
    released = [messages.Release.unpack(p.payload).frame for p in link.of_type(messages.Release)]
    # Once, and then with each heartbeat: not with every poll.
    assert 3 <= len(released) <= 8
    assert set(released) == {0}


def test_reliable_stop_brings_the_frames_that_exist(link: Any, panel: Panel, writer: Any) -> None:
    serve_resend(link, writer)
    link.on[messages.Stop.TYPE] = lambda p: link.answer(p, messages.Ack(p.type, 2))
    link.on[messages.Start.TYPE] = lambda p: link.answer(p, messages.Ack(p.type, 0))
    panel.start(reliable=True)
    panel.stop()
    assert [frame.number for frame in panel.frames(timeout_s=5.0)] == [0, 1]


def test_reliable_stop_does_not_ask_for_what_is_still_to_be_sent(
    link: Any, panel: Panel, writer: Any
) -> None:
    answer_with(link, messages.Stop, 3)
    panel.start(reliable=True)
    panel.stop()
    frames = []
    for kind, payload in itertools.chain(*map(writer.packets, range(3))):
        link.send(kind, payload)
        frames += panel.poll(0.0)
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert link.of_type(messages.Resend) == []


# --- When things go wrong -------------------------------------------------------------------------


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
    answer_get(link, frames_acquired=0)
    panel.start()
    for kind, payload in writer.packets(0):
        link.send(kind, payload)
    assert len(panel.poll(0.0)) == 1
    with pytest.raises(DeviceResetError, match="unnoticed"):
        drain(panel, 2.0, link)


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
    answer_with(link, messages.Stop, 1)
    panel.start()
    link.event(messages.EventCode.FAULT, messages.Fault.PANEL_READ, messages.Severity.FAULT)
    for kind, payload in writer.packets(0):
        link.send(kind, payload)
    frames = panel.poll(0.0)
    assert len(frames) == 1
    assert panel.acquiring
    with pytest.raises(DeviceFaultError, match="panel_read"):
        drain(panel, 2.0, link)
    assert not panel.acquiring


def test_reliable_a_fault_is_named_after_every_frame_that_preceded_it(
    link: Any, panel: Panel, writer: Any
) -> None:
    serve_resend(link, writer, deaf=1)
    answer_with(link, messages.Stop, 2)
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
    answer_get(link, fault=messages.Fault.PANEL_READ)
    panel.start(reliable=reliable)
    with pytest.raises(DeviceFaultError, match="panel_read"):
        drain(panel, 2.0, link)
    assert not panel.acquiring


@pytest.mark.parametrize(("state", "words"), [(0, "idle"), (2, "exposure time"), (4, "reset")])
def test_a_frame_that_does_not_come_names_the_device_state(
    link: Any, panel: Panel, state: int, words: str
) -> None:
    answer_get(link, state=state)
    panel.start()
    with pytest.raises(FrameTimeoutError, match=words):
        next(panel.frames(timeout_s=0.5))


def test_a_silent_device_is_named_when_a_frame_does_not_come(link: Any, panel: Panel) -> None:
    panel.start()
    with pytest.raises(FrameTimeoutError, match="silent"):
        next(panel.frames(timeout_s=0.5))


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


# --- Another major version ------------------------------------------------------------------------


def test_a_newer_major_version_can_still_be_identified_and_reset(link: Any) -> None:
    link.identity = {"protocol_major": 2, "protocol_minor": 3}
    link.on[messages.Reset.TYPE] = lambda p: link.answer(p, messages.Ack(p.type, 0))
    assert identify_device(link).protocol_version == (2, 3)
    stop_device(link)
    reset_device(link)
    refuse(link, messages.Stop, messages.NackCode.BUSY, 1)
    with pytest.raises(CommandRefusedError, match="busy"):
        stop_device(link)


@pytest.mark.parametrize(("device", "stale"), [((2, 0), "host"), ((0, 9), "device")])
def test_the_stale_side_of_a_major_version_is_named(device: tuple[int, int], stale: str) -> None:
    error = ProtocolVersionError((1, 0), device)
    assert error.stale_side == stale
    assert error.remedy in str(error)
    assert f"{device[0]}.{device[1]}" in str(error)
