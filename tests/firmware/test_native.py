"""The native board: its caller's clock, its link, and its reset line."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from fpxi_hwsim.native import ABI
from fpxi_readout.protocol import generated as p

EXPOSURE, TRIGGER_MODE, ENCODING, DELIVERY, STATE, NEXT_FRAME = 1, 5, 6, 8, 32, 37
OVERSAMPLING, AVERAGE = 12, 13
NEVER = 2**64 - 1
PERIOD = 1000 + 33 * 32 + 5  # of cmos32 at an exposure shorter than its read-out


def test_the_interface_has_a_number(library):
    assert library.fpxi_native_abi() == ABI


@pytest.mark.parametrize(
    ("field", "value", "result"), [("panel", 99, -1), ("slots", 0, -2), ("slots", 17, -2)]
)
def test_a_configuration_that_cannot_work_is_refused(library, native, field, value, result):
    config = native().config
    setattr(config, field, value)
    memory = ctypes.create_string_buffer(library.fpxi_native_size(2))
    assert library.fpxi_native_init(memory, ctypes.byref(config)) == result


@pytest.mark.parametrize("hook", ["expose", "temperature", "battery", "set_bias", "expose_request"])
def test_every_hook_is_needed(library, native, hook):
    config = native().config
    setattr(config, hook, type(getattr(config, hook))())
    memory = ctypes.create_string_buffer(library.fpxi_native_size(2))
    assert library.fpxi_native_init(memory, ctypes.byref(config)) == -3


def test_deadlines_are_the_end_of_exposure_and_the_end_of_readout(native):
    device = native(panel=1)
    device.set(EXPOSURE, 3000)
    device.send(p.Start(1))
    device.drain()
    assert device.deadline_us == 3000
    assert device.poll_at(3000) == 3000 + 65 * 33
    assert device.poll_at(3000 + 65 * 33) == NEVER


def test_rows_become_ready_one_line_time_after_another(native):
    device = native(panel=1)
    device.set(EXPOSURE, 3000)
    device.send(p.Start(1))
    device.drain()
    device.poll_at(3000 + 65 * 33 - 1)
    assert device.get(STATE) == p.State.READING
    device.poll_at(3000 + 65 * 33)
    assert device.get(STATE) == p.State.IDLE


def test_a_late_caller_still_gets_exact_times(native):
    device = native(panel=2)
    device.set(EXPOSURE, 1000)
    device.send(p.Start(5))
    for at_us in (3000, 3001, 9000, 9001, 9002, 30_000, 30_001, 30_002):
        device.poll_at(at_us)
        device.drain()
    assert [h.timestamp_us for h in device.of(p.FrameHeader)] == [i * PERIOD for i in range(5)]
    assert [taken.start_us for taken in device.exposures] == [i * PERIOD for i in range(5)]


def test_a_poll_returns_after_each_frame_so_that_it_can_be_taken(native):
    device = native(panel=2, slots=2)
    device.set(EXPOSURE, 1000)
    device.send(p.Start(0))
    deadline = device.poll_at(50_000)
    assert device.library.fpxi_native_poll(device._memory, 0) == deadline
    assert deadline <= 50_000
    while device.deadline_us <= 50_000:
        device.drain()
        device.poll_at(50_000)
    device.drain()
    assert len(device.of(p.FrameHeader)) == 50_000 // PERIOD
    assert device.get(36) == 0


def test_a_caller_that_was_away_finds_the_device_having_stood_still(native):
    device = native(panel=2)
    device.set(EXPOSURE, 1000)
    device.send(p.Start(0))
    device.drain()
    device.poll_at(3_600_000_000)
    frames = 1
    while device.deadline_us <= 3_600_000_000:
        device.poll_at(3_600_000_000)
        frames += 1
    assert frames <= 100_000 // PERIOD + 2


def test_a_device_that_cannot_keep_up_hears_commands(bench, native):
    device = native(panel=2)
    device.set(EXPOSURE, 1000)
    device.send(p.Start(0))
    device.poll_at(5000)
    device._receive(bench.encode(p.Stop.TYPE, 99, p.Stop().pack()))
    for at_us in range(10_000, 400_000, 5000):  # a frame takes 2061 us
        device.poll_at(at_us)
    assert device.deadline_us > device.now_us + 100_000


def test_a_clock_that_goes_back_is_not_followed(native):
    device = native()
    device.run(5_000_000)
    device.poll_at(1_000_000)
    assert device.get(39) == 5000


def test_input_acts_at_the_time_of_the_poll_after_it(native):
    device = native(panel=2)
    device.set(EXPOSURE, 1000)
    device._receive(b"")
    device.run(1_000_000)
    device.now_us = 9_000_000
    device.send(p.Start(1))
    device.run(9_100_000)
    (header,) = device.of(p.FrameHeader)
    assert header.timestamp_us == 9_000_000


def test_more_input_than_is_kept_is_heard_all_the_same(bench, native):
    device = native()
    stream = b"".join(bench.encode(p.Set.TYPE, i, p.Set(1, 200 + i).pack()) for i in range(200))
    device.feed(stream)
    device.drain()
    assert device.get(1) == 399
    for start in range(0, len(stream), 700):
        device._receive(stream[start : start + 700])
    device.poll_at(1)
    device.drain()
    assert device.get(1) == 399
    assert device.get(38) == 0


def test_a_reset_cuts_the_output_and_the_next_packet_is_whole(bench, native):
    device = native(panel=1)
    device.ask(p.Start(1))
    device.run_stalled(100_000)
    cut = device._transmit(1000)
    assert not cut.endswith(b"\0")
    device.reset(p.ResetCause.EXTERNAL)
    device.drain()
    after = device._arrived
    boot = device.events(p.EventCode.BOOT)
    assert after == b""
    assert [event.detail for event in boot] == [p.ResetCause.POWER_ON, p.ResetCause.EXTERNAL]
    assert device.of(p.FrameHeader) == []


def test_the_first_byte_after_a_start_ends_whatever_came_before(native):
    assert native()._transmit(1) == b"\0"


def test_two_devices_share_nothing(native):
    one, other = native(panel=1), native(panel=2)
    one.set(EXPOSURE, 500)
    one.ask(p.Start(2))
    one.run(1_000_000)
    assert other.get(EXPOSURE) == 10_000
    assert other.get(NEXT_FRAME) == 0
    assert one.get(NEXT_FRAME) == 2


def test_the_same_run_gives_the_same_bytes(native):
    def run():
        device = native(panel=2)
        device.ask(p.Start(4))
        output = b""
        while device.deadline_us != NEVER:
            output += device._transmit(97)
            device.poll_at(min(device.deadline_us, device.now_us + 777))
        return output

    assert run() == run()


@pytest.mark.parametrize("panel", range(1, 7))
def test_every_panel_has_room_for_all_that_it_can_hold(native, panel):
    device = native(panel=panel, slots=16)
    random = np.random.default_rng(panel)
    shown = random.integers(0, 2**16, (32, device.rows, device.columns), dtype=np.uint16)
    device.pattern = lambda number: shown[number]
    for parameter, value in ((DELIVERY, p.Delivery.RELIABLE), (OVERSAMPLING, 16), (AVERAGE, 1)):
        device.set(parameter, value)
    device.set(EXPOSURE, 100_000)
    device.ask(p.Start(17))
    device.run(5_000_000)
    means = (shown[0::2].astype(np.uint32) + shown[1::2] + 1) // 2
    for number in range(16):
        np.testing.assert_array_equal(device.frame(number), means[number])
    assert device.get(STATE) == p.State.ARMED, "all slots are taken"


@pytest.mark.parametrize("panel", range(1, 7))
def test_every_panel_has_room_for_a_key_frame(native, panel):
    device = native(panel=panel)
    device.set(ENCODING, p.Encoding.AEC_REFERENCE)
    device.ask(p.Start(3))
    device.run(1_000_000)
    flags = [header.flags & p.FrameFlag.KEY for header in device.of(p.FrameHeader)]
    assert flags == [p.FrameFlag.KEY, 0, 0]
    coded = {chunk.encoding for chunk in device.of(p.FrameChunk) if chunk.frame > 0}
    assert coded <= {p.Encoding.AEC_REFERENCE, p.Encoding.RAW16}
