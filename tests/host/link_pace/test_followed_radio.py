"""A Bluetooth link is followed without being asked, and tells of its radio."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import fpxi
from fpxi_readout.protocol.generated import Encoding

ServeBluetooth = Callable[..., AbstractContextManager[Any]]
PACED = ("encoding", "frame_period_us", "rows_per_chunk")


def test_a_radio_link_is_followed_by_default(serve_bluetooth: ServeBluetooth) -> None:
    with (
        serve_bluetooth("sim:cmos32", "--radio", "interval_ms=15") as server,
        fpxi.Session(server.url) as session,
    ):
        session.wait_connected(30.0)
        before = {name: session.get(name) for name in PACED}
        with session.frames(40) as frames:
            session.start(reliable=True)
            list(frames)
            statistics, parameters = session.statistics(), session.parameters
        assert parameters["encoding"] in (Encoding.AEC, Encoding.AEC_REFERENCE)
        assert statistics.radio is not None
        assert statistics.radio.rssi_dBm is not None
        assert statistics.link_rate_Bps > 0
        session.stop()
        assert {name: session.get(name) for name in PACED} == before
