"""What begins an exposure: commands, the trigger input, and the beam that was asked for."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, PERIOD, TRIGGER_MODE, BURST, DEBOUNCE, STATE = 1, 2, 5, 9, 10, 32
READOUT_US = 33 * 32 + 5
SOFTWARE, EXTERNAL = p.TriggerMode.SOFTWARE, p.TriggerMode.EXTERNAL
RESET_EXPOSE_READ = p.TriggerMode.RESET_EXPOSE_READ


@pytest.fixture
def make(native):
    """A started cmos32 in a trigger mode."""

    def started(mode, frames=0, **settings):
        device = native(panel=2)
        device.set(EXPOSURE, 2000)
        device.set(TRIGGER_MODE, mode)
        for name, value in settings.items():
            device.set({"burst": BURST, "debounce": DEBOUNCE, "period": PERIOD}[name], value)
        device.ask(p.Start(frames))
        device.packets.clear()
        return device

    return started


def stamps(device):
    return [header.timestamp_us for header in device.of(p.FrameHeader)]


def trigger_at(device, at_us):
    device.run(at_us)
    return device.send(p.SoftwareTrigger())


def test_a_trigger_takes_a_burst_of_frames(make):
    device = make(SOFTWARE, burst=3)
    trigger_at(device, 10_000)
    device.run(100_000)
    assert stamps(device) == [10_000, 12_000, 14_000]
    trigger_at(device, 100_000)
    device.run(200_000)
    assert stamps(device)[3:] == [100_000, 102_000, 104_000]


def test_the_frame_period_is_kept_within_a_burst(make):
    device = make(SOFTWARE, burst=3, period=5000)
    trigger_at(device, 10_000)
    device.run(100_000)
    assert stamps(device) == [10_000, 15_000, 20_000]


def test_a_burst_ends_with_the_frames_that_start_asked_for(make):
    device = make(SOFTWARE, frames=2, burst=3)
    trigger_at(device, 10_000)
    device.run(100_000)
    assert len(stamps(device)) == 2
    assert device.get(STATE) == p.State.IDLE


def test_a_trigger_within_a_burst_is_refused_until_its_last_frame_is_read(make):
    device = make(SOFTWARE, burst=2, period=5000)
    trigger_at(device, 10_000)
    for at_us in (11_000, 12_500, 14_000, 15_500, 17_500):
        device.run(at_us)
        assert device.ask(p.SoftwareTrigger()).code == p.NackCode.TRIGGER_PENDING
    device.run(18_100)
    assert device.ask(p.SoftwareTrigger()) == p.Ack(p.SoftwareTrigger.TYPE, 2)


@pytest.mark.parametrize("mode", [p.TriggerMode.FREE_RUNNING, EXTERNAL])
def test_other_modes_refuse_a_software_trigger(make, mode):
    device = make(mode)
    refused = p.Nack(p.SoftwareTrigger.TYPE, p.NackCode.WRONG_TRIGGER_MODE, mode)
    assert device.ask(p.SoftwareTrigger()) == refused


# --- trigger input --------------------------------------------------------------------------------


def test_a_rising_edge_begins_an_exposure_after_the_debounce_time(make):
    device = make(EXTERNAL, debounce=300)
    device.pulse(10_000, 1000)
    device.run(100_000)
    assert stamps(device) == [10_300]


def test_without_debounce_an_edge_acts_at_once(make):
    device = make(EXTERNAL, debounce=0)
    device.pulse(10_000, 1)
    device.run(100_000)
    assert stamps(device) == [10_000]


@pytest.mark.parametrize(("width_us", "frames"), [(299, 0), (300, 1)])
def test_a_pulse_shorter_than_the_debounce_time_does_not_count(make, width_us, frames):
    device = make(EXTERNAL, debounce=300)
    device.pulse(10_000, width_us)
    device.run(100_000)
    assert len(stamps(device)) == frames


def test_a_bouncing_contact_is_one_trigger_from_its_last_bounce_on(make):
    device = make(EXTERNAL, debounce=300)
    for at_us in (10_000, 10_200, 10_400):
        device.pulse(at_us, 100)
    device.run(10_600)
    device.trigger(True)
    device.run(100_000)
    assert stamps(device) == [10_900]
    device.trigger(False)
    device.run(200_000)
    assert len(stamps(device)) == 1


def test_a_pulse_that_only_a_late_poll_sees_counts(make):
    device = make(EXTERNAL, debounce=300)
    device.run(10_000)
    device.library.fpxi_native_trigger(device._memory, True, 10_000)
    device.library.fpxi_native_trigger(device._memory, False, 12_000)
    device.now_us = 12_000
    device.take()
    device.run(100_000)
    assert len(stamps(device)) == 1


def test_an_input_that_was_high_at_start_is_no_edge(native):
    device = native(panel=2)
    device.trigger(True)
    device.run(50_000)
    device.set(TRIGGER_MODE, EXTERNAL)
    device.ask(p.Start(0))
    device.run(200_000)
    assert stamps(device) == []


@pytest.mark.parametrize("mode", [p.TriggerMode.FREE_RUNNING, SOFTWARE, RESET_EXPOSE_READ])
def test_other_modes_do_not_heed_the_input(make, mode):
    device = make(mode, frames=3)
    device.pulse(500, 1200)
    device.run(3_000_000)
    assert device.events(p.EventCode.TRIGGERS_MISSED) == []
    assert len(stamps(device)) == (3 if mode == p.TriggerMode.FREE_RUNNING else 0)


def test_triggers_that_come_while_one_is_served_are_counted_and_told(make):
    device = make(EXTERNAL, debounce=0)
    for at_us in (10_000, 11_000, 12_500, 20_000):
        device.pulse(at_us, 100)
    device.run(3_000_000)
    assert stamps(device) == [10_000, 20_000]
    told = [event.detail for event in device.events(p.EventCode.TRIGGERS_MISSED)]
    assert told == [1, 2]
    device.ask(p.Stop())
    device.ask(p.Start(0))
    device.pulse(3_100_000, 100)
    device.run(6_000_000)
    assert device.events(p.EventCode.TRIGGERS_MISSED) == []


# --- beam on request ------------------------------------------------------------------------------


def test_the_beam_is_asked_for_once_the_array_is_empty_and_the_array_read_after_it(make):
    device = make(RESET_EXPOSE_READ)
    trigger_at(device, 10_000)
    device.run(100_000)
    assert stamps(device) == [10_000]
    begin = 10_000 + READOUT_US
    assert device.requests == [(begin, begin + 2000)]
    (taken,) = device.exposures
    assert (taken.integration_us, taken.beam_us) == (2000 + READOUT_US, 2000)
    (header,) = device.of(p.FrameHeader)
    assert header.exposure_us == 2000


def test_each_frame_of_a_burst_on_request_begins_with_an_empty_array(make):
    device = make(RESET_EXPOSE_READ, burst=3)
    trigger_at(device, 10_000)
    device.run(100_000)
    period = 2000 + 2 * READOUT_US
    assert stamps(device) == [10_000 + i * period for i in range(3)]
    assert len(device.requests) == 3


@pytest.mark.parametrize("how", ["stop", "fault"])
def test_the_request_ends_when_the_exposure_is_given_up(make, how):
    device = make(RESET_EXPOSE_READ)
    trigger_at(device, 10_000)
    device.run(12_000)
    if how == "stop":
        device.ask(p.Stop())
    else:
        device.expose_result = -1
        device.run(100_000)
    assert device.requests[-1] == (0, 0)


def test_the_beam_is_wanted_throughout_where_nothing_is_asked(make):
    device = make(SOFTWARE)
    trigger_at(device, 10_000)
    device.run(100_000)
    (taken,) = device.exposures
    assert (taken.integration_us, taken.beam_us) == (2000, 2000)
    assert device.requests == []
