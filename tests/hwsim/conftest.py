"""Simulated panels with the panel client at the other end."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import fpxi_hwsim
import numpy as np
import pytest
from cobs import cobs
from fpxi_hwsim import SimulatedLink
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.links.base import Link
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import Start

OpenSimulation = Callable[[str], SimulatedLink]
Connect = Callable[[Link], Panel]


@pytest.fixture
def open_simulation() -> Iterator[OpenSimulation]:
    """Open simulated links; they are closed at the end."""
    with ExitStack() as stack:

        def open_one(url: str) -> SimulatedLink:
            link = fpxi_hwsim.open_link(url)
            stack.callback(link.close)
            return link

        yield open_one


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    """Connect panels, with a dictionary cache of the test's own."""
    return lambda link: Panel.connect(link, cache=DictionaryCache(tmp_path / "dictionaries"))


@pytest.fixture
def take(open_simulation: OpenSimulation, connect: Connect) -> Callable[[str, int], np.ndarray]:
    """Take frames in virtual time from a fresh panel: uint16 (frames, rows, columns)."""

    def take_frames(url: str, count: int) -> np.ndarray:
        separator = "&" if "?" in url else "?"
        panel = connect(open_simulation(f"{url}{separator}time=virtual"))
        panel.start(count)
        return np.stack([frame.samples for frame in panel.frames(count, timeout_s=5)])

    return take_frames


@pytest.fixture
def start_packet() -> bytes:
    """START without an end, as it goes over the line: always the same bytes."""
    body = bytes([Start.TYPE, 1]) + Start(frames=0).pack()
    return cobs.encode(body + zlib.crc32(body).to_bytes(4, "little")) + b"\0"
