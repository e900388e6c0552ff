"""Signals wait until something is whole, and none is lost."""

from __future__ import annotations

import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fpxi.cli.group import LazyCommand, Terminated, end_in_order_on_sigterm
from fpxi.cli.held_signals import signals_held_back

SIGNALS = [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]

WAIT_S = 60.0


@pytest.fixture(autouse=True)
def _ends_in_order() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    end_in_order_on_sigterm()
    yield
    signal.signal(signal.SIGTERM, before)


class Thing:
    pass


@pytest.mark.parametrize(("number", "raised"), SIGNALS)
def test_a_signal_in_a_callback_that_swallows_exceptions_is_not_lost(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    steps = []

    def lose_a_thing() -> None:
        thing = Thing()
        watched = weakref.ref(thing, lambda _: signal.raise_signal(number))
        with signals_held_back():
            del thing
            assert watched() is None
            steps.append("whole")
        steps.append("went on")

    with pytest.raises(raised):
        lose_a_thing()
    assert steps == ["whole"]


def test_a_signal_that_an_import_would_lose_ends_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "command_with_callbacks.py").write_text(
        "import signal, weakref\n"
        "class Thing: pass\n"
        "thing = Thing()\n"
        "watched = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGTERM))\n"
        "del thing\n"
        "command = Thing()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Terminated):
        LazyCommand("command_with_callbacks", "Does nothing.").load()


@pytest.mark.parametrize(("number", "raised"), SIGNALS)
def test_a_second_signal_acts_at_once(number: signal.Signals, raised: type[BaseException]) -> None:
    handlers = [signal.getsignal(each) for each, _ in SIGNALS]
    steps = []

    def be_told_twice() -> None:
        with signals_held_back():
            signal.raise_signal(signal.SIGTERM)
            steps.append("first")
            signal.raise_signal(number)
            steps.append("second")

    with pytest.raises(raised):
        be_told_twice()
    assert steps == ["first"]
    assert [signal.getsignal(each) for each, _ in SIGNALS] == handlers


def test_an_error_of_the_block_is_told_and_handlers_are_as_before() -> None:
    handlers = [signal.getsignal(each) for each, _ in SIGNALS]
    with pytest.raises(ZeroDivisionError), signals_held_back():
        1 / 0  # noqa: B018
    assert [signal.getsignal(each) for each, _ in SIGNALS] == handlers


def test_what_no_function_handles_and_other_threads_stay_as_they_are() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with signals_held_back():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    seen = []

    def elsewhere() -> None:
        with signals_held_back():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can send SIGTERM")
def test_a_signal_just_as_a_condition_is_entered_does_not_leave_it_locked() -> None:
    steps = []
    condition: Any = threading.Condition()
    # In C, so that the handler runs in the condition's own frame, the lock being taken.
    take_and_be_told = partial(signal.raise_signal, signal.SIGTERM)
    give_back = partial(steps.append, "given back")
    condition._lock = SimpleNamespace(__enter__=take_and_be_told, __exit__=lambda *_: give_back())

    def enter() -> None:
        with condition:
            steps.append("entered")
        time.sleep(WAIT_S)

    with pytest.raises(Terminated):
        enter()
    assert steps in (["entered", "given back"], ["given back"])


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can send SIGTERM")
@pytest.mark.parametrize("method", [threading.Condition.__enter__, threading.Condition.__exit__])
@pytest.mark.parametrize("within", [0, 3])
def test_a_signal_that_came_at_a_bad_moment_is_sent_again(
    method: Any, within: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("fpxi.cli.group.come_again", sent.append)
    frame = SimpleNamespace(f_code=method.__code__, f_back=None)
    for _ in range(within):
        frame = SimpleNamespace(f_code=None, f_back=frame)
    handler: Any = signal.getsignal(signal.SIGTERM)
    handler(signal.SIGTERM, frame)
    assert sent == [signal.SIGTERM]
