"""Work that may wait, done off the GUI thread, its outcome handed back in it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from fpxi_readout.errors import FpxiError

T = TypeVar("T")

_THREADS = 4
"""Loading, warming up, a calibration run and a recording that begins need not wait in turn."""


class Actions:
    """A few threads for work, and a list of outcomes to hand back.

    All methods belong to the GUI thread; only the work itself runs elsewhere.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="fpxi-viewer")
        self._waiting: list[tuple[Future[Any], Callable[[], None]]] = []

    @property
    def busy(self) -> bool:
        """Whether an outcome is still to be handed back."""
        return bool(self._waiting)

    def run(
        self,
        work: Callable[[], T],
        *,
        done: Callable[[T], None],
        failed: Callable[[FpxiError], None],
    ) -> None:
        """Do `work`; a later `poll` calls `done` with its result or `failed` with its error."""
        self.follow(self._pool.submit(work), done=done, failed=failed)

    def follow(
        self,
        future: Future[T],
        *,
        done: Callable[[T], None],
        failed: Callable[[FpxiError], None],
    ) -> None:
        """Hand back the outcome of work that another thread does."""

        def deliver() -> None:
            try:
                result = future.result()
            except FpxiError as error:
                failed(error)
            else:
                done(result)

        self._waiting.append((future, deliver))

    def poll(self) -> None:
        """Hand back what is finished. Errors that are not `FpxiError` are raised here."""
        for entry in [waiting for waiting in self._waiting if waiting[0].done()]:
            self._waiting.remove(entry)
            _, deliver = entry
            deliver()

    def close(self) -> None:
        """Drop what has not begun; let what runs end on its own."""
        self._pool.shutdown(wait=False, cancel_futures=True)
