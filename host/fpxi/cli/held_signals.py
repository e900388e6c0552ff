"""Signals that wait until something is whole.

Python runs a signal's handler between any two instructions of the main thread. An exception raised
there is lost in a finaliser or in a callback of a weak reference, which imports run by the hundred,
and it can part a thing that was just made from whoever was about to own it.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

Handler = Callable[[int, FrameType | None], object]

A_MOMENT_S = 0.01


def come_again(number: int) -> None:
    """Have a signal, met at a moment when nothing may be raised, sent anew a moment later."""
    main = threading.main_thread().ident
    assert main is not None
    # To the main thread itself: only so is it woken where it waits.
    again = threading.Timer(A_MOMENT_S, signal.pthread_kill, (main, number))
    again.daemon = True
    again.start()


@contextlib.contextmanager
def signals_held_back() -> Iterator[None]:
    """Let SIGINT and SIGTERM wait until the block has ended; a second one acts at once.

    Signals that are not handled by a function, and other threads than the main one, stay as they
    are.
    """
    came: list[int] = []
    held: dict[int, Handler] = {}

    def hold(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            held[number](number, frame)

    if threading.current_thread() is threading.main_thread():
        for each in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(each)
            if callable(handler):
                held[each] = handler
    try:
        for number in held:
            signal.signal(number, hold)
        yield
    finally:
        for number, own in held.items():
            signal.signal(number, own)
    if len(came) == 1:
        held[came[0]](came[0], None)
