"""The thread of the simulated radio, and the one asyncio loop in it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Generic, Protocol, TypeVar

from fpxi_hwsim.bluetooth.errors import RadioStoppedError

LOOK_EVERY_S = 0.2
"""for a thread that has ended, while work is waited for"""


class Fallible(Protocol):
    """What a thread runs: something that may fail by itself."""

    failed: asyncio.Future[None]
    """gets the exception when it does; a result when it is to end"""


T = TypeVar("T", bound=Fallible)
R = TypeVar("R")


class RadioThread(Generic[T]):
    """Enters an asynchronous context in a thread of its own, and keeps it until `close`.

    Parameters
    ----------
    make
        Makes the context, called in the thread.

    Raises
    ------
    Exception
        Whatever entering the context raised; the thread has then ended.

    """

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._make = make
        self._entered: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Future[None] | None = None
        self._ready = threading.Event()
        self._stopping = False
        self.failure: Exception | None = None
        """what ended the thread before `close`"""
        self._thread = threading.Thread(target=self._run, name="fpxi-sim-radio", daemon=True)
        try:
            self._thread.start()
            self.value = self._entered.result()
        except BaseException:
            if self._thread.is_alive():
                self.close()
            raise

    def call(self, function: Callable[[T], R]) -> R:
        """Call a function with the context's value in the thread; return what it returns.

        Raises
        ------
        RadioStoppedError
            The thread has ended.

        """

        async def work(value: T) -> R:
            return function(value)

        return self.run(work)

    def run(self, work: Callable[[T], Coroutine[None, None, R]]) -> R:
        """Run a coroutine with the context's value in the thread; as `call` otherwise."""
        if self._loop is None or not self._thread.is_alive():
            raise RadioStoppedError(self.failure)
        coroutine = work(self.value)
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError as error:  # the loop has just been closed
            coroutine.close()
            raise RadioStoppedError(self.failure) from error
        while not future.done() and self._thread.is_alive():
            concurrent.futures.wait([future], LOOK_EVERY_S)
        if not future.done():  # the loop was on its way out, and did not take it up
            coroutine.close()
            raise RadioStoppedError(self.failure)
        try:
            return future.result()
        except concurrent.futures.CancelledError as error:
            raise RadioStoppedError(self.failure) from error

    def close(self) -> None:
        """Leave the context and end the thread; a second call does nothing."""
        self._ready.wait()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(self._stop)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (told, or kept)
            if not self._entered.done():
                self._entered.set_exception(error)
            elif isinstance(error, Exception):
                self.failure = error
            else:  # the stack lets go of what it waited for like this
                self.failure = RadioStoppedError(error)
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._ready.set()
        async with self._make() as value:
            self._closing = value.failed
            self._entered.set_result(value)
            if not self._stopping:  # while it was entered, which did not heed it
                await value.failed

    def _stop(self) -> None:
        self._stopping = True
        if self._closing is not None:
            if not self._closing.done():
                self._closing.set_result(None)
        elif self._task is not None:
            self._task.cancel()
