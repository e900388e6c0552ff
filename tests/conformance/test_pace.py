"""At the panel's own pace, whatever the processor manages beside it."""

from __future__ import annotations

import itertools

import pytest
from fpxi_readout.protocol import generated as p


@pytest.mark.parametrize("panel", ["tft64", "cmos32"])
@pytest.mark.parametrize("encoding", p.Encoding, ids=lambda encoding: encoding.name.lower())
def test_every_encoding_goes_on_at_the_shortest_exposure(make_rig, board, panel, encoding):
    rig = make_rig(board, panel)
    rig.set(encoding=encoding, exposure_us=rig.get("readout_us"), delivery=p.Delivery.RELIABLE)
    rig.start(6)
    frames = rig.frames(6)
    assert not rig.events(p.EventCode.FAULT)
    times = [frame.timestamp_us for frame in frames]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert all(gap >= frames[0].exposure_us for gap in gaps)
