"""Frames from headers and chunks, in order, with every frame number accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from fpxi_readout.frame import NONE_ABSENT, Absence, Frame
from fpxi_readout.protocol.absence import AbsentFrames
from fpxi_readout.protocol.building import CHUNK_PREFIX, HEADER, FrameInProgress
from fpxi_readout.protocol.counters import FrameCounters
from fpxi_readout.protocol.errors import ProtocolError
from fpxi_readout.protocol.generated import FrameChunk, FrameFlag, FrameHeader
from fpxi_readout.protocol.geometry import PanelGeometry

MAX_FRAMES_IN_PROGRESS = 256
MAX_SAMPLES_IN_PROGRESS = 1 << 25

_unpack_chunk = FrameChunk.STRUCT.unpack_from


class FrameAssembler:
    """Builds the frames of one run, from `first_frame` on.

    In live delivery the first packet of a later frame closes the earlier ones: rows that are
    missing stay missing. A frame whose header is missing keeps its place until the header comes
    or `give_up` is called. In reliable delivery every frame keeps its place until it is whole or
    `give_up` is called.

    The newest key frame stays as the reference of later frames. What is missing of it is still
    among the `incomplete` once it has been delivered: rows that are relative to it are lost until
    it has come.
    """

    def __init__(
        self,
        geometry: PanelGeometry,
        *,
        first_frame: int,
        reliable: bool,
        counters: FrameCounters | None = None,
    ) -> None:
        self.counters = counters or FrameCounters()
        self.next_due = first_frame
        """number of the next frame to deliver"""
        self.end_seen = first_frame
        """one more than the highest frame number that is known to exist"""
        self.end_arrived = first_frame
        """one more than the highest frame number of which anything has arrived"""
        self._first_frame = first_frame
        self._rows = geometry.rows
        self._columns = geometry.columns
        self._reliable = reliable
        self._limit = min(
            MAX_FRAMES_IN_PROGRESS,
            max(2, MAX_SAMPLES_IN_PROGRESS // (geometry.rows * geometry.columns)),
        )
        # What a frame takes that comes one row at a time.
        self._early_limit = geometry.rows * (CHUNK_PREFIX + 2 * geometry.columns)
        self._open: dict[int, FrameInProgress] = {}
        self._reference: FrameInProgress | None = None
        self._ready: list[Frame] = []
        self._absent = AbsentFrames(self.counters, geometry.rows)

    # --- What arrives ---------------------------------------------------------------------------

    def add_header(self, payload: bytes, *, contiguous: bool = True) -> None:
        """Take the payload of a FRAME_HEADER packet.

        `contiguous` is False when the packet counter shows that packets before it are missing:
        frame numbers that never appeared may then have been lost, rather than skipped.
        """
        try:
            header = FrameHeader.unpack(payload)
            frame = self._frame(header.frame, contiguous)
            if frame is None:
                return
            if frame.header is not None:
                self._count_repeated(frame.header == header)
                return
            frame.begin(header, self._rows, self._columns)
            self._absent.learn_rows(header.rows)
        except ProtocolError:
            self.counters.malformed += 1
            return
        self._note_frame(frame)
        self._note_arrival(frame, HEADER)
        for early in frame.early.values():
            self._place(frame, early)
        frame.early.clear()
        self._deliver()

    def add_chunk(self, payload: bytes, *, contiguous: bool = True) -> None:
        """Take the payload of a FRAME_CHUNK packet; `contiguous` as for `add_header`."""
        if len(payload) < CHUNK_PREFIX:
            self.counters.malformed += 1
            return
        number, first_row, _, _ = _unpack_chunk(payload)
        frame = self._open.get(number) or self._frame(number, contiguous)
        if frame is None:
            return
        if frame.header is None:
            self._keep_early(frame, first_row, payload)
            return
        self._place(frame, payload)
        if not frame.chunks_left:
            self._deliver()

    def count_in(self, counters: FrameCounters) -> None:
        """Count from now on in other counters."""
        self.counters = counters
        self._absent.count_in(counters)

    def expect(self, end: int) -> None:
        """Take note that every frame below `end` exists; only for reliable delivery.

        No more frames are waited for at once than any device holds: a higher claim is not
        believed until the frames before it have come.
        """
        end = min(end, self.next_due + self._limit)
        for number in range(self.end_seen, end):
            self._open[number] = FrameInProgress(number)
        self.end_seen = max(self.end_seen, end)

    # --- What is missing ------------------------------------------------------------------------

    def incomplete(self) -> Iterator[FrameInProgress]:
        """Go through the frames in progress that lack something, by number."""
        reference = self._reference
        wanted = [reference] if reference is not None and not reference.given_up else []
        return (frame for frame in chain(wanted, self._open.values()) if not frame.complete)

    def in_progress(self, number: int) -> FrameInProgress | None:
        """Return a frame that is still being built, or the reference; None for another."""
        reference = self._reference
        if reference is not None and reference.number == number:
            return reference
        return self._open.get(number)

    def give_up(self, number: int) -> None:
        """Deliver a frame as it is, or count it lost when not even its header is there.

        What is missing of the reference is not waited for any more.
        """
        frame = self.in_progress(number)
        if frame is not None:
            frame.given_up = True
            self._deliver()

    def close(self, end: int) -> None:
        """Give up every frame below `end`: nothing more of them will come."""
        for frame in self._open.values():
            frame.given_up |= frame.number < end
        self._deliver()
        if end > self.end_seen:
            self._pass_over(end, skipped=False)
            self.next_due = end

    def abandon(self, taken: Iterable[Frame], end: int) -> None:
        """Count the frames below `end` that did not reach the user as abandoned.

        `taken` are frames that were taken from here and went no further. The assembler is not to
        be used any more.
        """
        counters = self.counters
        undelivered = [*taken, *self._ready]
        counters.frames_received -= len(undelivered)
        counters.frames_incomplete -= sum(frame.rows_missing > 0 for frame in undelivered)
        counters.rows_lost -= sum(frame.rows_missing for frame in undelivered)
        unseen = max(end - self.end_seen, 0)
        counters.frames_abandoned += len(undelivered) + len(self._open) + unseen

    def explain_skipped(self, total: int) -> None:
        """Take the device's own count of skipped frames in this run."""
        self._absent.explain_skipped(total)

    @property
    def absent(self) -> int:
        """Frames that never appeared: lost, or skipped by the device."""
        return self._absent.never_appeared

    @property
    def absent_at_end(self) -> Absence:
        """Frames lost or skipped after the last one that was taken."""
        return self._absent.untold

    # --- What is ready --------------------------------------------------------------------------

    @property
    def frames_ready(self) -> int:
        """How many frames `take` would return."""
        return len(self._ready)

    def take(self) -> list[Frame]:
        """Return the frames that are ready, in order; they leave the assembler."""
        ready, self._ready = self._ready, []
        return [self._with_absence(frame) for frame in ready]

    def _with_absence(self, frame: Frame) -> Frame:
        absence = self._absent.take_before(frame.number)
        return frame if absence == NONE_ABSENT else replace(frame, absent_before=absence)

    def _frame(self, number: int, contiguous: bool) -> FrameInProgress | None:
        """Return the frame in progress with a number, begun now if it is new."""
        if number < self._first_frame:  # of an earlier run, which has accounted for it
            return None
        if number < self.end_seen:
            frame = self.in_progress(number)
            if frame is None:
                self.counters.duplicates += 1
            return frame
        if not self._reliable:
            return self._begin_live(number, contiguous)
        self.expect(number + 1)
        if number not in self._open:
            self.counters.malformed += 1
        return self._open.get(number)

    def _begin_live(self, number: int, contiguous: bool) -> FrameInProgress:
        if number > self.end_seen:
            self._pass_over(number, skipped=contiguous)
        frame = self._open[number] = FrameInProgress(number)
        self.end_seen = number + 1
        if len(self._open) > self._limit:
            next(iter(self._open.values())).given_up = True
        self._deliver()
        return frame

    def _pass_over(self, end: int, *, skipped: bool) -> None:
        """Account for the frames from `end_seen` to `end`, of which nothing arrived."""
        self._absent.pass_over(self.end_seen, end, skipped=skipped)
        self.end_seen = end

    def _keep_early(self, frame: FrameInProgress, first_row: int, payload: bytes) -> None:
        if first_row in frame.early:
            self.counters.duplicates += 1
        elif frame.early_bytes + len(payload) > self._early_limit:
            self.counters.malformed += 1
        else:
            self._note_frame(frame)
            frame.early[first_row] = payload
            frame.early_bytes += len(payload)

    def _place(self, frame: FrameInProgress, payload: bytes) -> None:
        try:
            index = frame.place(payload)
        except ProtocolError:
            self.counters.malformed += 1
            return
        if index < 0:
            self.counters.duplicates += 1
        elif frame.asked_again:
            self._note_arrival(frame, index)

    def _note_frame(self, frame: FrameInProgress) -> None:
        self.end_arrived = max(self.end_arrived, frame.number + 1)

    def _note_arrival(self, frame: FrameInProgress, index: int) -> None:
        if index in frame.asked_again:
            frame.asked_again.discard(index)
            self.counters.chunks_recovered += 1

    def _count_repeated(self, same: bool) -> None:
        if same:
            self.counters.duplicates += 1
        else:
            self.counters.malformed += 1

    def _deliver(self) -> None:
        """Move frames that nothing holds up any more to the ready list."""
        while self._open:
            frame = next(iter(self._open.values()))
            passed = not self._reliable and frame.header and frame.number < self.end_seen - 1
            if not (frame.complete or frame.given_up or passed):
                return
            del self._open[frame.number]
            self.next_due = frame.number + 1
            self._count_and_keep(frame)
        self.next_due = self.end_seen

    def _count_and_keep(self, frame: FrameInProgress) -> None:
        counters = self.counters
        if frame.header is None:
            self._absent.lose(frame.number)
            return
        finished = frame.finish(self._reference_of(frame))
        counters.frames_received += 1
        if finished.rows_missing:
            counters.frames_incomplete += 1
            counters.rows_lost += finished.rows_missing
        self._ready.append(finished)
        if FrameFlag.KEY in finished.flags:
            frame.keep()
            frame.given_up = False
            self._reference = frame

    def _reference_of(self, frame: FrameInProgress) -> FrameInProgress | None:
        """Return what there is of a frame's reference; one of which nothing came is begun."""
        number = frame.reference
        if number is None:
            return None
        newest = self._first_frame - 1 if self._reference is None else self._reference.number
        if newest < number < frame.number:
            self._reference = FrameInProgress(number)
        reference = self._reference
        return reference if reference is not None and reference.number == number else None
