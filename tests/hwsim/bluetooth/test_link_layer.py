"""The link layer without a clock: events and PDUs are counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from bumble import ll
from bumble.hci import HCI_ErrorCode
from fpxi_hwsim.bluetooth.air_state import AirState
from fpxi_hwsim.bluetooth.air_time import limit_bytes_per_s, notification_pdus
from fpxi_hwsim.bluetooth.conditions import PhyName, RadioConditions
from fpxi_hwsim.bluetooth.link_end import LinkEnd
from fpxi_hwsim.bluetooth.link_layer import EVENTS_TO_INSTANT, AirConnection
from fpxi_hwsim.bluetooth.statistics import RadioStatistics

REMOTE_USER = 0x13


@dataclass
class Side:
    """What one end gave to its controller."""

    data: list[bytes] = field(default_factory=list)
    starts: list[bool] = field(default_factory=list)
    controls: list[ll.ControlPdu] = field(default_factory=list)
    acknowledged: int = 0
    left: int | None = None

    def __post_init__(self) -> None:
        self.end = LinkEnd(self)

    def on_air_data(self, data: bytes, *, is_start: bool) -> None:
        self.data.append(data)
        self.starts.append(is_start)

    def on_air_control(self, pdu: ll.ControlPdu) -> None:
        self.controls.append(pdu)

    def on_packets_acknowledged(self, count: int) -> None:
        self.acknowledged += count

    def on_air_left(self, reason: int) -> None:
        assert self.left is None
        self.left = reason


class Pair:
    """A connection, by default of 15 ms, 2M, 251 octets and encrypted."""

    def __init__(
        self,
        conditions: RadioConditions | None = None,
        *,
        timeout_us: int = 150_000,
        encrypted: bool = True,
    ) -> None:
        conditions = conditions or RadioConditions()
        self.central, self.peripheral = Side(), Side()
        self.state = AirState(conditions)
        self.statistics = self.state.statistics
        self.air = AirConnection(
            self.central.end,
            self.peripheral.end,
            interval_us=round(conditions.interval_ms * 1000),
            timeout_us=timeout_us,
            state=self.state,
        )
        self.air.phy = conditions.phy
        for side in (self.central, self.peripheral):
            side.end.tx_octets = conditions.data_length
            side.end.encrypts = encrypted

    def event(self, refill: Callable[[], None] = lambda: None) -> None:
        """Run one event; `refill` stands for the hosts."""
        self.air.begin_event()
        refill()
        while self.air.exchange():
            refill()
        self.air.end_event()


def test_an_idle_connection_exchanges_one_pair_of_empty_pdus_an_event() -> None:
    pair = Pair()
    for _ in range(10):
        pair.event()
    assert pair.statistics == RadioStatistics(events=10, pdus=20, empty_pdus=20)


def test_ten_full_pdus_fit_15_ms_on_2m() -> None:
    pair = Pair()
    for _ in range(30):
        pair.peripheral.end.queue_data(bytes(251), is_start=True)
    pair.event()
    assert len(pair.central.data) == 10
    pair.event()
    assert len(pair.central.data) == 20


def test_both_directions_share_the_air() -> None:
    pair = Pair()
    for _ in range(30):
        pair.peripheral.end.queue_data(bytes(251), is_start=True)
        pair.central.end.queue_data(bytes(251), is_start=True)
    pair.event()
    # 2 x (1064 + 150) us an exchange
    assert (len(pair.central.data), len(pair.peripheral.data)) == (6, 6)


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("phy", ["1M", "2M"])
@pytest.mark.parametrize("interval_ms", [7.5, 15.0, 30.0])
@pytest.mark.parametrize(("data_length", "payload"), [(251, 244), (251, 20), (27, 244), (100, 90)])
def test_a_saturated_peripheral_reaches_the_limit_and_no_more(
    interval_ms: float, phy: PhyName, data_length: int, payload: int, encrypted: bool
) -> None:
    conditions = RadioConditions(interval_ms=interval_ms, phy=phy, data_length=data_length)
    pair = Pair(conditions, encrypted=encrypted)
    queued = 0

    def refill() -> None:
        nonlocal queued
        while queued < len(pair.central.data) + 40:
            pair.peripheral.end.queue_data(bytes(payload + 7), is_start=True)
            queued += len(notification_pdus(payload, data_length))

    events = 60
    for _ in range(events):
        pair.event(refill)
    notifications = len(pair.central.data) / len(notification_pdus(payload, data_length))
    limit = limit_bytes_per_s(conditions, payload, encrypted=encrypted)
    assert notifications * payload / (events * interval_ms * 1e-3) == pytest.approx(
        limit, rel=1.5 / notifications
    )


@pytest.mark.parametrize("errors", [0.0, 0.1, 0.5])
def test_nothing_is_lost_doubled_or_reordered_whatever_the_errors(errors: float) -> None:
    pair = Pair(RadioConditions(packet_errors=errors, data_length=100), timeout_us=32_000_000)
    generator = random.Random(3)
    packets = [generator.randbytes(generator.randint(1, 251)) for _ in range(200)]
    for packet in packets:
        pair.central.end.queue_data(packet, is_start=True)
        pair.peripheral.end.queue_data(packet[::-1], is_start=True)
    while min(pair.central.acknowledged, pair.peripheral.acknowledged) < len(packets):
        pair.event()
    assert b"".join(pair.peripheral.data) == b"".join(packets)
    assert b"".join(pair.central.data) == b"".join(packet[::-1] for packet in packets)
    assert sum(pair.central.starts) == len(packets)
    assert pair.central.acknowledged == pair.peripheral.acknowledged == len(packets)
    total = sum(map(len, packets))
    assert pair.statistics.bytes_to_central == pair.statistics.bytes_to_peripheral == total
    assert (pair.statistics.retransmissions > 0) == (pair.statistics.errors > 0) == (errors > 0)


def test_the_second_wrong_crc_in_a_row_closes_an_event() -> None:
    pair = Pair(RadioConditions(packet_errors=1.0))
    for number in range(1, 4):
        pair.event()
        # to the peripheral, back, and to the peripheral, which closes
        assert pair.statistics.pdus == pair.statistics.errors == 3 * number


def test_a_spoilt_pdu_is_sent_again_in_the_same_event() -> None:
    pair = Pair()
    spoilt = iter([True])
    pair.state.spoils = lambda: next(spoilt, False)  # type: ignore[method-assign]
    pair.central.end.queue_data(bytes(10), is_start=True)
    pair.event()
    assert pair.peripheral.data == [bytes(10)]
    assert pair.central.acknowledged == 1
    assert (pair.statistics.pdus, pair.statistics.retransmissions) == (4, 1)


def test_a_pdu_that_does_not_arrive_is_not_answered() -> None:
    pair = Pair(RadioConditions(in_reach=False))
    pair.central.end.queue_data(bytes(10), is_start=True)
    pair.event()
    pair.event()
    assert (pair.statistics.pdus, pair.statistics.missed) == (2, 2)
    assert pair.statistics.retransmissions == 1
    assert pair.peripheral.data == []


def test_a_packet_is_acknowledged_by_the_peers_next_pdu() -> None:
    pair = Pair()
    pair.peripheral.end.queue_data(bytes(251), is_start=True)
    pair.event()
    assert len(pair.central.data) == 1
    assert pair.peripheral.acknowledged == 0
    pair.event()
    assert pair.peripheral.acknowledged == 1


def test_a_fragmented_packet_is_acknowledged_once() -> None:
    pair = Pair(RadioConditions(data_length=27))
    pair.central.end.queue_data(bytes(range(100)), is_start=True)
    pair.event()
    assert [len(data) for data in pair.peripheral.data] == [27, 27, 27, 19]
    assert pair.peripheral.starts == [True, False, False, False]
    assert pair.central.acknowledged == 1


def test_out_of_reach_both_ends_leave_by_their_own_clock() -> None:
    pair = Pair(timeout_us=150_000)
    pair.event()
    pair.state.conditions = RadioConditions(in_reach=False)
    for _ in range(10):
        assert pair.central.left is pair.peripheral.left is None
        pair.event()
    assert pair.central.left == pair.peripheral.left is None
    pair.event()
    assert pair.central.left == pair.peripheral.left == HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
    assert pair.air.is_over
    assert pair.statistics.supervision_timeouts == 2


def test_an_end_whose_peer_vanished_times_out_alone() -> None:
    pair = Pair(timeout_us=100_000)
    pair.event()
    pair.central.end.vanish()
    while not pair.air.is_over:
        pair.event()
    assert pair.central.left is None
    assert pair.peripheral.left == HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR


def test_a_peer_that_was_never_heard_is_given_up_after_six_intervals() -> None:
    pair = Pair(RadioConditions(in_reach=False), timeout_us=32_000_000)
    while not pair.air.is_over:
        pair.event()
    assert pair.air.event_count == 6 + 1
    assert pair.central.left == HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR


@pytest.mark.parametrize("from_central", [True, False])
@pytest.mark.parametrize("errors", [0.0, 0.3])
def test_a_termination_follows_the_data_before_it(from_central: bool, errors: float) -> None:
    pair = Pair(RadioConditions(packet_errors=errors), timeout_us=300_000)
    sides = (pair.central, pair.peripheral)
    one, other = sides if from_central else sides[::-1]
    for _ in range(20):
        one.end.queue_data(bytes(251), is_start=True)
    one.end.terminate(REMOTE_USER, HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR)
    one.end.queue_data(bytes(251), is_start=True)
    while not pair.air.is_over:
        pair.event()
    assert len(other.data) == 20
    assert other.left == REMOTE_USER
    assert one.left == HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR


def test_a_termination_that_nobody_hears_ends_with_the_supervision_time_out() -> None:
    pair = Pair()
    pair.event()
    pair.state.conditions = RadioConditions(in_reach=False)
    pair.central.end.terminate(REMOTE_USER, 0x16)
    while not pair.air.is_over:
        pair.event()
    assert pair.central.left == 0x16
    assert pair.peripheral.left == HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR


def test_control_pdus_take_their_turn_among_data() -> None:
    pair = Pair()
    seen: list[object] = []
    pair.peripheral.on_air_data = lambda data, is_start: seen.append(data)  # type: ignore[method-assign]
    pair.peripheral.on_air_control = seen.append  # type: ignore[method-assign]
    request = ll.FeatureReq(bytes(8))
    pair.central.end.queue_data(b"before", is_start=True)
    pair.central.end.queue_control(request)
    pair.central.end.queue_data(b"after", is_start=True)
    pair.event()
    assert seen == [b"before", request, b"after"]
    assert pair.statistics.pdus == 6


def test_an_update_acts_at_its_instant() -> None:
    pair = Pair()
    pair.event()
    acted_at: list[int] = []
    pair.air.at_instant(lambda: acted_at.append(pair.air.event_count))
    for _ in range(10):
        pair.event()
    assert acted_at == [1 + EVENTS_TO_INSTANT]
