"""A Bluetooth module whose host is out of reach takes nothing: what the board does meanwhile."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p
from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.framing import PacketDecoder, encode_packet

EXPOSURE_US = 50_000
OUTAGE_US = 2_500_000
NOTIFICATION = 495
HELD = 24
"""more frames than any board holds beside those in its queues"""


class Module:
    """The module at the second link, which takes what it is told to take."""

    def __init__(self, rig):
        self._rig = rig
        self._decoder = PacketDecoder()
        self.packets = []

    def send(self, command):
        data = encode_packet(command.TYPE, 1, command.pack())
        self._take_in(self._rig.device.exchange(data))
        self.take(10_000)

    def take(self, duration_us):
        """Let time pass, taking notification by notification."""
        end_us = self._rig.now_us + duration_us
        while self._rig.now_us < end_us:
            self._rig.run(2000)
            while data := self._rig.device._firmware.transmit(NOTIFICATION, 1):
                self._take_in(data)
                self._rig.step(self._rig.now_us)

    def frames(self, first, *, reliable):
        """Numbers of the frames of which every row has arrived."""
        assembler = FrameAssembler(self._rig.panel, first_frame=first, reliable=reliable)
        for packet in self.packets:
            if packet.type == p.FrameHeader.TYPE:
                assembler.add_header(packet.payload)
            elif packet.type == p.FrameChunk.TYPE:
                assembler.add_chunk(packet.payload)
        return [frame.number for frame in assembler.take() if frame.row_received.all()]

    def _take_in(self, data):
        self.packets += self._decoder.feed(data)
        counters = self._decoder.counters
        assert (counters.crc_errors, counters.resyncs) == (0, 0)


@pytest.fixture
def started(rig):
    """A rig and its module, in an outage that began when frames had just begun to come."""

    def start(delivery):
        rig.set(exposure_us=EXPOSURE_US, delivery=delivery)
        module = Module(rig)
        module.send(p.Start(0))
        module.take(3 * EXPOSURE_US)
        rig.run(OUTAGE_US)
        return module

    return start


def test_live_delivery_goes_on_with_the_newest_frames_and_counts_the_others(rig, started):
    module = started(p.Delivery.LIVE)
    acquired, skipped = rig.get("frames_acquired"), rig.get("frames_skipped")
    assert acquired > OUTAGE_US // EXPOSURE_US - 5
    module.take(20_000 + OUTAGE_US // 10)
    module.send(p.Stop())
    module.take(OUTAGE_US // 10)
    numbers = module.frames(0, reliable=False)
    total = rig.get("frames_acquired")
    assert numbers[-1] == total - 1
    assert len(numbers) + rig.get("frames_skipped") == total
    assert acquired - HELD < skipped < acquired
    before, after = numbers[0], numbers[-1]
    assert before == 0
    gap = [number for number in range(before, after) if number not in numbers]
    assert len(gap) == rig.get("frames_skipped")
    assert gap == list(range(gap[0], gap[-1] + 1))


def test_reliable_delivery_waits_for_the_module(rig, started):
    module = started(p.Delivery.RELIABLE)
    acquired = rig.get("frames_acquired")
    assert acquired <= HELD
    assert rig.get("frames_skipped") == 0
    module.take(OUTAGE_US // 10)
    assert module.frames(0, reliable=True) == list(range(acquired))
    module.send(p.Release(acquired - 1))
    module.take(OUTAGE_US // 10)
    numbers = module.frames(0, reliable=True)
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > acquired
    assert rig.get("frames_skipped") == 0


def test_the_cable_is_answered_while_the_module_takes_nothing(rig, started):
    module = started(p.Delivery.LIVE)
    assert rig.ask(p.Stop()).command == p.Stop.TYPE
    first = rig.start(3)
    assert [frame.number for frame in rig.frames(3)] == [first, first + 1, first + 2]
    module.take(OUTAGE_US // 10)
    events = [p.Event.unpack(x.payload) for x in module.packets if x.type == p.Event.TYPE]
    assert events[-1].code == p.EventCode.STREAM_LEFT
