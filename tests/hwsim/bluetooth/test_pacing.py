"""The pace of connections, on a loop whose clock the test sets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from bumble import ll
from bumble.hci import HCI_ErrorCode
from fpxi_hwsim.bluetooth.air_state import AirState
from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.link_end import LinkEnd
from fpxi_hwsim.bluetooth.link_layer import FIRST_ANCHOR_US, AirConnection
from fpxi_hwsim.bluetooth.pacing import LONGEST_LAG_S, PacedConnection

INTERVAL_S = 0.015
FULL = bytes(251)
BUFFERS = 8


class Host:
    """Keeps its controller's buffers full; has new data a turn of the loop after each report."""

    def __init__(self) -> None:
        self.end = LinkEnd(self)
        self.left: int | None = None
        self.received = 0

    def fill(self, count: int = BUFFERS) -> None:
        for _ in range(count):
            self.end.queue_data(FULL, is_start=True)

    def on_packets_acknowledged(self, count: int) -> None:
        asyncio.get_running_loop().call_soon(self.fill, count)

    def on_air_data(self, data: bytes, *, is_start: bool) -> None:
        self.received += 1

    def on_air_control(self, pdu: ll.ControlPdu) -> None:
        raise AssertionError(pdu)

    def on_air_left(self, reason: int) -> None:
        self.left = reason


class Pace:
    """A connection of 15 ms, 2M and 251 octets on a loop whose time stands still by itself."""

    def __init__(self, timeout_us: int) -> None:
        self.now_s = 1000.0
        asyncio.get_running_loop().time = lambda: self.now_s  # type: ignore[method-assign]
        self.central, self.peripheral = Host(), Host()
        self.state = AirState(RadioConditions())
        self.connection = AirConnection(
            self.central.end,
            self.peripheral.end,
            interval_us=15_000,
            timeout_us=timeout_us,
            state=self.state,
        )
        self.connection.phy = "2M"
        for host in (self.central, self.peripheral):
            host.end.tx_octets = 251
            host.end.encrypts = True
        self.over: list[PacedConnection] = []
        self.paced = PacedConnection(self.connection, self.over.append)

    @property
    def events(self) -> int:
        return self.state.statistics.events

    async def go_to(self, elapsed_s: float) -> None:
        """Set the clock, and let the loop do all that is due."""
        self.now_s = 1000.0 + FIRST_ANCHOR_US * 1e-6 + elapsed_s
        for _ in range(2000):
            await asyncio.sleep(0)


def on_a_set_clock(scenario: Callable[[Pace], Any], *, timeout_us: int = 2_000_000) -> None:
    async def run() -> None:
        pace = Pace(timeout_us)
        await scenario(pace)
        pace.paced.cancel()

    asyncio.run(run())


def test_there_is_one_event_an_interval() -> None:
    async def scenario(pace: Pace) -> None:
        await pace.go_to(-1e-4)
        assert pace.events == 0
        for number in range(5):
            await pace.go_to(number * INTERVAL_S + 1e-4)
            assert pace.events == number + 1

    on_a_set_clock(scenario)


def test_a_host_with_few_buffers_fills_the_event() -> None:
    async def scenario(pace: Pace) -> None:
        pace.peripheral.fill()
        await pace.go_to(1e-4)
        assert pace.central.received == 10
        await pace.go_to(1e-4 + INTERVAL_S)
        assert pace.central.received == 20

    on_a_set_clock(scenario)


def test_a_loop_that_was_late_catches_up_with_the_throughput() -> None:
    async def scenario(pace: Pace) -> None:
        pace.peripheral.fill()
        await pace.go_to(10 * INTERVAL_S + 1e-4)
        assert pace.events == 11
        assert pace.central.received == 110

    on_a_set_clock(scenario)


def test_a_loop_that_stood_still_neither_catches_up_nor_loses_the_connection() -> None:
    async def scenario(pace: Pace) -> None:
        await pace.go_to(1e-4)
        await pace.go_to(60.0)
        assert pace.events == 2
        await pace.go_to(60.0 + 3 * INTERVAL_S + 1e-4)
        assert pace.events == 5
        assert pace.central.left is None

    on_a_set_clock(scenario, timeout_us=100_000)


def test_no_longer_lag_is_caught_up_than_stated() -> None:
    async def scenario(pace: Pace) -> None:
        await pace.go_to(LONGEST_LAG_S - 1e-3)
        assert pace.events == 1 + int((LONGEST_LAG_S - 1e-3) / INTERVAL_S)

    on_a_set_clock(scenario)


def test_nothing_runs_once_a_connection_is_over() -> None:
    async def scenario(pace: Pace) -> None:
        await pace.go_to(1e-4)
        pace.state.conditions = RadioConditions(in_reach=False)
        for number in range(1, 20):
            await pace.go_to(number * INTERVAL_S + 1e-4)
        assert pace.central.left == pace.peripheral.left == HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        assert pace.over == [pace.paced]
        events = pace.events
        await pace.go_to(1.0)
        assert pace.events == events

    on_a_set_clock(scenario, timeout_us=100_000)


@pytest.mark.parametrize("elapsed_s", [0.1, 0.2])
def test_cancelling_ends_it_without_a_word(elapsed_s: float) -> None:
    async def scenario(pace: Pace) -> None:
        await pace.go_to(1e-4)
        pace.paced.cancel()
        await pace.go_to(elapsed_s)
        assert pace.events == 1
        assert pace.central.left is None

    on_a_set_clock(scenario)
