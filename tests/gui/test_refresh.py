"""Readings are fresh where the link is fast, and leave a slow link alone."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def reads(rig: Any) -> Any:
    """A connected device whose readings are noted, and take as long as a test says."""
    asked: list[str] = []
    get = rig.session.source.get
    rig.takes_s = 0.0

    def noted(name: str) -> int:
        asked.append(name)
        rig.clock.now += rig.takes_s
        value: int = get(name)
        return value

    rig.session.source.get = noted
    rig.session.connect()
    rig.reads = asked
    return rig


def pass_time(rig: Any, seconds: float) -> list[str]:
    """Return what is read in so many seconds."""
    rig.reads.clear()
    until = rig.clock.now + seconds
    while rig.clock.now < until:
        rig.settle()
        rig.clock.now += 0.05
    return list(rig.reads)


def test_a_fast_link_reads_everything_at_least_once_a_second(reads: Any) -> None:
    reads.settle()
    asked = pass_time(reads, 1.0)
    assert {name: asked.count(name) >= 2 for name in ("state", "fault", "temperature_mC")} == {
        "state": True,
        "fault": True,
        "temperature_mC": True,
    }


def test_a_new_value_is_shown(reads: Any) -> None:
    reads.settle()
    reads.session.source.values["temperature_mC"] = 31_000
    pass_time(reads, 1.0)
    assert reads.settle().parameters.values["temperature_mC"].value == 31_000


def test_a_slow_link_reads_the_state_alone_once_a_second(reads: Any) -> None:
    reads.takes_s = 0.1
    reads.settle()
    asked = pass_time(reads, 10.0)
    assert set(asked) == {"state"}
    assert 8 <= len(asked) <= 10


def test_a_link_of_middling_pace_spends_little_of_its_time_on_readings(reads: Any) -> None:
    reads.takes_s = 0.012
    reads.settle()
    asked = pass_time(reads, 10.0)
    assert "temperature_mC" in asked
    assert len(asked) * reads.takes_s < 0.06 * 10


def test_a_link_that_became_fast_is_read_from_in_full_again(reads: Any) -> None:
    reads.takes_s = 0.1
    reads.settle()
    assert set(pass_time(reads, 3.0)) == {"state"}
    reads.takes_s = 0.0
    assert "fault" in pass_time(reads, 3.0)


def test_nothing_is_read_while_a_reading_is_on_its_way(reads: Any) -> None:
    reads.settle()
    held: list[Any] = []
    submit = reads.session.submit
    reads.session.submit = lambda action: held.append(action) or submit(lambda source: wait())

    import threading

    released = threading.Event()

    def wait() -> Any:
        from fpxi_readout.errors import FpxiError

        released.wait()
        raise FpxiError("no answer")

    for _ in range(5):
        reads.clock.now += 2.0
        reads.controller.tick()
    released.set()
    assert len(held) == 1
    assert reads.settle().message == "no answer"
