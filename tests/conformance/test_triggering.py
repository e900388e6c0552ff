"""When frames are taken: every trigger mode, bursts, periods."""

from __future__ import annotations

import numpy as np
from fpxi_readout.protocol import generated as p


def times(frames):
    return np.diff([frame.timestamp_us for frame in frames]).tolist()


def test_free_running_frames_follow_at_the_exposure(rig):
    assert times(rig.capture(5, exposure_us=6000)) == [6000] * 4


def test_free_running_is_as_fast_as_the_readout(rig):
    frames = rig.capture(3, exposure_us=rig.get("readout_us"), baud=3_000_000)
    assert times(frames)[0] == frames[0].exposure_us


def test_a_frame_period_is_kept(rig):
    """But for the time that a processor takes to wake up; that does not add up."""
    frames = rig.capture(6, exposure_us=5000, frame_period_us=20_000)
    late = np.cumsum(times(frames)) - 20_000 * np.arange(1, 6)
    assert abs(late).max() <= 3


def test_each_software_trigger_takes_a_burst(rig):
    rig.set(trigger_mode=p.TriggerMode.SOFTWARE, burst_frames=3, exposure_us=5000)
    rig.start(6)
    rig.run(50_000)
    assert rig.get("frames_acquired") == 0
    for _ in range(2):
        assert isinstance(rig.ask(p.SoftwareTrigger()), p.Ack)
        assert times(rig.frames(3)) == [5000, 5000]
        rig.run(50_000)
    assert rig.get("state") == p.State.IDLE


def test_each_external_trigger_takes_a_burst_and_bounces_do_not(rig):
    rig.set(trigger_mode=p.TriggerMode.EXTERNAL, trigger_debounce_us=2000, burst_frames=2)
    rig.start(0)
    for high in (True, False, True, False):
        rig.device.trigger(high)
        rig.run(500)
    rig.run(50_000)
    assert rig.get("frames_acquired") == 0
    rig.device.trigger(True)
    frames = rig.frames(2)
    rig.run(100_000)
    assert rig.get("frames_acquired") == 2
    assert times(frames) == [frames[0].exposure_us]


def test_reset_expose_read_asks_for_the_beam_for_the_exposure(rig):
    rig.set(trigger_mode=p.TriggerMode.RESET_EXPOSE_READ, exposure_us=40_000)
    rig.start(1)
    assert not rig.device.expose_request
    rig.ask(p.SoftwareTrigger())
    asked_us = []
    end_us = rig.now_us + 80_000
    while rig.now_us < end_us:
        rig.run(100)
        if rig.device.expose_request:
            asked_us.append(rig.now_us)
    assert abs(asked_us[-1] - asked_us[0] - 40_000) <= 300
    rig.frames(1)
