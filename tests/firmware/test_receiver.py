"""Commands arrive however the link cuts them, and damaged ones are dropped and counted."""

from __future__ import annotations

import pytest
from cobs import cobs
from fpxi_readout.protocol import generated as p
from hypothesis import given, settings
from hypothesis import strategies as st

RECEIVE_ERRORS = 38


def test_any_chunking_gives_the_same_answers(bench, native):
    stream = b"".join(
        bench.encode(p.Get.TYPE, i, p.Get(i % 9).pack()) + b"\0" * (i % 3) for i in range(20)
    )

    @settings(max_examples=30)
    @given(cuts=st.lists(st.integers(0, len(stream)), max_size=30).map(sorted))
    def check(cuts):
        device = native()
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            device.feed(stream[start:end])
            device.drain()
        assert [len(device.answers(i)) for i in range(20)] == [1] * 20
        assert device.get(RECEIVE_ERRORS) == 0

    check()


def test_one_damaged_byte_is_never_taken_for_a_command(bench, native):
    good = bench.encode(p.Set.TYPE, 1, p.Set(1, 5000).pack())

    @settings(max_examples=60)
    @given(place=st.integers(0, len(good) - 2), change=st.integers(1, 255))
    def check(place, change):
        device = native()
        damaged = bytearray(good)
        damaged[place] ^= change
        device.feed(bytes(damaged))
        assert device.get(1) == 10_000
        assert device.get(RECEIVE_ERRORS) >= 1

    check()


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"\x09\x01\x01\x00", id="terminator within a block"),
        pytest.param(cobs.encode(b"12345") + b"\0", id="shorter than a packet"),
        pytest.param(b"\x55" * 5000 + b"\0", id="endless"),
        pytest.param(b"\xff" * 300 + b"\0", id="full blocks"),
    ],
)
def test_a_bad_packet_is_one_error_and_the_next_one_is_heard(native, damaged):
    device = native()
    device.feed(damaged)
    assert device.get(RECEIVE_ERRORS) == 1


def test_the_longest_command_is_heard_and_a_longer_one_is_not(bench, native):
    device = native()
    device.feed(bench.encode(p.Get.TYPE, 9, b"\1\0" + b"\x07" * 62))
    device.drain()
    assert len(device.answers(9)) == 1
    device.feed(bench.encode(p.Get.TYPE, 10, b"\1\0" + b"\x07" * 63))
    device.drain()
    assert device.answers(10) == []
    assert device.get(RECEIVE_ERRORS) == 1


def test_empty_packets_are_no_errors(native):
    device = native()
    device.feed(b"\0\0\0")
    assert device.get(RECEIVE_ERRORS) == 0


def test_an_echo_of_its_own_reports_is_not_answered(bench, native):
    device = native()
    device.drain()
    device.packets.clear()
    device.feed(bench.encode(p.Nack.TYPE, 77, p.Nack(p.Get.TYPE, 1, 0).pack()))
    device.drain()
    assert [packet.type for packet in device.packets] == [p.Event.TYPE]
    assert device.get(RECEIVE_ERRORS) == 1


def test_damaged_packets_are_told_at_most_once_a_second(native):
    device = native()
    device.drain()
    device.packets.clear()
    for i in range(40):
        device.feed(b"\x09\x01\x00")
        device.run(1000 + i * 50_000)
    told = device.events(p.EventCode.RECEIVE_ERRORS)
    assert [event.detail for event in told] == [1, 21]
    device.run(5_000_000)
    told = device.events(p.EventCode.RECEIVE_ERRORS)
    assert [event.detail for event in told] == [1, 21, 40]


def test_damage_heard_while_idle_is_told_at_once(native):
    device = native()
    device.run(30_000_000)
    device.feed(b"\x09\x01\x00")
    device.run(30_000_001)
    (event,) = device.events(p.EventCode.RECEIVE_ERRORS)
    assert event.timestamp_us == 30_000_000
    assert event.severity == p.Severity.WARNING
