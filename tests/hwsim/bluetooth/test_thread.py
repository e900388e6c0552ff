"""The radio's thread: its start, its end, and what goes wrong in it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator
from types import SimpleNamespace

import pytest
from fpxi_hwsim.bluetooth.errors import RadioStoppedError
from fpxi_hwsim.bluetooth.thread import RadioThread


@contextlib.asynccontextmanager
async def context() -> AsyncIterator[SimpleNamespace]:
    yield SimpleNamespace(failed=asyncio.get_running_loop().create_future())


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


def test_work_is_done_in_the_thread_until_it_is_closed() -> None:
    radio = RadioThread(context)
    assert radio.call(lambda _: threading.current_thread().name) == "fpxi-sim-radio"
    radio.close()
    radio.close()
    assert radio.failure is None
    with pytest.raises(RadioStoppedError, match="switched off"):
        radio.call(lambda _: None)


def test_what_work_raises_is_the_callers() -> None:
    radio = RadioThread(context)
    with pytest.raises(ZeroDivisionError):
        radio.call(lambda _: 1 // 0)
    radio.call(lambda _: None)
    radio.close()


def test_a_context_that_cannot_be_entered_is_the_makers_error() -> None:
    @contextlib.asynccontextmanager
    async def broken() -> AsyncIterator[SimpleNamespace]:
        raise LookupError("no adapter")
        yield SimpleNamespace()

    with pytest.raises(LookupError, match="no adapter"):
        RadioThread(broken)


def test_a_failure_ends_the_thread_and_is_kept() -> None:
    radio = RadioThread(context)
    radio.call(lambda value: value.failed.set_exception(LookupError("the adapter is gone")))
    radio._thread.join()
    assert isinstance(radio.failure, LookupError)
    with pytest.raises(RadioStoppedError, match="the adapter is gone"):
        radio.call(lambda _: None)
    radio.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signal to a thread")
def test_an_interrupt_while_it_starts_ends_it() -> None:
    @contextlib.asynccontextmanager
    async def slow() -> AsyncIterator[SimpleNamespace]:
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        await asyncio.Event().wait()
        yield SimpleNamespace()

    with pytest.raises(KeyboardInterrupt):
        RadioThread(slow)


def test_a_cancellation_that_comes_out_of_the_stack_is_a_failure() -> None:
    radio = RadioThread(context)
    radio.call(lambda value: value.failed.cancel())
    radio._thread.join()
    assert isinstance(radio.failure, RadioStoppedError)
    radio.close()


def test_a_loop_that_cannot_be_made_is_the_makers_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_loop(work: Coroutine[None, None, None]) -> None:
        work.close()
        raise OSError("too many open files")

    monkeypatch.setattr(asyncio, "run", no_loop)
    with pytest.raises(OSError, match="too many"):
        RadioThread(context)


def test_work_that_comes_when_the_loop_is_on_its_way_out_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[type[BaseException]] = []
    handed_over = threading.Event()
    hand_over = asyncio.run_coroutine_threadsafe

    def noted(*arguments: object) -> object:
        future = hand_over(*arguments)
        handed_over.set()
        return future

    def late() -> None:
        with pytest.raises(RadioStoppedError) as error:
            radio.run(lambda _: asyncio.sleep(3600))
        told.append(error.type)

    async def last_moments() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:  # after all tasks have been cancelled
            caller.start()
            handed_over.wait(10)

    @contextlib.asynccontextmanager
    async def context_with_an_end() -> AsyncIterator[SimpleNamespace]:
        moments = last_moments()
        await anext(moments)
        yield SimpleNamespace(failed=asyncio.get_running_loop().create_future(), keep=moments)

    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", noted)
    caller = threading.Thread(target=late)
    radio = RadioThread(context_with_an_end)
    radio.close()
    caller.join(20)
    assert told == [RadioStoppedError]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signal to a thread")
def test_an_interrupt_that_a_start_does_not_heed_ends_it_all_the_same() -> None:
    @contextlib.asynccontextmanager
    async def heedless() -> AsyncIterator[SimpleNamespace]:
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        yield SimpleNamespace(failed=asyncio.get_running_loop().create_future())

    with pytest.raises(KeyboardInterrupt):
        RadioThread(heedless)


def test_work_under_way_when_it_is_closed_is_told() -> None:
    radio = RadioThread(context)
    closer = threading.Timer(0.1, radio.close)
    closer.start()

    async def for_ever(_: SimpleNamespace) -> None:
        await asyncio.Event().wait()

    with pytest.raises(RadioStoppedError):
        radio.run(for_ever)
    closer.join()
    radio.close()
