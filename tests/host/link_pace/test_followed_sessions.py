"""Sessions that follow a slow simulated line: every sample as it was, the device as before."""

from __future__ import annotations

import fpxi
import numpy as np
import pytest
from fpxi.frame_rate_limit import LimitCause
from fpxi_readout.protocol.generated import Encoding

URL = "sim:cmos32?baud=300000"
PACED = ("encoding", "frame_period_us", "rows_per_chunk")
FRAMES = 25


@pytest.mark.parametrize("reliable", [True, False])
def test_frames_are_bit_exact_whatever_the_encoding(reliable: bool) -> None:
    with fpxi.Session(URL, follow_link=True) as session:
        session.wait_connected()
        before = {name: session.get(name) for name in PACED}
        session.set("test_pattern", "ramp")
        encodings = set()
        with session.frames(FRAMES) as frames:
            session.start(reliable=reliable)
            for frame in frames:
                encodings.add(session.parameters["encoding"])
                place = np.arange(32 * 32).reshape(32, 32)
                ramp = place + frame.number
                assert np.array_equal(frame.samples, ramp.astype(np.uint16))
        session.stop()
        assert encodings - {Encoding.RAW16}
        assert {name: session.get(name) for name in PACED} == before
        assert session.parameters.items() >= before.items()


def test_a_session_tells_rate_capacity_and_limit() -> None:
    with fpxi.Session(URL, follow_link=True) as session:
        session.wait_connected()
        assert session.statistics().limit.cause is LimitCause.NONE_YET
        session.set("encoding", int(Encoding.RAW16))
        with session.frames(FRAMES) as frames:
            session.start(reliable=True)
            list(frames)
            statistics = session.statistics()
        assert statistics.limit.cause is LimitCause.LINK
        assert statistics.link_capacity_Bps == pytest.approx(30_000, rel=0.2)
        assert statistics.link_rate_Bps > 15_000
        assert statistics.radio is None
        assert session.parameters["encoding"] == Encoding.RAW16


def test_a_line_that_is_no_radio_is_left_alone_by_default() -> None:
    with fpxi.Session(URL) as session:
        session.wait_connected()
        before = {name: session.get(name) for name in PACED}
        with session.frames(5) as frames:
            session.start()
            list(frames)
        assert {name: session.get(name) for name in PACED} == before
