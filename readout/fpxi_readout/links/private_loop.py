"""An asyncio loop that runs only while its owner waits, and that others can interrupt."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeAlias, TypeVar

from fpxi_readout.links.ble_errors import RunningLoopError

T = TypeVar("T")
Work: TypeAlias = Callable[[], Coroutine[Any, Any, T]]
"""makes the coroutine once the loop runs: one that is made and never run is a mistake in Python"""

GRACE_S = 2.0
"""how long something that was cancelled may clean up before it is cancelled again"""
CANCELLATIONS = 3
STOP_POLL_S = 0.05


class InterruptedWaitError(Exception):
    """`interrupt` ended what `run` waited for."""


class PrivateLoop:
    """Runs coroutines in the calling thread, one at a time. One thread uses it, but `interrupt`.

    Between two calls of `run` nothing runs: tasks and callbacks wait. Ctrl-C in the main thread
    cancels what runs and raises KeyboardInterrupt once that has cleaned up.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._lock = threading.Lock()
        self._running: asyncio.Task[Any] | None = None
        self._interrupted = False

    def run(self, work: Work[T], stop: threading.Event | None = None) -> T:
        """Run what `work` makes to its end; setting `stop` interrupts it.

        Raises
        ------
        InterruptedWaitError
            `interrupt` was called, now or before.
        RunningLoopError
            Another loop runs in this thread.

        """
        require_no_running_loop()
        try:
            return self._run(self._guarded(work, stop))
        except asyncio.CancelledError as error:
            raise InterruptedWaitError from error

    def interrupt(self) -> None:
        """End what `run` waits for, and whatever it is asked to run later."""
        with self._lock:
            again, self._interrupted = self._interrupted, True
            if self._running is not None and not again:  # once: what cleans up is left to
                self._running.get_loop().call_soon_threadsafe(self._running.cancel)

    def close(self, release: Callable[[], None], farewell: Work[None] | None = None) -> None:
        """Run `farewell`, also after an interruption; end every task; release; close the loop.

        Raises
        ------
        RunningLoopError
            Another loop runs in this thread; nothing was closed.

        """
        require_no_running_loop()
        try:
            self._run(_wind_up(release, farewell))
        finally:
            self._runner.close()

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        try:
            return self._runner.run(coroutine)
        finally:
            # Ctrl-C may come before it has begun.
            if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                coroutine.close()

    async def _guarded(self, work: Work[T], stop: threading.Event | None) -> T:
        watch = None if stop is None else asyncio.create_task(self._watch(stop))
        with self._lock:
            self._running = asyncio.current_task()
            interrupted = self._interrupted
        try:
            if interrupted:
                raise asyncio.CancelledError
            return await work()
        finally:
            with self._lock:
                self._running = None
            if watch is not None:
                watch.cancel()

    async def _watch(self, stop: threading.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(STOP_POLL_S)
        self.interrupt()


def require_no_running_loop() -> None:
    """Raise RunningLoopError if an asyncio loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RunningLoopError


async def within(
    limit_s: float, work: Coroutine[Any, Any, T], unless: asyncio.Event | None = None
) -> T:
    """Wait for `work`, at most so long and only `unless` something else happens first.

    When this is cancelled it ends what it waits for. Unlike asyncio.timeout it does not wait for
    ever for something that hangs in its clean-up.

    Raises
    ------
    TimeoutError
        It was not done in time.
    ConnectionAbortedError
        `unless` was set, or the system cancelled it, as it may do with a Bluetooth operation.

    """
    task = asyncio.ensure_future(work)
    other = asyncio.ensure_future(unless.wait()) if unless is not None else None
    waited = {task} if other is None else {task, other}
    try:
        await asyncio.wait(waited, timeout=max(limit_s, 0.0), return_when=asyncio.FIRST_COMPLETED)
        in_time, overtaken = task.done(), other is not None and other.done()
    finally:
        await end(waited)
    if not in_time and not overtaken:
        raise TimeoutError(f"not done within {limit_s:.1f} s")
    if not in_time or task.cancelled():
        raise ConnectionAbortedError("the operation was cut short")
    return task.result()


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended; whatever they end with is of no interest."""
    pending = {task for task in tasks if not task.done()}
    for _ in range(CANCELLATIONS):
        if not pending:
            return
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=GRACE_S)
        for task in done:
            if not task.cancelled():
                task.exception()


async def _wind_up(release: Callable[[], None], farewell: Work[None] | None) -> None:
    try:
        if farewell is not None:
            await farewell()
    finally:
        await end(asyncio.all_tasks() - {asyncio.current_task()})
        release()
