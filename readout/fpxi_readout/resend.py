"""Asking again for frame packets that did not come."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.building import HEADER, FrameInProgress
from fpxi_readout.protocol.generated import Nack, NackCode, Resend

# Enough to keep a link busy, few enough for the queue of the smallest device.
MOST_REQUESTS = 8
FIRST_TIMEOUT_S = 0.1
SHORTEST_TIMEOUT_S = 0.05
LONGEST_TIMEOUT_S = 2.0
GROWTH = 1.5
# A repetition waits so many times the time-out at most: it is a noisy line that loses an item many
# times in a row, not a full one, and a slow one is followed by `_learn_from_duplicates`.
MOST_GROWTH = 4.0
# In live delivery a header is asked for twice; then its frame no longer holds up later ones.
LIVE_TRIES = 2
# A reference costs rows of every frame until the next one.
REFERENCE_TRIES = 8


@dataclass(slots=True)
class _Request:
    asked_s: float
    due_s: float
    tries: int
    sequence: int
    first_place: int
    """of its first RESEND among all that were sent"""
    last_place: int


class ResendScheduler:
    """Sends RESEND for what is missing, each item with its own timer.

    Reliable: headers and chunks, until they come or the device says that they are gone. Live:
    only headers that hold up later frames, twice, and what is missing of the frame that later ones
    are relative to, eight times. The device answers in the order in which it is asked: an item that
    is overtaken by an answer to a later request was lost and is asked for again at once. The
    time-out follows the time that answers take, so that a slow link is not filled with repeated
    requests.
    """

    def __init__(
        self, assembler: FrameAssembler, send: Callable[[Resend], int], *, reliable: bool
    ) -> None:
        self.requests_sent = 0
        self._assembler = assembler
        self._send = send
        self._reliable = reliable
        self._timeout_s = FIRST_TIMEOUT_S
        self._requests: dict[tuple[int, int], _Request] = {}
        self._answered_place = 0
        self._duplicates = assembler.counters.duplicates

    def run(self, now_s: float, quiet_s: float) -> None:
        """Send what is due. `quiet_s`: how long no frame packet has arrived."""
        for item in [item for item in self._requests if not self._is_missing(*item)]:
            self._learn(self._requests.pop(item), now_s)
        self._learn_from_duplicates()
        for item in self._wanted(quiet_s > self._timeout_s):
            self._ask(*item, now_s)
        for item in [item for item, request in self._requests.items() if self._due(request, now_s)]:
            self._ask(*item, now_s)

    def next_due_s(self) -> float | None:
        """Return the clock time of the next repetition; None when nothing is outstanding."""
        return min((request.due_s for request in self._requests.values()), default=None)

    def refused(self, sequence: int, nack: Nack) -> bool:
        """Take a NACK of RESEND; tell whether it was for a request of this run.

        On a line that holds many requests up, sequence numbers have come round again before a NACK
        comes: what it says of a frame counts only for the frame that it names.
        """
        item = next((i for i, r in self._requests.items() if r.sequence == sequence), None)
        if item is None or (nack.code == NackCode.FRAME_GONE and nack.detail != item[0]):
            return False
        if nack.code != NackCode.BUSY:  # a busy device is asked again when the timer runs out
            del self._requests[item]
            self._assembler.give_up(item[0])
        return True

    def _due(self, request: _Request, now_s: float) -> bool:
        return request.due_s <= now_s or request.last_place < self._answered_place

    def _is_missing(self, number: int, chunk: int) -> bool:
        frame = self._assembler.in_progress(number)
        if frame is None or chunk == HEADER:
            return frame is not None and frame.header is None
        return not frame.received[chunk]

    def _wanted(self, quiet: bool) -> list[tuple[int, int]]:
        """Return what is missing and not yet asked for, as far as there is room to ask."""
        room = MOST_REQUESTS - len(self._requests)
        missing = (
            (frame.number, chunk)
            for frame in self._assembler.incomplete()
            for chunk in self._missing(frame, quiet)
            if (frame.number, chunk) not in self._requests
        )
        return list(itertools.islice(missing, room))

    def _missing(self, frame: FrameInProgress, quiet: bool) -> Iterator[int]:
        """Go through what the device has sent, or has nothing more to send before."""
        if self._is_reference(frame):
            return frame.missing()
        passed = frame.number < self._assembler.end_arrived - 1
        if not self._reliable:
            return iter((HEADER,) if frame.header is None and passed else ())
        if passed or quiet:
            return frame.missing()
        if frame.header is None:
            return iter((HEADER,) if frame.early else ())
        return (chunk for chunk in frame.missing() if chunk < frame.furthest)

    def _is_reference(self, frame: FrameInProgress) -> bool:
        """Tell whether a frame has been delivered, and is kept for later ones."""
        return frame.number < self._assembler.next_due

    def _ask(self, number: int, chunk: int, now_s: float) -> None:
        earlier = self._requests.pop((number, chunk), None)
        tries = earlier.tries + 1 if earlier else 1
        frame = self._assembler.in_progress(number)
        if frame is None or frame.given_up:
            return
        most_tries = REFERENCE_TRIES if self._is_reference(frame) else LIVE_TRIES
        if not self._reliable and tries > most_tries:
            self._assembler.give_up(number)
            return
        sequence = self._send(Resend(frame=number, chunk=chunk))
        self.requests_sent += 1
        frame.asked_again.add(chunk)
        growth = min(GROWTH ** min(tries - 1, 16), MOST_GROWTH)
        wait_s = min(self._timeout_s * growth, LONGEST_TIMEOUT_S)
        self._requests[number, chunk] = _Request(
            asked_s=earlier.asked_s if earlier else now_s,
            due_s=now_s + wait_s,
            tries=tries,
            sequence=sequence,
            first_place=earlier.first_place if earlier else self.requests_sent,
            last_place=self.requests_sent,
        )

    def _learn(self, request: _Request, now_s: float) -> None:
        """Follow the time that answers take, and how far they have come.

        Which request of several an answer belongs to cannot be known (Karn's algorithm, RFC 6298
        section 3): it may be the first, and tells nothing of the time.
        """
        self._answered_place = max(self._answered_place, request.first_place)
        if request.tries == 1:
            followed_s = 0.75 * self._timeout_s + 0.25 * 3 * (now_s - request.asked_s)
            self._set_timeout(followed_s)

    def _learn_from_duplicates(self) -> None:
        """Wait longer when an item came twice: it was asked for again too early."""
        duplicates = self._assembler.counters.duplicates
        if duplicates > self._duplicates:
            self._set_timeout(GROWTH * self._timeout_s)
        self._duplicates = duplicates

    def _set_timeout(self, timeout_s: float) -> None:
        self._timeout_s = min(max(timeout_s, SHORTEST_TIMEOUT_S), LONGEST_TIMEOUT_S)
