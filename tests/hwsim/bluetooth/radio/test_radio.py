"""Two and more hosts on one radio: what advertises, connects, flows and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from bumble import hci
from bumble.core import TimeoutError as BumbleTimeoutError
from bumble.device import Device, Peer
from bumble.hci import HCI_ErrorCode
from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.controller import HOST_BUFFERS

Bench = Any
RunOnBench = Callable[..., None]
FAR_AWAY = RadioConditions(in_reach=False)


async def subscribed(bench: Bench, connection: Any, *, mtu: int = 247) -> list[bytes]:
    """Return the list to which notifications of the stream will be appended."""
    peer = Peer(connection)
    await peer.request_mtu(mtu)
    await peer.discover_services()
    for service in peer.services:
        await service.discover_characteristics()
    stream = peer.get_characteristics_by_uuid(bench.stream.uuid)[0]
    received: list[bytes] = []
    await stream.subscribe(received.append)
    return received


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop go on until something holds; the bench's patience limits it."""
    while not condition():
        await asyncio.sleep(0.001)


def silent(bench: Bench, *devices: Device) -> bool:
    """Whether nothing of a connection is left, in the air or at any side."""
    return not bench.radio.connections and not any(
        device.connections or device.host.connections or device.host.controller.le_connections
        for device in devices
    )


def test_each_advertisement_is_reported_once_with_the_signal_strength(
    run_on_bench: RunOnBench,
) -> None:
    async def scenario(bench: Bench) -> None:
        reports: list[Any] = []
        bench.central.host.on("advertising_report", reports.append)
        sent = 0
        send = bench.radio.send_advertising_pdu

        def count(*arguments: Any) -> None:
            nonlocal sent
            sent += 1
            send(*arguments)

        own_reports: list[Any] = []
        bench.peripheral.host.on("advertising_report", own_reports.append)
        await bench.peripheral.start_scanning()
        await bench.central.start_scanning()
        bench.radio.send_advertising_pdu = count
        await until(lambda: sent == 5)
        await asyncio.sleep(0)
        await until(lambda: len(reports) >= sent)
        assert len(reports) == sent
        assert own_reports == []
        assert {report.rssi for report in reports} == {-71}
        assert {report.data for report in reports} == {b"\x08\x09FPXI-64"}

    run_on_bench(scenario, RadioConditions(rssi_dBm=-71))


