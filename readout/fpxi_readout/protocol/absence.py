"""Frames of which nothing can be delivered: lost on the link, or skipped by the device."""

from __future__ import annotations

from fpxi_readout.protocol.counters import FrameCounters


class AbsentFrames:
    """Counts them, with all their rows.

    How many rows the frames of a run have, its first header tells: a region may be all that is
    sent. Until then the panel's rows are counted, and put right afterwards.
    """

    def __init__(self, counters: FrameCounters, panel_rows: int) -> None:
        self._counters = counters
        self._rows = panel_rows
        self._rows_known = False
        self._lost_before = 0
        self._skipped = 0
        self._unexplained = 0

    @property
    def never_appeared(self) -> int:
        """Frames of which nothing arrived: lost, or skipped by the device."""
        return self._unexplained + self._skipped

    def learn_rows(self, rows: int) -> None:
        """Take the rows of a frame of this run."""
        if not self._rows_known:
            self._rows_known = True
            self._counters.rows_lost -= self._lost_before * (self._rows - rows)
            self._rows = rows

    def count_in(self, counters: FrameCounters) -> None:
        """Count from now on in other counters."""
        self._counters = counters

    def lose(self, frames: int) -> None:
        """Count frames that the device sent."""
        self._counters.frames_lost += frames
        self._counters.rows_lost += frames * self._rows
        self._lost_before += 0 if self._rows_known else frames

    def pass_over(self, frames: int, *, skipped: bool) -> None:
        """Count frames that never appeared; by the packet counter's gaps, skipped or lost."""
        if skipped:
            self._skipped += frames
            self._counters.frames_skipped += frames
        else:
            self._unexplained += frames
            self.lose(frames)

    def explain_skipped(self, total: int) -> None:
        """Take the device's own count of skipped frames in this run.

        Frames that never appeared were counted by the packet counter's gaps. It is a u8: many
        packets lost in a row can look like none.
        """
        explained = min(total - self._skipped, self._unexplained)
        self._skipped += explained
        self._unexplained -= explained
        self._counters.frames_skipped += explained
        self._counters.frames_lost -= explained
        self._counters.rows_lost -= explained * self._rows
        self._lost_before -= 0 if self._rows_known else explained
