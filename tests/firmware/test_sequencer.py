"""When frames begin and end, in device time, and what their headers say."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, PERIOD, GAIN, BIAS, TRIGGER_MODE, ENCODING, ROWS = range(1, 8)
RAMP = 25
STATE, ACQUIRED, NEXT_FRAME = 32, 35, 37
FAST = 100_000_000  # mV/s: any bias in one step


def headers(device):
    return device.of(p.FrameHeader)


def test_free_running_frames_follow_each_other_without_a_pause(native):
    device = native(panel=2)
    device.set(EXPOSURE, 2000)
    device.ask(p.Start(3))
    device.run(1_000_000)
    period = 2000
    assert [h.timestamp_us for h in headers(device)] == [0, period, 2 * period]
    assert [h.frame for h in headers(device)] == [0, 1, 2]
    assert [h.flags for h in headers(device)] == [p.FrameFlag.FIRST, 0, p.FrameFlag.LAST]
    (done,) = device.events(p.EventCode.ACQUISITION_DONE)
    assert (done.detail, done.timestamp_us) == (2, 3 * period + 33 * 32)
    assert device.get(STATE) == p.State.IDLE
    assert device.get(ACQUIRED) == 3


@pytest.mark.parametrize(("period", "kept"), [(20_000, 20_000), (100, 2061), (0, 2061)])
def test_the_frame_period_is_kept_where_the_panel_can(native, period, kept):
    device = native(panel=2)
    device.set(EXPOSURE, 1000)
    device.set(PERIOD, period)
    device.ask(p.Start(4))
    device.run(1_000_000)
    assert [h.timestamp_us for h in headers(device)] == [i * kept for i in range(4)]


def test_a_new_period_holds_from_the_next_exposure_on(native):
    device = native()
    device.set(PERIOD, 120_000_000)
    device.ask(p.Start(2))
    device.run(1_000_000)
    device.set(PERIOD, 0)
    device.run(2_000_000)
    assert [h.timestamp_us for h in headers(device)] == [1_000_000]


def test_frames_arrive_bit_for_bit(native):
    device = native(panel=1)
    rng = np.random.default_rng(7)
    shown = rng.integers(0, 2**16, (3, 64, 64), dtype=np.uint16)
    device.pattern = lambda frame: shown[frame]
    device.ask(p.Start(3))
    device.run(1_000_000)
    for number in range(3):
        np.testing.assert_array_equal(device.frame(number), shown[number])


@pytest.mark.parametrize("rows_per_chunk", [1, 5, 8, 16])
def test_chunks_cover_every_row_once(native, rows_per_chunk):
    device = native(panel=2)
    device.set(ROWS, rows_per_chunk)
    device.ask(p.Start(1))
    device.run(1_000_000)
    (header,) = headers(device)
    chunks = device.of(p.FrameChunk)
    assert header.chunks == len(chunks) == -(-32 // rows_per_chunk)
    rows = [c.first_row + i for c in chunks for i in range(c.row_count)]
    assert rows == list(range(32))


def test_settings_are_latched_when_the_exposure_begins(native):
    device = native(panel=1)
    device.set(RAMP, FAST)
    device.set(EXPOSURE, 3000)
    device.set(BIAS, -3000)
    device.set(GAIN, 2)
    device.ask(p.Start(2))
    device.run(1000)
    for parameter, value in ((EXPOSURE, 4000), (BIAS, 4000), (GAIN, 5), (ROWS, 16), (ENCODING, 1)):
        device.set(parameter, value)
    device.packets.clear()
    device.run(1_000_000)
    first, second = headers(device)
    assert (first.exposure_us, first.bias_mV, first.gain_setting) == (3000, -3000, 2)
    assert (second.exposure_us, second.bias_mV, second.gain_setting) == (4000, 4000, 5)
    assert (first.rows_per_chunk, second.rows_per_chunk) == (8, 16)
    assert {c.encoding for c in device.of(p.FrameChunk) if c.frame == 0} == {p.Encoding.RAW16}
    assert {c.encoding for c in device.of(p.FrameChunk) if c.frame == 1} == {p.Encoding.PACKED14}
    taken = [(t.start_us, t.integration_us, t.bias_mV, t.gain_setting) for t in device.exposures]
    assert taken == [(0, 3000, -3000, 2), (3000 + 65 * 33 + 5, 4000, 4000, 5)]
    assert first.temperature_mC == 21_500


def test_a_bias_set_during_an_exposure_is_applied_after_its_frame(native):
    device = native()
    device.set(RAMP, FAST)
    device.ask(p.Start(1))
    device.set(BIAS, 1500)
    assert device.biases == [0]
    assert device.get(BIAS) == 1500
    device.run(1_000_000)
    assert device.biases == [0, 1500]


def test_a_bias_set_while_idle_is_applied_at_once(native):
    device = native()
    device.set(RAMP, FAST)
    device.set(BIAS, 1500)
    assert device.biases == [0, 1500]


def test_each_software_trigger_gives_one_frame(native):
    device = native(panel=2)
    device.set(EXPOSURE, 1000)
    device.set(TRIGGER_MODE, p.TriggerMode.SOFTWARE)
    device.ask(p.Start(2))
    device.run(50_000)
    assert device.get(STATE) == p.State.ARMED
    assert device.ask(p.SoftwareTrigger()) == p.Ack(p.SoftwareTrigger.TYPE, 0)
    refused = device.ask(p.SoftwareTrigger())
    assert (refused.code, refused.detail) == (p.NackCode.TRIGGER_PENDING, p.State.EXPOSING)
    device.run(51_500)
    assert device.ask(p.SoftwareTrigger()).detail == p.State.READING
    device.run(60_000)
    assert device.ask(p.SoftwareTrigger()) == p.Ack(p.SoftwareTrigger.TYPE, 1)
    device.run(70_000)
    assert [h.timestamp_us for h in headers(device)] == [60_000]
    assert device.get(STATE) == p.State.IDLE


def test_stop_ends_a_minute_long_exposure_at_once(native):
    device = native()
    device.set(EXPOSURE, 60_000_000)
    device.ask(p.Start(0))
    assert device.deadline_us == 60_000_000
    device.run(1_000_000)
    assert device.ask(p.Stop()) == p.Ack(p.Stop.TYPE, 0)
    assert device.get(STATE) == p.State.IDLE
    device.run(100_000_000)
    assert headers(device) == []
    assert device.exposures == []
    device.set(EXPOSURE, 100)
    assert device.ask(p.Start(1)) == p.Ack(p.Start.TYPE, 0)


def test_stop_in_mid_readout_gives_up_that_frame_and_sends_the_others(native):
    device = native(panel=2)
    device.set(EXPOSURE, 1000)
    device.ask(p.Start(0))
    device.run_stalled(2 * 2061 + 1500)
    device.packets.clear()
    sequence = device.send(p.Stop())
    device.run(1_000_000)
    assert device.answers(sequence) == [p.Ack(p.Stop.TYPE, 2)]
    assert [h.frame for h in headers(device)] == [0, 1]
    assert len(device.of(p.FrameChunk)) == 8
    assert device.events(p.EventCode.ACQUISITION_DONE) == []


def test_numbers_run_on_across_start(native):
    device = native()
    for first in (0, 3, 6):
        assert device.ask(p.Start(3)).value == first
        device.run(device.now_us + 1_000_000)
    assert device.get(NEXT_FRAME) == 9


@pytest.mark.parametrize(
    ("place", "value", "saturated"),
    [
        *(((5, column), 65535, True) for column in range(5, 10)),
        ((5, 5), 65534, False),
        ((1, 30), 65535, True),
        ((0, 5), 65535, False),
        ((31, 5), 65535, False),
        ((5, 0), 65535, False),
        ((5, 31), 65535, False),
    ],
)
def test_only_imaging_pixels_at_full_scale_saturate(native, place, value, saturated):
    device = native(panel=2)
    device.pattern = lambda frame: np.where(
        np.arange(1024).reshape(32, 32) == place[0] * 32 + place[1], value, 7
    )
    device.ask(p.Start(1))
    device.run(100_000)
    (header,) = headers(device)
    assert bool(header.flags & p.FrameFlag.SATURATED) is saturated


def test_a_panel_without_border_saturates_at_its_corner(native):
    device = native(panel=1)
    device.pattern = lambda frame: np.pad([[65535]], ((0, 63), (63, 0)))
    device.ask(p.Start(1))
    device.run(100_000)
    (header,) = headers(device)
    assert header.flags & p.FrameFlag.SATURATED
