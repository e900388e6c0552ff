"""What each command answers, and that a repeated command is carried out once."""

from __future__ import annotations

import json
import tomllib
import zlib
from pathlib import Path

import pytest
from fpxi_readout.protocol import generated as p

ROOT = Path(__file__).parents[2]
EXPOSURE, BIAS, TRIGGER_MODE, DELIVERY, STATE, NEXT_FRAME, UPTIME = 1, 4, 5, 8, 32, 37, 39


def nack(command, code, detail):
    return p.Nack(command.TYPE, code, detail)


def test_identify_tells_who_it_is(native):
    identity = native(panel=2).ask(p.Identify(0, 0))
    assert identity.magic == b"FPXI"
    assert (identity.protocol_major, identity.protocol_minor) == p.PROTOCOL_VERSION
    assert identity.serial_number.rstrip(b"\0") == b"BENCH-1"
    assert identity.reset_cause == p.ResetCause.POWER_ON
    assert (identity.fault, identity.reset_fault) == (p.Fault.NONE, p.Fault.NONE)
    assert identity.piece == b""


def test_the_firmware_has_the_version_of_the_package(native):
    identity = native().ask(p.Identify(0, 0))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    firmware = (identity.firmware_major, identity.firmware_minor, identity.firmware_patch)
    assert ".".join(map(str, firmware)) == version["version"]


@pytest.mark.parametrize(("panel", "name"), [(1, "tft64"), (2, "cmos32")])
@pytest.mark.parametrize("count", [100, 65535])
def test_the_dictionary_comes_in_pieces(native, panel, name, count):
    device = native(panel=panel)
    data = b""
    identity = device.ask(p.Identify(0, count))
    while identity.piece:
        assert identity.offset == len(data)
        data += identity.piece
        identity = device.ask(p.Identify(len(data), count))
    assert len(data) == identity.dictionary_size
    assert name in json.dumps(json.loads(zlib.decompress(data)))


def test_a_piece_from_beyond_the_dictionary_is_empty(native):
    identity = native().ask(p.Identify(2**32 - 1, 65535))
    assert (identity.offset, identity.piece) == (2**32 - 1, b"")


def test_an_unknown_command_is_named(bench, native):
    device = native()
    device.feed(bench.encode(0x7F, 5, b""))
    device.drain()
    assert device.answers(5) == [p.Nack(0x7F, p.NackCode.UNKNOWN_COMMAND, 0x7F)]


@pytest.mark.parametrize("command", [p.Identify, p.Get, p.Set, p.Start, p.Resend, p.Release])
def test_a_short_payload_is_refused_with_the_length_expected(bench, native, command):
    device = native()
    size = command.MINIMUM_SIZE
    device.feed(bench.encode(command.TYPE, 5, b"\0" * (size - 1)))
    device.drain()
    assert device.answers(5) == [nack(command, p.NackCode.BAD_LENGTH, size)]


def test_fields_appended_by_a_newer_host_are_passed_over(bench, native):
    device = native()
    device.feed(bench.encode(p.Set.TYPE, 5, p.Set(EXPOSURE, 777).pack() + b"new field"))
    device.drain()
    assert device.answers(5) == [p.Value(EXPOSURE, 777)]


def test_a_repeated_start_is_answered_again_and_carried_out_once(native):
    device = native()
    assert device.ask(p.Start(1), sequence=9) == p.Ack(p.Start.TYPE, 0)
    device.run(100_000)
    assert device.ask(p.Start(1), sequence=9) == p.Ack(p.Start.TYPE, 0)
    device.run(200_000)
    assert device.get(NEXT_FRAME) == 1


def test_the_same_number_with_another_content_is_a_new_command(native):
    device = native()
    device.set(EXPOSURE, 500)
    device.ask(p.Set(EXPOSURE, 600), sequence=9)
    assert device.ask(p.Set(EXPOSURE, 700), sequence=9) == p.Value(EXPOSURE, 700)


