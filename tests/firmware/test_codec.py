"""Checksums, stuffing, packing and the output queue, against other implementations."""

from __future__ import annotations

import ctypes
import zlib

import pytest
from cobs import cobs
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def buffer() -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(8192)


@given(data=st.binary(max_size=300), split=st.integers(0, 300))
def test_crc32_is_that_of_zlib_and_continues(library, data, split):
    begun = library.fpxi_test_crc32(0, data[:split], len(data[:split]))
    continued = library.fpxi_test_crc32(begun, data[split:], len(data[split:]))
    assert continued == zlib.crc32(data)


packets = st.one_of(
    st.binary(max_size=700),
    st.lists(st.sampled_from([0, 1, 255]), max_size=700).map(bytes),
    st.builds(lambda run, tail: b"\x07" * run + tail, st.integers(250, 260), st.binary(max_size=9)),
)


@given(data=packets)
@example(data=b"\x01" * 254)
@example(data=b"\x01" * 254 + b"\x00")
@example(data=b"\x01" * 255)
@example(data=b"\x01" * 508)
@example(data=b"")
def test_stuffing_is_that_of_the_cobs_package_and_comes_undone(library, buffer, data):
    size = library.fpxi_test_cobs_encode(data, len(data), buffer)
    stuffed = buffer.raw[:size]
    assert stuffed == cobs.encode(data)
    decoded = library.fpxi_test_cobs_decode(stuffed, size, buffer, 8192)
    assert buffer.raw[:decoded] == data


@given(stuffed=st.binary(min_size=1, max_size=40).map(lambda b: b.replace(b"\0", b"\1")))
def test_bad_stuffing_is_noticed_exactly_where_the_cobs_package_does(library, buffer, stuffed):
    size = library.fpxi_test_cobs_decode(stuffed, len(stuffed), buffer, 8192)
    try:
        expected = cobs.decode(stuffed)
    except cobs.DecodeError:
        assert size == -1
    else:
        assert buffer.raw[:size] == expected


def test_a_packet_longer_than_its_buffer_is_refused(library, buffer):
    stuffed = cobs.encode(b"12345")
    assert library.fpxi_test_cobs_decode(stuffed, len(stuffed), buffer, 5) == 5
    assert library.fpxi_test_cobs_decode(stuffed, len(stuffed), buffer, 4) == -1


LARGEST = 38
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, LARGEST - 8), st.integers(0, 8)),
        st.tuples(st.just("take"), st.integers(1, 60), st.just(0)),
    ),
    max_size=80,
)


@given(steps=steps)
def test_the_queue_gives_back_what_it_took_in_order(library, steps):
    queue = ctypes.create_string_buffer(library.fpxi_test_queue_size())
    memory = ctypes.create_string_buffer(64)
    out = ctypes.create_string_buffer(64)
    library.fpxi_test_queue_init(queue, memory, 64)
    held = b""
    counter = 0
    for action, size, spare in steps:
        if action == "add":
            data = bytes((counter + i) % 256 for i in range(size))
            added = library.fpxi_test_queue_add(queue, data, size + spare, size)
            # Refused only where the room is too small, or split in two by the end of the memory.
            assert added or len(held) + size + spare + LARGEST > 64
            held, counter = (held + data, counter + size) if added else (held, counter)
        else:
            taken = library.fpxi_test_queue_take(queue, out, size)
            assert taken > 0 or not held
            assert out.raw[:taken] == held[:taken]
            held = held[taken:]
