"""At the panel's own pace, whatever the processor manages beside it."""

from __future__ import annotations

import itertools

import pytest
from fpxi_readout.protocol import generated as p


def gaps_us(frames):
    times = [frame.timestamp_us for frame in frames]
    return [after - before for before, after in itertools.pairwise(times)]


@pytest.mark.parametrize("panel", ["tft64", "cmos32"])
@pytest.mark.parametrize("encoding", p.Encoding, ids=lambda encoding: encoding.name.lower())
def test_every_encoding_goes_on_at_the_shortest_exposure(make_rig, board, panel, encoding):
    rig = make_rig(board, panel)
    rig.set(encoding=encoding, exposure_us=rig.get("readout_us"), delivery=p.Delivery.RELIABLE)
    rig.start(6)
    frames = rig.frames(6)
    assert not rig.events(p.EventCode.FAULT)
    assert all(gap >= frames[0].exposure_us for gap in gaps_us(frames))


@pytest.mark.parametrize(("panel", "count"), [("tft64", 6), ("cmos32", 12)])
def test_entropy_coding_waits_for_the_panel_not_the_panel_for_it(make_rig, board, panel, count):
    rig = make_rig(board, panel)
    readout_us = rig.get("readout_us")
    rig.set(encoding=p.Encoding.AEC, exposure_us=readout_us, delivery=p.Delivery.RELIABLE)
    rig.start(count)
    gaps = gaps_us(rig.frames(count))
    assert all(readout_us <= gap <= readout_us + 30 for gap in gaps)