def test_what_is_out_of_reach_is_not_heard(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        reports: list[Any] = []
        bench.central.host.on("advertising_report", reports.append)
        await bench.central.start_scanning()
        await asyncio.sleep(0.05)
        assert reports == []
        bench.radio.conditions = RadioConditions()
        await until(lambda: bool(reports))

    run_on_bench(scenario, FAR_AWAY)


def test_more_than_a_legacy_advertisement_holds_is_refused(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.peripheral.stop_advertising()
        with pytest.raises(hci.HCI_Error):
            await bench.peripheral.start_advertising(advertising_data=bytes(32))

    run_on_bench(scenario)


def test_both_sides_know_the_same_parameters(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, at_peripheral = await bench.connect(supervision_ms=500)
        assert at_central.parameters == at_peripheral.parameters
        assert at_peripheral.parameters.connection_interval == 7.5
        assert at_peripheral.parameters.supervision_timeout == 500
        assert bench.radio.statistics.connections == 1

    run_on_bench(scenario)


@pytest.mark.parametrize("by_central", [True, False])
def test_a_disconnection_leaves_nothing_behind(run_on_bench: RunOnBench, by_central: bool) -> None:
    async def scenario(bench: Bench) -> None:
        sides = await bench.connect()
        one, other = sides if by_central else sides[::-1]
        ends = [bench.ended(one), bench.ended(other)]
        await one.disconnect()
        assert await asyncio.gather(*ends) == [
            HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR,
            HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR,
        ]
        await until(lambda: silent(bench, bench.central, bench.peripheral))
        events = bench.radio.statistics.events
        await asyncio.sleep(0.03)
        assert bench.radio.statistics.events == events
        await bench.connect()

    run_on_bench(scenario)


def test_out_of_reach_both_sides_learn_of_the_supervision_time_out(
    run_on_bench: RunOnBench,
) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, at_peripheral = await bench.connect(supervision_ms=100)
        ends = [bench.ended(at_central), bench.ended(at_peripheral)]
        await until(lambda: bench.radio.statistics.events > 2)
        bench.radio.conditions = FAR_AWAY
        assert await asyncio.gather(*ends) == [HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR] * 2
        assert bench.radio.statistics.supervision_timeouts == 2
        assert silent(bench, bench.central, bench.peripheral)
        bench.radio.conditions = RadioConditions()
        await bench.connect()

    run_on_bench(scenario)


@pytest.mark.parametrize("extended", [False, True])
def test_a_connect_that_times_out_leaves_nothing_behind(
    run_on_bench: RunOnBench, extended: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        if extended:
            bench.central.host.local_supported_commands |= hci.HCI_SUPPORTED_COMMANDS_MASKS[
                hci.HCI_LE_EXTENDED_CREATE_CONNECTION_COMMAND
            ]
        for _ in range(2):
            with pytest.raises(BumbleTimeoutError):
                await bench.central.connect(bench.peripheral.random_address, timeout=0.03)
        assert bench.central.host.controller.pending_le_connection is None
        assert silent(bench, bench.central, bench.peripheral)
        bench.radio.conditions = RadioConditions()
        await bench.connect()

    run_on_bench(scenario, FAR_AWAY)


def test_a_cancel_without_a_connect_is_disallowed(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(hci.HCI_Error) as caught:
            await bench.central.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
        assert caught.value.error_code == HCI_ErrorCode.COMMAND_DISALLOWED_ERROR

    run_on_bench(scenario)


def test_a_connection_with_impossible_parameters_is_refused(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(hci.HCI_Error) as caught:
            await bench.connect(supervision_ms=50)
        assert caught.value.error_code == HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR

    run_on_bench(scenario)


def test_the_same_peer_is_not_connected_twice(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.connect()
        with pytest.raises(hci.HCI_Error) as caught:
            await bench.central.connect(bench.peripheral.random_address)
        assert caught.value.error_code == HCI_ErrorCode.CONNECTION_ALREADY_EXISTS_ERROR

    run_on_bench(scenario)


@pytest.mark.parametrize("errors", [0.0, 0.2])
def test_notifications_arrive_complete_and_in_order(
    run_on_bench: RunOnBench, errors: float
) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, at_peripheral = await bench.connect(supervision_ms=5000)
        received = await subscribed(bench, at_central)
        await at_peripheral.set_data_length(251, 2120)
        sent = [number.to_bytes(4, "little") * 61 for number in range(60)]
        for value in sent:
            await bench.peripheral.notify_subscriber(at_peripheral, bench.stream, value)
        await until(lambda: len(received) == len(sent))
        assert received == sent
        assert (bench.radio.statistics.retransmissions > 0) == (errors > 0)

    run_on_bench(scenario, RadioConditions(packet_errors=errors))


def test_a_host_that_waits_for_buffers_fills_the_events(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, at_peripheral = await bench.connect(supervision_ms=10000)
        received = await subscribed(bench, at_central)
        change = bench.next_event(at_central, "connection_phy_update")
        await at_peripheral.set_phy([hci.Phy.LE_2M], [hci.Phy.LE_2M])
        await at_peripheral.set_data_length(251, 2120)
        await change
        queue = bench.peripheral.host.le_acl_packet_queue
        flow = asyncio.Event()
        queue.on("flow", flow.set)
        events = bench.radio.statistics.events
        while len(received) < 200:
            while queue.pending < 2 * HOST_BUFFERS:
                await bench.peripheral.notify_subscriber(at_peripheral, bench.stream, bytes(244))
            flow.clear()
            await flow.wait()
        events = bench.radio.statistics.events - events
        assert 0.95 * 5 <= len(received) / events <= 5  # in 7.5 ms on 2M, see the air times

    run_on_bench(scenario)


def test_a_host_has_to_wait_for_buffers_until_the_peer_has_acknowledged(
    run_on_bench: RunOnBench,
) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, at_peripheral = await bench.connect(supervision_ms=10000)
        received = await subscribed(bench, at_central)
        queue = bench.peripheral.host.le_acl_packet_queue
        await until(lambda: queue.pending == 0)
        taken = queue.completed
        bench.radio.conditions = FAR_AWAY
        for _ in range(30):
            await bench.peripheral.notify_subscriber(at_peripheral, bench.stream, bytes(244))
        missed = bench.radio.statistics.missed
        await until(lambda: bench.radio.statistics.missed > missed + 5)
        assert queue.completed == taken
        assert queue.pending == 30
        assert queue._in_flight == HOST_BUFFERS
        bench.radio.conditions = RadioConditions()
        await until(lambda: queue.pending == 0)
        assert len(received) == 30

    run_on_bench(scenario)


def test_a_stranger_is_connected_beside_the_host(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        stranger = await bench.device("E1:E2:E3:E4:E5:E6")
        of_host, host_at_peripheral = await bench.connect()
        await bench.peripheral.stop_advertising()
        await bench.advertise()
        of_stranger, stranger_at_peripheral = await bench.connect(stranger)
        for_host = await subscribed(bench, of_host)
        for_stranger = await subscribed(bench, of_stranger)
        for number in range(20):
            value = bytes([number])
            await bench.peripheral.notify_subscriber(host_at_peripheral, bench.stream, b"h" + value)
            await bench.peripheral.notify_subscriber(
                stranger_at_peripheral, bench.stream, b"s" + value
            )
        await until(lambda: len(for_host) == len(for_stranger) == 20)
        assert for_host == [b"h" + bytes([number]) for number in range(20)]
        assert for_stranger == [b"s" + bytes([number]) for number in range(20)]
        await of_stranger.disconnect()
        assert len(bench.central.connections) == 1

    run_on_bench(scenario)


def test_a_host_that_comes_back_waits_until_the_peer_has_noticed_the_loss(
    run_on_bench: RunOnBench,
) -> None:
    async def scenario(bench: Bench) -> None:
        _, at_peripheral = await bench.connect(supervision_ms=100)
        lost = bench.ended(at_peripheral)
        bench.central.host.controller.vanish()
        same_again = await bench.device(bench.central.random_address.to_string(False))
        await bench.peripheral.stop_advertising()
        await bench.advertise()
        _, at_peripheral = await bench.connect(same_again)
        assert lost.done()
        assert list(bench.peripheral.connections.values()) == [at_peripheral]

    run_on_bench(scenario)


def test_a_reset_forgets_everything(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        _, at_peripheral = await bench.connect(supervision_ms=100)
        reason = bench.ended(at_peripheral)
        await bench.central.host.send_sync_command(hci.HCI_Reset_Command())
        assert not bench.central.host.controller.le_connections
        assert await reason in (
            HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR,
            HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR,
        )
        assert not bench.radio.connections

    run_on_bench(scenario)


def test_the_seed_decides_which_pdus_are_spoilt(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        state = bench.radio._state

        def draw() -> list[bool]:
            return [state.spoils() for _ in range(100)]

        first = draw()
        bench.radio.conditions = replace(bench.radio.conditions, rssi_dBm=-70)
        assert draw() != first
        bench.radio.conditions = replace(bench.radio.conditions, radio_seed=2)
        bench.radio.conditions = replace(bench.radio.conditions, radio_seed=1)
        assert draw() == first

    run_on_bench(scenario, RadioConditions(packet_errors=0.5, in_reach=False))
