"""Reliable delivery from the real firmware core, over lines that lose, damage and delay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.panel import Panel

DAMAGED = "bit_flips=1e-4&drops=0.01"
HELD_UP = "stalls=0.05&stall_s=0.3&drops=0.05"
FRAMES = 10


@pytest.mark.parametrize(
    ("faults", "seeds"),
    [(DAMAGED, range(1, 25)), (HELD_UP, (34, 69, 110, 185, 186, 235, 238, 261, 282))],
    ids=["damaged", "held up"],
)
def test_every_row_of_every_frame_comes(
    faults: str, seeds: range, shared_time_link: Callable[[str], Any], cache: DictionaryCache
) -> None:
    Panel.connect(shared_time_link("sim:tft64"), cache=cache)  # which has the dictionary then
    for seed in seeds:
        link = shared_time_link(f"sim:tft64?{faults}&fault_seed={seed}")
        panel = Panel.connect(link, cache=cache, clock=link.clock)
        panel.start(FRAMES, reliable=True)
        missing = [frame.rows_missing for frame in panel.frames(timeout_s=10.0)]
        assert missing == [0] * FRAMES, f"fault seed {seed}"
        assert link.device.truth.to_host.blocks_dropped > 0 or panel.statistics.crc_errors > 0
