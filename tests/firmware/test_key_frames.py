"""Frames coded relative to a key frame that the device holds."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi_readout.protocol import generated as p
from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry

EXPOSURE, ENCODING, ROWS, DELIVERY, BLOCK_SIZE, KEY_INTERVAL = 1, 6, 7, 8, 20, 22
HEADER = 65535
PANEL = PanelGeometry("test", 64, 64, 200.0, 0, 16, 56.0, (GainSetting("x", 1.0),))


def dark(number):
    return np.random.default_rng(number).normal(1000, 5, (64, 64)).astype(np.uint16)


@pytest.fixture
def device(native):
    """Three frames' memory, key frames every four."""
    device = native(panel=1, slots=3)
    device.pattern = dark
    device.set(EXPOSURE, 5000)
    device.set(ENCODING, p.Encoding.AEC_REFERENCE)
    device.set(KEY_INTERVAL, 4)
    device.packets.clear()
    return device


def take(device, frames):
    device.ask(p.Start(frames))
    device.run(device.now_us + 20_000 * frames)


def keys(device):
    flag = p.FrameFlag.KEY
    return [(h.frame, bool(h.flags & flag), h.reference_frame) for h in device.of(p.FrameHeader)]


def encodings(device, number):
    return {chunk.encoding for chunk in device.of(p.FrameChunk) if chunk.frame == number}


def decoded(device, *, first=0):
    target = FrameAssembler(PANEL, first_frame=first, reliable=False)
    for packet in device.packets:
        if packet.type == p.FrameHeader.TYPE:
            target.add_header(packet.payload)
        elif packet.type == p.FrameChunk.TYPE:
            target.add_chunk(packet.payload)
    assert target.counters.malformed == 0
    return target.take()


def test_every_interval_begins_with_a_key_frame_and_the_others_name_it(device):
    take(device, 9)
    expected = [(n, n % 4 == 0, n - n % 4) for n in range(9)]
    assert keys(device) == expected
    assert [encodings(device, n) for n in range(9)] == [
        {p.Encoding.AEC if n % 4 == 0 else p.Encoding.AEC_REFERENCE} for n in range(9)
    ]


def test_the_host_gets_the_frames_bit_for_bit(device):
    take(device, 9)
    frames = decoded(device)
    assert len(frames) == 9
    for frame in frames:
        np.testing.assert_array_equal(frame.samples, dark(frame.number))


def test_start_begins_with_a_key_frame(device):
    take(device, 2)
    take(device, 2)
    assert keys(device) == [(2, True, 2), (3, False, 2)]


def test_other_encodings_in_between_leave_the_key_frame_valid(device):
    device.set(KEY_INTERVAL, 100)
    device.ask(p.Start(0))
    device.run(7000)
    device.set(ENCODING, p.Encoding.RAW16)
    device.run(device.now_us + 15_000)
    device.set(ENCODING, p.Encoding.AEC_REFERENCE)
    device.packets.clear()
    device.run(device.now_us + 15_000)
    last = device.of(p.FrameHeader)[-1]
    assert last.frame > 1
    assert (last.reference_frame, encodings(device, last.frame)) == (
        0,
        {p.Encoding.AEC_REFERENCE},
    )


def test_a_skipped_frame_never_becomes_the_key(device):
    """With a link that takes nothing, frames are given up before they are coded."""
    device.ask(p.Start(0))
    device.run_stalled(200_000)
    device.run(400_000)
    named = {reference for _, _, reference in keys(device)}
    sent = {frame for frame, key, _ in keys(device) if key}
    assert named == sent
    for frame in decoded(device):
        if frame.rows_missing == 0:
            np.testing.assert_array_equal(frame.samples, dark(frame.number))


def resend(device, frame, chunk):
    device.packets.clear()
    sequence = device.send(p.Resend(frame, chunk))
    device.drain()
    return device.answers(sequence)


def test_the_reference_is_sent_again_after_its_slot_was_reused(device):
    take(device, 8)  # three slots: frame 4 is held as the reference alone
    original = [packet for packet in device.packets if packet.type >= 0x90]
    key = [q.payload for q in original if q.message.frame == 4]
    assert resend(device, 4, HEADER) == []
    assert [q.payload for q in device.packets] == key[:1]
    for chunk in range(8):
        assert resend(device, 4, chunk) == []
        assert [q.payload for q in device.packets] == [key[1 + chunk]]


def test_an_older_key_frame_is_gone(device):
    take(device, 8)
    (nack,) = resend(device, 0, 0)
    assert (nack.code, nack.detail) == (p.NackCode.FRAME_GONE, 0)


def test_a_frame_sent_again_after_the_next_key_needs_no_reference(device):
    take(device, 5)  # frame 4 is the next key; frame 3 is still held
    assert encodings(device, 3) == {p.Encoding.AEC_REFERENCE}
    assert resend(device, 3, 0) == []
    assert encodings(device, 3) == {p.Encoding.AEC}


@pytest.mark.parametrize("size", [7, 9, 13, 24, 63, 65])
def test_a_block_size_that_the_coder_lacks_is_refused(device, size):
    nack = device.set(BLOCK_SIZE, size)
    assert (nack.code, nack.detail) == (p.NackCode.OUT_OF_RANGE, BLOCK_SIZE)


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_the_header_says_how_samples_were_coded(device, size):
    device.set(BLOCK_SIZE, size)
    take(device, 2)
    assert {(h.aec_block_size, h.aec_reference_interval) for h in device.of(p.FrameHeader)} == {
        (size, 128)
    }
    for frame in decoded(device):
        np.testing.assert_array_equal(frame.samples, dark(frame.number))
