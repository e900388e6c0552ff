"""Frames of the two boards, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi_readout.protocol import generated as p

ENCODINGS = list(p.Encoding)
SETTINGS = {
    "as it starts": {},
    "lowest range": {"gain_setting": 0},
    "no CDS": {"cds": 0},
    "4 conversions": {"exposure_us": 20_000, "oversampling": 4},
    "16 conversions": {"exposure_us": 80_000, "oversampling": 16},
    "8 exposures averaged": {"average_log2": 3, "exposure_us": 5000},
    "region": {
        "region_first_row": 5,
        "region_rows": 20,
        "region_first_column": 3,
        "region_columns": 17,
    },
    "binned": {"binning": 2},
    "binned odd region": {"binning": 2, "region_first_row": 3, "region_rows": 13},
    "biased": {"bias_mV": -7321},
    "fast": {"exposure_us": 4300},
    "period": {"exposure_us": 5000, "frame_period_us": 30_000},
    "reset, expose, read": {"trigger_mode": p.TriggerMode.RESET_EXPOSE_READ},
}


def taken(rig, count, settings):
    rig.set(**settings)
    rig.run(150_000)
    rig.start(count)
    if settings.get("trigger_mode") == p.TriggerMode.RESET_EXPOSE_READ:
        frames = []
        for _ in range(count):
            rig.ask(p.SoftwareTrigger())
            frames += rig.frames(1)
        return frames
    return rig.frames(count)


def content(frame):
    return (
        frame.number,
        frame.exposure_us,
        frame.gain_setting,
        frame.bias_mV,
        frame.flags,
        frame.sampling,
        frame.samples.tobytes(),
    )


@pytest.mark.parametrize("panel", ["tft64", "cmos32"])
@pytest.mark.parametrize("name", SETTINGS)
def test_both_boards_deliver_the_same_frames(make_rig, panel, name):
    # The time between triggered frames differs by what each board takes to answer, and with it
    # what a panel still knows of the last one.
    forgetful = {"without": "lag,left-charge"} if "trigger_mode" in SETTINGS[name] else {}
    native, emulated = (
        taken(make_rig(board, panel, seed=7, **forgetful), 3, SETTINGS[name])
        for board in ("native", "stm32f405")
    )
    assert [content(frame) for frame in native] == [content(frame) for frame in emulated]
    assert np.ptp(native[0].samples) > 100


def test_one_converter_delivers_the_same_frames_as_two(make_rig):
    one, two = (
        taken(make_rig("stm32f405", converters=count), 2, {"exposure_us": 5000}) for count in (1, 2)
    )
    assert [content(frame) for frame in one] == [content(frame) for frame in two]


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda encoding: encoding.name.lower())
def test_every_encoding_delivers_the_same_samples(make_rig, board, encoding):
    raw = taken(make_rig(board), 3, {"encoding": p.Encoding.RAW16})
    coded = taken(make_rig(board), 3, {"encoding": encoding})
    assert [content(frame)[-1] for frame in raw] == [content(frame)[-1] for frame in coded]


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda encoding: encoding.name.lower())
@pytest.mark.parametrize("pattern", [x for x in p.TestPattern if x], ids=lambda x: x.name.lower())
def test_test_patterns_come_through_every_encoding(rig, pattern, encoding):
    (frame,) = rig.capture(1, test_pattern=pattern, encoding=encoding)
    row, column = np.indices((64, 64))
    expected = {
        p.TestPattern.RAMP: row * 64 + column,
        p.TestPattern.CHECKERBOARD: np.where((row + column) % 2 == 0, 0x5555, 0xAAAA),
        p.TestPattern.WALKING_ONE: 1 << ((row + column) % 16),
    }[pattern]
    if pattern == p.TestPattern.RAMP:
        expected = expected + int(frame.samples[0, 0])
    assert frame.flags & p.FrameFlag.PATTERN
    np.testing.assert_array_equal(frame.samples, expected.astype(np.uint16))


def test_a_chunk_asked_for_again_comes_again(rig):
    rig.set(delivery=p.Delivery.RELIABLE, rows_per_chunk=8)
    first = rig.start(1)
    (frame,) = rig.frames(1)
    for chunk in range(8):
        rig.packets.clear()
        rig.send(p.Resend(first, chunk))
        rig.run(50_000)
        (packet,) = [x for x in rig.packets if x.type == p.FrameChunk.TYPE]
        again = p.FrameChunk.unpack(packet.payload)
        rows = np.frombuffer(again.samples, "<u2").reshape(-1, 64)
        np.testing.assert_array_equal(rows, frame.samples[again.first_row :][: again.row_count])
