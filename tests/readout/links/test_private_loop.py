"""An asyncio loop that runs only while its owner waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from fpxi_readout.links.private_loop import InterruptedWaitError, PrivateLoop, within


@pytest.fixture
def loop() -> Iterator[PrivateLoop]:
    loop = PrivateLoop()
    yield loop
    loop.close(lambda: None)


async def answer() -> int:
    return 42


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


def test_it_returns_what_the_work_returns(loop: PrivateLoop) -> None:
    assert loop.run(answer) == 42


def test_ctrl_c_before_the_work_has_begun_leaves_no_unfinished_coroutine(
    loop: PrivateLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: asyncio.Runner, coroutine: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(asyncio.Runner, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loop.run(answer)  # a coroutine that is never awaited would be a warning: an error here
    assert loop.run(answer) == 42


def test_an_interruption_holds_for_what_comes_later(loop: PrivateLoop) -> None:
    loop.interrupt()
    for _ in range(2):
        with pytest.raises(InterruptedWaitError):
            loop.run(answer)


def test_a_stop_that_is_never_set_changes_nothing(loop: PrivateLoop) -> None:
    assert loop.run(answer, threading.Event()) == 42


def test_interruptions_from_several_threads_are_one(loop: PrivateLoop) -> None:
    threads = [threading.Timer(0.02, loop.interrupt) for _ in range(5)]
    for thread in threads:
        thread.start()
    with pytest.raises(InterruptedWaitError):
        loop.run(wait_for_ever)
    for thread in threads:
        thread.join()


def test_a_second_interruption_does_not_disturb_what_cleans_up(loop: PrivateLoop) -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            await wait_for_ever()
        finally:
            loop.interrupt()
            await asyncio.sleep(0.01)
            told.append("cleaned up")

    threading.Timer(0.02, loop.interrupt).start()
    with pytest.raises(InterruptedWaitError):
        loop.run(work)
    assert told == ["cleaned up"]


def test_closing_runs_the_farewell_and_the_release_also_after_an_interruption() -> None:
    told: list[str] = []

    async def farewell() -> None:
        told.append("farewell")

    loop = PrivateLoop()
    loop.interrupt()
    loop.close(lambda: told.append("release"), farewell)
    assert told == ["farewell", "release"]


def test_what_is_overtaken_is_cut_short(loop: PrivateLoop) -> None:
    async def overtaken() -> None:
        other = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, other.set)
        await within(60.0, wait_for_ever(), unless=other)

    with pytest.raises(ConnectionAbortedError):
        loop.run(overtaken)


def test_what_is_done_when_it_is_overtaken_counts(loop: PrivateLoop) -> None:
    async def both() -> int:
        other = asyncio.Event()
        other.set()
        return await within(60.0, answer(), unless=other)

    assert loop.run(both) == 42


def test_what_is_given_up_has_ended_before_anything_else_happens(loop: PrivateLoop) -> None:
    told: list[str] = []

    async def clean_up() -> None:
        try:
            await wait_for_ever()
        finally:
            await asyncio.sleep(0.01)
            told.append("cleaned up")

    async def give_up() -> None:
        try:
            await within(0.01, clean_up())
        except TimeoutError:
            told.append("given up")

    loop.run(give_up)
    assert told == ["cleaned up", "given up"]
