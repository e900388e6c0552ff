"""How closely exposures follow each other: with the read-out before them where that is possible."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, PERIOD, BIAS, DELIVERY, OVERSAMPLING, READOUT = 1, 2, 4, 8, 12, 42
AVERAGE, STATE, CDS = 13, 32, 11
READOUT_US = {1: 65 * 33 + 5, 2: 33 * 32 + 5}


def stamps(device):
    return [header.timestamp_us for header in device.of(p.FrameHeader)]


def run(device, frames=5):
    device.packets.clear()
    device.ask(p.Start(frames))
    device.run(device.now_us + 1_000_000)
    return stamps(device)


@pytest.mark.parametrize("panel", [1, 2])
def test_the_readout_time_is_told(native, panel):
    device = native(panel=panel)
    assert device.get(READOUT) == READOUT_US[panel]
    device.set(EXPOSURE, 60_000)
    device.set(OVERSAMPLING, 16)
    assert device.get(READOUT) == (READOUT_US[panel] - 5) * 16 + 5


@pytest.mark.parametrize("panel", [1, 2])
@pytest.mark.parametrize("margin_us", [0, 1, 5000])
def test_exposures_as_long_as_the_readout_follow_each_other_at_once(native, panel, margin_us):
    device = native(panel=panel)
    exposure = READOUT_US[panel] + margin_us
    device.set(EXPOSURE, exposure)
    assert run(device) == [i * exposure for i in range(5)]
    assert [taken.start_us for taken in device.exposures] == [i * exposure for i in range(5)]
    assert {taken.integration_us for taken in device.exposures} == {exposure}


def test_a_shorter_exposure_waits_for_the_end_of_the_readout(native):
    device = native(panel=2)
    device.set(EXPOSURE, READOUT_US[2] - 1)
    assert run(device) == [i * (2 * READOUT_US[2] - 1) for i in range(5)]


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (0, 10_000),
        (9_999, 10_000),
        (10_000, 10_000),
        (10_001, 10_000 + READOUT_US[1]),
        (10_000 + READOUT_US[1], 10_000 + READOUT_US[1]),
        (13_000, 13_000),
    ],
)
def test_a_period_longer_than_the_exposure_leaves_the_time_to_read(native, asked, kept):
    device = native(panel=1)
    device.set(PERIOD, asked)
    assert run(device) == [i * kept for i in range(5)]


def test_the_state_is_reading_while_both_go_on(native):
    device = native(panel=2)
    device.set(EXPOSURE, 2000)
    device.ask(p.Start(2))
    device.run(2500)
    assert device.get(STATE) == p.State.READING
    device.run(3500)
    assert device.get(STATE) == p.State.EXPOSING
    device.run(4500)
    assert device.get(STATE) == p.State.READING
    device.run(10_000)
    assert device.get(STATE) == p.State.IDLE


def test_a_change_of_exposure_holds_from_the_next_frame_on(native):
    device = native(panel=2)
    device.set(EXPOSURE, 2000)
    device.ask(p.Start(4))
    device.run(2100)
    device.set(EXPOSURE, 3000)
    device.packets.clear()
    device.run(1_000_000)
    assert stamps(device) == [0, 2000, 4000, 7000]
    lengths = [header.exposure_us for header in device.of(p.FrameHeader)]
    assert lengths == [taken.integration_us for taken in device.exposures]
    assert lengths == [2000, 2000, 3000, 3000]


def test_a_change_of_oversampling_begins_the_exposure_apart(native):
    device = native(panel=1)
    device.set(EXPOSURE, 10_000)
    device.ask(p.Start(2))
    device.run(1000)
    device.set(OVERSAMPLING, 2)
    device.packets.clear()
    device.run(1_000_000)
    assert stamps(device) == [0, 10_000 + READOUT_US[1]]
    assert [taken.oversampling for taken in device.exposures] == [1, 2]


@pytest.mark.parametrize("panel", [1, 2])
def test_a_change_of_cds_begins_the_exposure_apart(native, panel):
    device = native(panel=panel)
    device.set(EXPOSURE, 10_000)
    device.ask(p.Start(3))
    device.run(1000)
    device.set(CDS, p.OnOff.OFF)
    device.packets.clear()
    device.run(1_000_000)
    second = 10_000 + READOUT_US[panel]
    assert stamps(device) == [0, second, second + 10_000]
    assert [taken.cds for taken in device.exposures] == [True, False, False]


def test_a_change_of_bias_begins_the_exposure_apart(native):
    device = native(panel=1)
    device.ask(p.Start(2))
    device.run(1000)
    device.set(BIAS, 50)
    device.packets.clear()
    device.run(1_000_000)
    assert stamps(device) == [0, 10_000 + READOUT_US[1]]
    assert [header.bias_mV for header in device.of(p.FrameHeader)] == [0, 50]


def test_a_store_without_room_begins_the_exposure_late_and_says_so(native):
    device = native(panel=1, slots=1)
    assert run(device, 3) == [i * (10_000 + READOUT_US[1]) for i in range(3)]
    held = [bool(header.flags & p.FrameFlag.HELD) for header in device.of(p.FrameHeader)]
    assert held == [False, True, True]


def test_stop_gives_up_the_frame_that_is_read_and_the_one_that_is_exposed(native):
    device = native(panel=2, slots=2)
    device.set(DELIVERY, p.Delivery.RELIABLE)
    device.set(EXPOSURE, 2000)
    device.ask(p.Start(0))
    device.run(2500)
    assert device.ask(p.Stop()) == p.Ack(p.Stop.TYPE, 0)
    assert run(device, 2) == [2500, 4500]


@pytest.mark.parametrize(("exposure", "accepted"), [(2149, False), (2150, True)])
def test_a_rolling_panel_needs_exposures_as_long_as_its_readout(native, exposure, accepted):
    device = native(panel=1)
    answer = device.set(EXPOSURE, exposure)
    refused = p.Nack(p.Set.TYPE, p.NackCode.OUT_OF_RANGE, EXPOSURE)
    assert answer == (p.Value(EXPOSURE, exposure) if accepted else refused)
    assert device.get(EXPOSURE) == (exposure if accepted else 10_000)


@pytest.mark.parametrize(("conversions", "accepted"), [(4, True), (5, False)])
def test_oversampling_beyond_the_exposure_is_refused_for_the_exposures_sake(
    native, conversions, accepted
):
    device = native(panel=1)
    answer = device.set(OVERSAMPLING, conversions)
    refused = p.Nack(p.Set.TYPE, p.NackCode.OUT_OF_RANGE, EXPOSURE)
    assert answer == (p.Value(OVERSAMPLING, conversions) if accepted else refused)


def test_the_averaged_exposures_of_a_frame_follow_each_other_at_once(native):
    device = native(panel=2)
    device.set(EXPOSURE, 2000)
    device.set(AVERAGE, 2)
    assert run(device, 3) == [0, 8000, 16_000]
    assert [taken.start_us for taken in device.exposures] == [i * 2000 for i in range(12)]
