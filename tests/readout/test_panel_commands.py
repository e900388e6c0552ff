"""The client against a device that does what a test says: commands and parameters."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from fpxi_readout.device_errors import (
    CommandRefusedError,
    CommandTimeoutError,
    ParameterRangeError,
    ParameterValueError,
    ReadOnlyParameterError,
    UnknownParameterError,
)
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated as messages
from fpxi_readout.protocol.errors import ShortMessageError
from fpxi_readout.protocol.framing import Packet, encode_packet
from fpxi_readout.protocol.generated import PROTOCOL_VERSION as VERSION
from fpxi_readout.protocol.version import UnsupportedByDeviceError


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
    link.answer_get()
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
    link.refuse(messages.Start, messages.NackCode.FAULTED, 2)
    with pytest.raises(CommandRefusedError, match=r"START.*fault: bias") as caught:
        panel.start()
    assert (caught.value.code, caught.value.detail) == (messages.NackCode.FAULTED, 2)


def test_a_command_that_the_device_lacks_names_both_versions(link: Any, panel: Panel) -> None:
    link.refuse(messages.Save, messages.NackCode.UNKNOWN_COMMAND)
    with pytest.raises(
        UnsupportedByDeviceError, match=rf"SAVE.*{VERSION[0]}\.{VERSION[1]}"
    ) as caught:
        panel.save()
    assert caught.value.host == caught.value.device == VERSION
    del panel.dictionary.commands["software_trigger"]
    with pytest.raises(UnsupportedByDeviceError, match="SOFTWARE_TRIGGER"):
        panel.software_trigger()
    assert not link.of_type(messages.SoftwareTrigger)


def test_parameters_are_typed_attributes(link: Any, panel: Panel) -> None:
    link.answer_get(bias_mV=2**32 - 7000)
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
        ("exposure_us", "0x4000", 16_384),
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
        ("trigger_mode", 4, ParameterValueError),
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


def test_all_parameters_are_read_in_a_few_writes_and_lost_answers_asked_for_again(
    link: Any, panel: Panel
) -> None:
    lost = {1, 4, 32}

    def reaction(packet: Packet) -> None:
        parameter = messages.Get.unpack(packet.payload).parameter
        if parameter in lost:
            lost.remove(parameter)
        else:
            link.answer(packet, messages.Value(parameter, parameter + 1))

    link.on[messages.Get.TYPE] = reaction
    writes = []
    write = link.write
    link.write = lambda data: (writes.append(data), write(data))
    values = panel.read_parameters()
    ids = {name: info.id for name, info in panel.dictionary.parameters.items()}
    assert values == {name: number + 1 for name, number in ids.items()}
    assert not lost
    assert len(writes) < 8


def test_a_parameter_that_is_refused_among_many_says_why(link: Any, panel: Panel) -> None:
    link.refuse(messages.Get, messages.NackCode.UNKNOWN_PARAMETER, 1)
    with pytest.raises(CommandRefusedError, match="GET"):
        panel.read_parameters()
