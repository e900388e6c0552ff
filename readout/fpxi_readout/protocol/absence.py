"""Frames of which nothing can be delivered: lost on the link, or skipped by the device."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_readout.frame import NONE_ABSENT, Absence
from fpxi_readout.protocol.counters import FrameCounters


@dataclass(slots=True)
class _Gap:
    """Frames from `first` to below `end`, all of them absent."""

    first: int
    end: int
    skipped: int
    unexplained: int

    @property
    def absence(self) -> Absence:
        return Absence(self.end - self.first - self.skipped, self.skipped)

    def join(self, later: _Gap) -> None:
        """Take in a gap that begins where this one ends."""
        self.end = later.end
        self.skipped += later.skipped
        self.unexplained += later.unexplained


class AbsentFrames:
    """Counts them, with all their rows, and tells them to the frame that is delivered next.

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
        # Gaps that no delivered frame has been told of, in order; neighbours are joined.
        self._gaps: list[_Gap] = []

    @property
    def never_appeared(self) -> int:
        """Frames of which nothing arrived: lost, or skipped by the device."""
        return self._unexplained + self._skipped

    @property
    def untold(self) -> Absence:
        """Frames absent after the last one that `take_before` was called for."""
        return sum((gap.absence for gap in self._gaps), NONE_ABSENT)

    def take_before(self, number: int) -> Absence:
        """Return what is absent before a frame and has not been told with an earlier one."""
        absence = NONE_ABSENT
        while self._gaps and self._gaps[0].end <= number:
            absence += self._gaps.pop(0).absence
        return absence

    def learn_rows(self, rows: int) -> None:
        """Take the rows of a frame of this run."""
        if not self._rows_known:
            self._rows_known = True
            self._counters.rows_lost -= self._lost_before * (self._rows - rows)
            self._rows = rows

    def count_in(self, counters: FrameCounters) -> None:
        """Count from now on in other counters."""
        self._counters = counters

    def lose(self, number: int) -> None:
        """Count a frame that the device sent."""
        self._lose(1)
        self._note(_Gap(number, number + 1, skipped=0, unexplained=0))

    def pass_over(self, first: int, end: int, *, skipped: bool) -> None:
        """Count frames that never appeared; by the packet counter's gaps, skipped or lost."""
        frames = end - first
        if skipped:
            self._skipped += frames
            self._counters.frames_skipped += frames
            self._note(_Gap(first, end, skipped=frames, unexplained=0))
        else:
            self._unexplained += frames
            self._lose(frames)
            self._note(_Gap(first, end, skipped=0, unexplained=frames))

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
        self._explain_gaps(explained)

    def _lose(self, frames: int) -> None:
        self._counters.frames_lost += frames
        self._counters.rows_lost += frames * self._rows
        self._lost_before += 0 if self._rows_known else frames

    def _explain_gaps(self, explained: int) -> None:
        """Call so many frames skipped that passed for lost; below 0: the other way round.

        The newest gap is what the device was asked about.
        """
        for gap in reversed(self._gaps):
            here = max(min(explained, gap.unexplained), -gap.skipped)
            gap.skipped += here
            gap.unexplained -= here
            explained -= here

    def _note(self, gap: _Gap) -> None:
        """Put a gap in its place; so there are never more than frames that are to come, and one."""
        index = len(self._gaps)
        while index and self._gaps[index - 1].first > gap.first:
            index -= 1
        self._gaps.insert(index, gap)
        for left in (index, index - 1):
            pair = self._gaps[max(left, 0) : left + 2]
            if len(pair) == 2 and pair[0].end == pair[1].first:
                pair[0].join(pair[1])
                del self._gaps[left + 1]