def test_a_repetition_is_known_across_release_and_resend_but_not_for_ever(native):
    device = native()
    device.ask(p.Set(TRIGGER_MODE, p.TriggerMode.SOFTWARE))
    device.ask(p.Start(0))
    device.ask(p.SoftwareTrigger(), sequence=9)
    for _ in range(20):
        device.send(p.Release(0), sequence=3)
    assert isinstance(device.ask(p.SoftwareTrigger(), sequence=9), p.Ack)
    for _ in range(128):
        device.send(p.Release(0), sequence=3)
    code = device.ask(p.SoftwareTrigger(), sequence=9).code
    assert code == p.NackCode.TRIGGER_PENDING


@pytest.mark.parametrize("between", [p.Identify(0, 0), p.Get(EXPOSURE)])
def test_a_new_question_ends_the_time_of_repetitions(native, between):
    device = native()
    device.ask(p.Start(1), sequence=9)
    device.run(100_000)
    device.ask(between, sequence=10)
    assert device.ask(p.Start(1), sequence=9) == p.Ack(p.Start.TYPE, 1)


def test_an_answer_that_found_no_room_comes_with_the_repetition(native):
    device = native()
    for _ in range(400):
        device.send(p.Get(EXPOSURE), sequence=9)
    device.send(p.Set(EXPOSURE, 500), sequence=10)
    device.drain()
    assert device.answers(10) == []
    assert device.ask(p.Set(EXPOSURE, 500), sequence=10) == p.Value(EXPOSURE, 500)


def test_refusals_name_code_and_detail(native):
    device = native()
    assert device.ask(p.Get(999)) == nack(p.Get, p.NackCode.UNKNOWN_PARAMETER, 999)
    assert device.ask(p.Set(999, 0)) == nack(p.Set, p.NackCode.UNKNOWN_PARAMETER, 999)
    assert device.set(STATE, 0) == nack(p.Set, p.NackCode.READ_ONLY, STATE)
    assert device.ask(p.SoftwareTrigger()) == nack(
        p.SoftwareTrigger, p.NackCode.NOT_STARTED, p.State.IDLE
    )
    device.ask(p.Start(0))
    state = p.State.EXPOSING
    assert device.ask(p.Start(0)) == nack(p.Start, p.NackCode.BUSY, state)
    assert device.set(DELIVERY, 1) == nack(p.Set, p.NackCode.BUSY, state)
    assert device.ask(p.SoftwareTrigger()) == nack(
        p.SoftwareTrigger, p.NackCode.WRONG_TRIGGER_MODE, p.TriggerMode.FREE_RUNNING
    )
    assert device.set(EXPOSURE, 5000) == p.Value(EXPOSURE, 5000)


def test_stop_while_idle_is_acknowledged(native):
    assert native().ask(p.Stop()) == p.Ack(p.Stop.TYPE, 0)


def test_reset_restarts_once_its_acknowledgement_has_left(native):
    device = native()
    device.run(3_000_000)
    device.ask(p.Start(0))
    device.run(3_100_000)
    device.packets.clear()
    sequence = device.send(p.Reset())
    device.drain()
    assert device.answers(sequence) == [p.Ack(p.Reset.TYPE, 0)]
    assert [event.detail for event in device.events(p.EventCode.BOOT)] == [p.ResetCause.COMMAND]
    assert device.get(STATE) == p.State.IDLE
    assert device.get(NEXT_FRAME) == 0
    assert device.get(UPTIME) == 0
    assert device.ask(p.Identify(0, 0)).reset_cause == p.ResetCause.COMMAND


def test_reset_does_not_wait_for_ever_for_a_stalled_link(native):
    device = native()
    device.drain()
    device.packets.clear()
    sequence = device.send(p.Reset())
    assert device.deadline_us == 1_000_000
    device.run_stalled(1_000_000)
    device.drain()
    assert device.answers(sequence) == []
    assert [event.detail for event in device.events(p.EventCode.BOOT)] == [p.ResetCause.COMMAND]


def test_start_is_refused_between_reset_and_the_restart(native):
    device = native()
    device.drain()
    device.send(p.Reset())
    sequence = device.send(p.Start(0))
    device.take(capacity=1000)
    assert device.answers(sequence) == [nack(p.Start, p.NackCode.BUSY, p.State.IDLE)]


def test_uptime_and_temperature_are_read_when_asked(native):
    device = native(now_us=5_000_000)
    device.run(7_500_000)
    assert device.get(UPTIME) == 2500
    assert device.get(34) == 21_500
