"""Signals wait until something is whole, and none is lost."""

from __future__ import annotations

import signal
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from fpxi.cli.group import LazyCommand, Terminated, end_in_order_on_sigterm
from fpxi.cli.held_signals import signals_held_back

SIGNALS = [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]


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
