"""A processor that needs longer for its packets than the panel for its rows."""

from __future__ import annotations

import itertools

from fpxi_readout.protocol import generated as p

EXPOSURE, ROWS_PER_CHUNK = 1, 7
CLOCK_STEP_US = 150
"""at every look at the clock: one before each packet"""


def frame_packets(board):
    return len(board.of(p.FrameHeader)) + len(board.of(p.FrameChunk))


def test_a_poll_stops_sending_and_asks_to_be_polled_again_at_once(board):
    board.start()
    board.set(ROWS_PER_CHUNK, 1)
    board.set(EXPOSURE, 100_000)
    board.ask(p.Start(1))
    board.packets.clear()
    board.now_us = 110_000
    board.clock_step_us = CLOCK_STEP_US
    sent = [0]
    while sent[-1] < 33 and len(sent) < 300:
        board.take()
        sent.append(frame_packets(board))
        assert sent[-1] in (0, 33) or board.deadline_us <= board.now_us
    assert sent[-1] == 33
    assert max(after - before for before, after in itertools.pairwise(sent)) <= 2
