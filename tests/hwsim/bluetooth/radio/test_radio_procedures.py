"""What hosts negotiate on a connection: parameters, PHY, data length, encryption."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from bumble import hci
from bumble.hci import HCI_ErrorCode
from fpxi_hwsim.bluetooth.conditions import RadioConditions

Bench = Any
RunOnBench = Callable[..., None]
UPDATED = "connection_parameters_update"


@pytest.mark.parametrize("way", ["central", "peripheral", "peripheral through L2CAP"])
def test_a_connection_update_reaches_both_sides(run_on_bench: RunOnBench, way: str) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, at_peripheral = sides = await bench.connect()
        updates = [bench.next_event(side, UPDATED) for side in sides]
        asking = at_central if way == "central" else at_peripheral
        await asking.update_parameters(15, 15, 0, 500, use_l2cap=way.endswith("L2CAP"))
        await asyncio.gather(*updates)
        for side in sides:
            assert side.parameters.connection_interval == 15
            assert side.parameters.supervision_timeout == 500
        (air,) = bench.radio.connections
        assert (air.interval_us, air.timeout_us) == (15_000, 500_000)

    run_on_bench(scenario)


def test_a_central_host_can_refuse_an_update(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        _, at_peripheral = await bench.connect()
        host = bench.central.host

        def refuse(event: Any) -> None:
            command = hci.HCI_LE_Remote_Connection_Parameter_Request_Negative_Reply_Command(
                connection_handle=event.connection_handle,
                reason=HCI_ErrorCode.UNACCEPTABLE_CONNECTION_PARAMETERS_ERROR,
            )
            host.controller.on_packet(bytes(command))

        host.on_hci_le_remote_connection_parameter_request_event = refuse
        with pytest.raises(hci.HCI_Error) as caught:
            await at_peripheral.update_parameters(15, 15, 0, 500)
        assert caught.value.error_code == HCI_ErrorCode.UNACCEPTABLE_CONNECTION_PARAMETERS_ERROR
        assert bench.radio.connections[0].interval_us == 7500

    run_on_bench(scenario)


@pytest.mark.parametrize(
    ("interval_ms", "latency", "supervision_ms"), [(5, 0, 500), (15, 500, 32000), (100, 0, 200)]
)
def test_impossible_parameters_are_refused(
    run_on_bench: RunOnBench, interval_ms: float, latency: int, supervision_ms: int
) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, _ = await bench.connect()
        with pytest.raises(hci.HCI_Error) as caught:
            await at_central.update_parameters(interval_ms, interval_ms, latency, supervision_ms)
        assert caught.value.error_code == HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR

    run_on_bench(scenario)


@pytest.mark.parametrize("by_central", [True, False])
def test_both_sides_change_to_2m(run_on_bench: RunOnBench, by_central: bool) -> None:
    async def scenario(bench: Bench) -> None:
        sides = await bench.connect()
        assert (await sides[0].get_phy()).tx_phy == hci.Phy.LE_1M
        changes = [bench.next_event(side, "connection_phy_update") for side in sides]
        await sides[0 if by_central else 1].set_phy([hci.Phy.LE_2M], [hci.Phy.LE_2M])
        for phy in await asyncio.gather(*changes):
            assert (phy.tx_phy, phy.rx_phy) == (hci.Phy.LE_2M, hci.Phy.LE_2M)
        assert bench.radio.connections[0].phy == "2M"
        assert (await sides[1].get_phy()).rx_phy == hci.Phy.LE_2M

    run_on_bench(scenario)


@pytest.mark.parametrize("by_central", [True, False])
def test_a_host_that_asks_for_the_phy_in_force_hears_of_it_alone(
    run_on_bench: RunOnBench, by_central: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        sides = await bench.connect()
        one, other = sides if by_central else sides[::-1]
        changes = [bench.next_event(side, "connection_phy_update") for side in (one, other)]
        await one.set_phy([hci.Phy.LE_1M], [hci.Phy.LE_1M])
        phy: Any = await changes[0]
        assert phy.tx_phy == hci.Phy.LE_1M
        assert not changes[1].done()

    run_on_bench(scenario)


def test_an_old_adapter_refuses_2m_and_does_not_claim_it(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        assert not bench.central.supports_le_phy(hci.Phy.LE_2M)
        for side in await bench.connect():
            with pytest.raises(hci.HCI_Error) as caught:
                await side.set_phy([hci.Phy.LE_2M], [hci.Phy.LE_2M])
            assert (
                caught.value.error_code
                == HCI_ErrorCode.UNSUPPORTED_FEATURE_OR_PARAMETER_VALUE_ERROR
            )
        assert bench.radio.connections[0].phy == "1M"

    run_on_bench(scenario, RadioConditions(phy="1M"))


@pytest.mark.parametrize("by_central", [True, False])
@pytest.mark.parametrize(("most", "octets"), [(251, 251), (100, 100)])
def test_data_length_is_the_least_of_wish_and_adapters(
    run_on_bench: RunOnBench, by_central: bool, most: int, octets: int
) -> None:
    async def scenario(bench: Bench) -> None:
        sides = await bench.connect()
        changes = [bench.next_event(side, "connection_data_length_change") for side in sides]
        await sides[0 if by_central else 1].set_data_length(251, 2120)
        await asyncio.gather(*changes)
        for side in sides:
            assert side.data_length.max_tx_octets == octets
            assert side.data_length.max_rx_octets == octets
        (air,) = bench.radio.connections
        assert (air.central.tx_octets, air.peripheral.tx_octets) == (octets, octets)

    run_on_bench(scenario, RadioConditions(data_length=most))


def test_a_data_length_out_of_range_is_refused(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, _ = await bench.connect()
        for octets in (26, 252):
            with pytest.raises(hci.HCI_Error) as caught:
                await bench.central.send_sync_command(
                    hci.HCI_LE_Set_Data_Length_Command(at_central.handle, octets, 2120)
                )
            assert caught.value.error_code == HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR

    run_on_bench(scenario)


def test_an_adapter_tells_its_longest_data_pdus(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        longest = await bench.central.send_sync_command(
            hci.HCI_LE_Read_Maximum_Data_Length_Command()
        )
        assert (longest.supported_max_tx_octets, longest.supported_max_rx_octets) == (100, 100)
        assert longest.supported_max_tx_time == 912  # on 1M, with a MIC

    run_on_bench(scenario, RadioConditions(data_length=100))


@pytest.mark.parametrize(
    "command",
    [
        hci.HCI_Read_RSSI_Command(handle=9),
        hci.HCI_LE_Read_PHY_Command(connection_handle=9),
        hci.HCI_LE_Set_Data_Length_Command(9, 251, 2120),
        hci.HCI_LE_Set_PHY_Command(9, 0, 2, 2, 0),
        hci.HCI_LE_Connection_Update_Command(9, 12, 12, 0, 100, 0, 0),
        hci.HCI_Disconnect_Command(connection_handle=9, reason=0x13),
    ],
    ids=lambda command: command.name,
)
def test_commands_for_a_connection_that_is_not_there_are_refused(
    run_on_bench: RunOnBench, command: Any
) -> None:
    async def scenario(bench: Bench) -> None:
        send = (
            bench.central.send_sync_command
            if isinstance(command, hci.HCI_SyncCommand)
            else bench.central.send_async_command
        )
        with pytest.raises(hci.HCI_Error) as caught:
            await send(command)
        assert caught.value.error_code == HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR

    run_on_bench(scenario)


def test_signal_strength_can_be_read_from_both_sides(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        for side in await bench.connect():
            assert await side.get_rssi() == -83

    run_on_bench(scenario, RadioConditions(rssi_dBm=-83))


@pytest.mark.parametrize("errors", [0.0, 0.1])
def test_pairing_encrypts_both_directions_and_a_bond_does_again(
    run_on_bench: RunOnBench, errors: float
) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, at_peripheral = await bench.connect(supervision_ms=5000)
        await at_central.pair()
        assert at_central.is_encrypted
        assert at_peripheral.is_encrypted
        assert at_peripheral.sc
        (air,) = bench.radio.connections
        assert air.central.encrypts
        assert air.peripheral.encrypts
        ends = [bench.ended(side) for side in (at_central, at_peripheral)]
        await at_central.disconnect()
        await asyncio.gather(*ends)
        at_central, at_peripheral = await bench.connect(supervision_ms=5000)
        assert not bench.radio.connections[0].peripheral.encrypts
        await at_central.encrypt()
        assert at_central.is_encrypted
        assert at_peripheral.is_encrypted

    run_on_bench(scenario, RadioConditions(packet_errors=errors))


def test_a_peer_that_has_lost_its_key_refuses_encryption_and_stays(
    run_on_bench: RunOnBench,
) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, at_peripheral = await bench.connect()
        await at_central.pair()
        ends = [bench.ended(side) for side in (at_central, at_peripheral)]
        await at_central.disconnect()
        await asyncio.gather(*ends)
        await bench.peripheral.keystore.delete_all()
        at_central, at_peripheral = await bench.connect()
        with pytest.raises(hci.HCI_Error) as caught:
            await at_central.encrypt()
        assert caught.value.error_code == HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR
        assert not at_central.is_encrypted
        assert not bench.radio.connections[0].peripheral.encrypts
        assert await at_central.get_rssi() == -60

    run_on_bench(scenario)


def test_different_keys_end_the_connection(run_on_bench: RunOnBench) -> None:
    async def scenario(bench: Bench) -> None:
        at_central, at_peripheral = await bench.connect()
        await at_central.pair()
        ends = [bench.ended(side) for side in (at_central, at_peripheral)]
        await at_central.disconnect()
        await asyncio.gather(*ends)
        keys = await bench.central.keystore.get(str(bench.peripheral.random_address))
        keys.ltk.value = bytes(16)
        sides = await bench.connect()
        ends = [bench.ended(side) for side in sides]
        with pytest.raises(asyncio.CancelledError, match="disconnection"):
            await sides[0].encrypt()
        reason = HCI_ErrorCode.CONNECTION_TERMINATED_DUE_TO_MIC_FAILURE_ERROR
        assert await asyncio.gather(*ends) == [reason, reason]

    run_on_bench(scenario)
