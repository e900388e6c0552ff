"""Every error code that a command can get."""

from __future__ import annotations

from fpxi_readout.protocol import generated as p

EXPOSURE, TRIGGER_MODE, DELIVERY, REGION_ROWS, STATE = 1, 5, 8, 15, 32


def refused(answer):
    assert isinstance(answer, p.Nack), answer
    return answer.code, answer.detail


def test_commands_that_make_no_sense_are_refused_by_name(rig):
    code = p.NackCode
    assert refused(rig.ask(0x3F, b"")) == (code.UNKNOWN_COMMAND, 0x3F)
    assert refused(rig.ask(p.Set(0, 0), b"\x01")) == (code.BAD_LENGTH, 6)
    assert refused(rig.ask(p.Get(999))) == (code.UNKNOWN_PARAMETER, 999)
    assert refused(rig.ask(p.Set(999, 0))) == (code.UNKNOWN_PARAMETER, 999)
    assert refused(rig.ask(p.Set(TRIGGER_MODE, 77))) == (code.OUT_OF_RANGE, TRIGGER_MODE)
    assert refused(rig.ask(p.Set(STATE, 0))) == (code.READ_ONLY, STATE)
    assert refused(rig.ask(p.SoftwareTrigger())) == (code.NOT_STARTED, p.State.IDLE)
    assert refused(rig.ask(p.Resend(12345, 0))) == (code.FRAME_GONE, 12345)


def test_a_region_beyond_the_panel_is_refused_at_start(rig):
    rig.set(region_first_row=60, region_rows=10)
    assert refused(rig.ask(p.Start(1))) == (p.NackCode.BAD_REGION, REGION_ROWS)
    rig.set(region_rows=4)
    rig.start(1)
    (frame,) = rig.frames(1)
    assert frame.samples.shape == (4, 64)


def test_what_must_wait_for_stop_is_refused_while_acquiring(rig):
    rig.start(0)
    busy, state = refused(rig.ask(p.Set(TRIGGER_MODE, 1)))
    assert busy == p.NackCode.BUSY
    assert state in {p.State.ARMED, p.State.EXPOSING, p.State.READING}
    assert refused(rig.ask(p.Start(1)))[0] == p.NackCode.BUSY
    assert refused(rig.ask(p.Save()))[0] == p.NackCode.BUSY
    assert refused(rig.ask(p.SelfTest(p.BoardTest.MEMORY)))[0] == p.NackCode.BUSY
    mode = p.TriggerMode.FREE_RUNNING
    assert refused(rig.ask(p.SoftwareTrigger())) == (p.NackCode.WRONG_TRIGGER_MODE, mode)
    assert isinstance(rig.ask(p.Stop()), p.Ack)


def test_a_trigger_while_one_is_served_is_refused(rig):
    rig.set(trigger_mode=p.TriggerMode.SOFTWARE, exposure_us=100_000)
    rig.start(2)
    assert isinstance(rig.ask(p.SoftwareTrigger()), p.Ack)
    assert refused(rig.ask(p.SoftwareTrigger()))[0] == p.NackCode.TRIGGER_PENDING


def test_a_chunk_that_a_frame_has_not_is_refused(rig):
    rig.set(delivery=p.Delivery.RELIABLE, rows_per_chunk=16)
    first = rig.start(1)
    rig.frames(1)
    assert refused(rig.ask(p.Resend(first, 4))) == (p.NackCode.BAD_CHUNK, 4)


def test_a_faulted_device_refuses_to_work_until_reset(rig):
    rig.set(heartbeat_timeout_ms=50)
    rig.start(0)
    rig.run(200_000)
    assert rig.get("fault") == p.Fault.HEARTBEAT
    assert refused(rig.ask(p.Start(1))) == (p.NackCode.FAULTED, p.Fault.HEARTBEAT)
    assert isinstance(rig.ask(p.Reset()), p.Ack)
    rig.run(200_000)
    assert rig.get("fault") == p.Fault.NONE
    rig.capture(1)
