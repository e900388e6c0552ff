"""The multiplexer's token, and when its output may be sampled."""

import pytest
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.parts.multiplexer import Multiplexer

US = 168


def start(multiplexer: Multiplexer, setup: int = 17) -> None:
    multiplexer.drive(100 * US, "STI", True)
    multiplexer.drive(100 * US + setup, "CLK", True)
    multiplexer.drive(100 * US + setup + 42, "CLK", False)
    multiplexer.drive(101 * US, "STI", False)


def clock(multiplexer: Multiplexer, tick: int) -> None:
    multiplexer.drive(tick, "CLK", True)
    multiplexer.drive(tick + 42, "CLK", False)


def test_channels_come_one_after_the_other_and_then_none() -> None:
    multiplexer = Multiplexer("front end", 3)
    assert multiplexer.sample(US) is None
    start(multiplexer)
    seen = [multiplexer.sample(101 * US)]
    for slot in range(101, 105):
        clock(multiplexer, slot * US + 10)
        seen.append(multiplexer.sample(slot * US + 100))
    assert seen == [0, 1, 2, None, None]


def test_the_start_must_be_set_up_in_time() -> None:
    start(Multiplexer("front end", 3), setup=17)
    with pytest.raises(PinError, match="set-up") as caught:
        start(Multiplexer("front end", 3), setup=16)
    assert caught.value.required_ns == 100


def test_exactly_one_clock_may_rise_with_the_start_high() -> None:
    multiplexer = Multiplexer("front end", 3)
    multiplexer.drive(US, "STI", True)
    clock(multiplexer, 2 * US)
    with pytest.raises(PinError, match="more than one"):
        clock(multiplexer, 3 * US)
    multiplexer = Multiplexer("front end", 3)
    multiplexer.drive(US, "STI", True)
    with pytest.raises(PinError, match="0 rises"):
        multiplexer.drive(2 * US, "STI", False)


def test_the_output_must_have_settled() -> None:
    multiplexer = Multiplexer("front end", 3)
    start(multiplexer)
    clock(multiplexer, 102 * US)
    assert multiplexer.sample(102 * US + 26) == 1
    clock(multiplexer, 103 * US)
    with pytest.raises(PinError, match="settling"):
        multiplexer.sample(103 * US + 25)


def test_it_knows_what_was_not_read() -> None:
    multiplexer = Multiplexer("front end", 2)
    assert not multiplexer.unread
    start(multiplexer)
    multiplexer.sample(101 * US)
    assert multiplexer.unread, "channel 1 is to come"
    clock(multiplexer, 102 * US)
    assert multiplexer.unread
    state = multiplexer.snapshot(102 * US + 30)
    multiplexer.sample(102 * US + 30)
    assert not multiplexer.unread
    multiplexer.restore(102 * US + 30, state)
    assert multiplexer.unread
