"""Who may use the panel's UART over the air."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from bumble import att, smp
from bumble.core import ProtocolError
from bumble.crypto import EccKey
from bumble.gatt import GATT_PRIMARY_SERVICE_ATTRIBUTE_TYPE
from bumble.hci import (
    HCI_AUTHENTICATION_FAILURE_ERROR,
    HCI_PIN_OR_KEY_MISSING_ERROR,
    HCI_Error,
    HCI_LE_Enable_Encryption_Command,
)
from fpxi_hwsim.bluetooth.bond import Bond, BondStore
from fpxi_hwsim.bluetooth.errors import KeysFileError
from fpxi_readout.links import bluetooth_profile as profile

HOST, SECOND_HOST = "F0:00:00:00:00:01", "F0:00:00:00:00:02"


async def read_text(host, uuid: str) -> str:
    return bytes(await host.characteristic(uuid).read_value()).decode()


async def refused(request) -> int:
    with pytest.raises(att.ATT_Error) as refusal:
        await request
    return refusal.value.error_code


def test_a_stranger_reads_who_the_panel_is_and_its_battery(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().connect()
        assert await read_text(host, profile.MANUFACTURER_NAME) == "fpxi"
        assert await read_text(host, profile.MODEL_NUMBER) == "tft64"
        assert await read_text(host, profile.SERIAL_NUMBER) == "TFT64-S00000001"
        assert await read_text(host, profile.FIRMWARE_REVISION) == "0.1.0"
        assert bytes(await host.characteristic(profile.BATTERY_LEVEL).read_value()) == b"\x57"
        air.battery.percent = 12
        assert bytes(await host.characteristic(profile.BATTERY_LEVEL).read_value()) == b"\x0c"

    on_air(scenario)


def test_nothing_of_the_uart_is_open_to_a_stranger(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().connect()
        wanted = att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR
        assert await refused(host.to_panel.write_value(b"x", with_response=True)) == wanted
        await host.to_panel.write_value(b"y", with_response=False)
        assert await refused(host.cccd.write_value(b"\1\0", with_response=True)) == wanted
        assert await refused(host.cccd.read_value()) == wanted
        for characteristic in (host.to_panel, host.to_host):
            assert await refused(characteristic.read_value()) == att.ATT_READ_NOT_PERMITTED_ERROR
        assert not air.board.has_received()
        assert air.module.counts.bytes_to_panel == 0
        assert air.module.counts.accesses_refused == 4

    on_air(scenario)


def test_a_stranger_finds_identity_and_battery_by_their_short_uuids(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().connect()
        for uuid in (profile.DEVICE_INFORMATION_SERVICE, profile.BATTERY_SERVICE):
            answer = await host.connection.gatt_client.send_request(
                att.ATT_Find_By_Type_Value_Request(
                    starting_handle=1,
                    ending_handle=0xFFFF,
                    attribute_type=GATT_PRIMARY_SERVICE_ATTRIBUTE_TYPE,
                    attribute_value=bytes.fromhex(uuid[4:8])[::-1],
                )
            )
            assert isinstance(answer, att.ATT_Find_By_Type_Value_Response)

    on_air(scenario)


def test_no_way_of_reading_tells_a_stranger_of_the_uart(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().connect()
        client = host.connection.gatt_client
        for handle in (host.to_panel.handle, host.to_host.handle, host.cccd.handle):
            kind = next(x.type for x in await client.discover_attributes() if x.handle == handle)
            for request in (
                att.ATT_Read_Blob_Request(attribute_handle=handle, value_offset=0),
                att.ATT_Read_By_Type_Request(
                    starting_handle=handle, ending_handle=handle, attribute_type=kind
                ),
            ):
                answer = await client.send_request(request)
                assert isinstance(answer, att.ATT_Error_Response), request
        handles = [host.to_host.handle, host.cccd.handle]
        client.send_gatt_pdu(bytes(att.ATT_Read_Multiple_Request(set_of_handles=handles)))
        assert await read_text(host, profile.MODEL_NUMBER) == "tft64"  # the answer to the next

    on_air(scenario)


def test_nobody_changes_what_the_panel_tells(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        for uuid in (profile.MODEL_NUMBER, profile.BATTERY_LEVEL):
            value = host.characteristic(uuid)
            error = await refused(value.write_value(b"mine", with_response=True))
            assert error == att.ATT_INSUFFICIENT_AUTHORIZATION_ERROR
            await value.write_value(b"mine", with_response=False)
        assert await read_text(host, profile.MODEL_NUMBER) == "tft64"
        for service in host.peer.services:
            service_value = host.peer.gatt_client.write_value(service.handle, b"12", True)
            assert await refused(service_value) == att.ATT_INSUFFICIENT_AUTHORIZATION_ERROR

    on_air(scenario)


def test_a_prepared_write_of_a_stranger_reaches_nothing(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().connect()
        client = host.connection.gatt_client
        handle = host.to_panel.handle
        await client.send_request(
            att.ATT_Prepare_Write_Request(
                attribute_handle=handle, value_offset=0, part_attribute_value=b"x"
            )
        )
        answer = await client.send_request(att.ATT_Execute_Write_Request(flags=1))
        assert answer.error_code == att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR
        assert not air.board.has_received()

    on_air(scenario)


def test_pairing_opens_the_uart_and_binds_the_panel(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().connect()
        await host.secure()
        await host.to_panel.write_value(b"hello", with_response=True)
        assert await air.board.receive(5) == b"hello"
        assert bytes(await host.cccd.read_value()) == b"\0\0"
        await host.subscribe()
        assert bytes(await host.cccd.read_value()) == b"\1\0"
        assert air.module.access.bond.address == f"{HOST}"
        assert air.module.access.pairings == 1

    on_air(scenario)


def test_the_host_comes_back_with_its_key(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        await host.connection.disconnect()
        await host.connect()
        error = await refused(host.to_panel.write_value(b"early", with_response=True))
        assert error == att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR
        await host.secure()
        await host.to_panel.write_value(b"again", with_response=True)
        assert await air.board.receive(5) == b"again"
        assert air.module.access.pairings == 1

    on_air(scenario)


@pytest.mark.parametrize("address", [HOST, SECOND_HOST])
def test_nobody_else_pairs_with_a_bound_panel(on_air, address: str) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        await host.connection.disconnect()
        other = await air.host(address).connect()  # without the key, at the same address as well
        for attempt in (1, 2):
            with pytest.raises(ProtocolError) as refusal:
                await other.connection.pair()
            assert refusal.value.error_code == smp.ErrorCode.PAIRING_NOT_SUPPORTED
            assert air.module.access.pairings_refused == attempt
        error = await refused(other.to_panel.write_value(b"x", with_response=True))
        assert error == att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR
        await other.connection.disconnect()
        await host.connect()
        await host.secure()
        await host.to_panel.write_value(b"mine", with_response=True)
        assert await air.board.receive(4) == b"mine"

    on_air(scenario)


def test_an_invented_key_ends_the_connection(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        key = air.module.access.bond.key
        await host.connection.disconnect()
        keys = await host.device.keystore.get(str(host.connection.peer_address))
        keys.ltk.value = bytes(byte ^ 1 for byte in key)
        await host.connect()
        securing = asyncio.ensure_future(host.secure())
        while not host.gone.done():
            await host.to_panel.write_value(b"x", with_response=False)
            await asyncio.sleep(0.005)
        with pytest.raises((HCI_Error, asyncio.CancelledError)):
            await securing
        assert not air.board.has_received()

    on_air(scenario)


def test_legacy_pairing_is_refused(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host(sc=False).connect()
        with pytest.raises(ProtocolError) as refusal:
            await host.connection.pair()
        assert refusal.value.error_code == smp.ErrorCode.AUTHENTICATION_REQUIREMENTS
        assert air.module.access.bond is None

    on_air(scenario)


def request(**changes: object) -> smp.SMP_Pairing_Request_Command:
    fields = {
        "io_capability": smp.IoCapability.NO_INPUT_NO_OUTPUT,
        "oob_data_flag": 0,
        "auth_req": smp.AuthReq.SC | smp.AuthReq.BONDING,
        "maximum_encryption_key_size": 16,
        "initiator_key_distribution": smp.KeyDistribution(0),
        "responder_key_distribution": smp.KeyDistribution(0),
    }
    return smp.SMP_Pairing_Request_Command(**{**fields, **changes})


KEY = EccKey.generate()
PUBLIC_KEY = smp.SMP_Pairing_Public_Key_Command(public_key_x=KEY.x[::-1], public_key_y=KEY.y[::-1])


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ([request(maximum_encryption_key_size=7)], smp.ErrorCode.ENCRYPTION_KEY_SIZE),
        ([request(auth_req=smp.AuthReq.SC)], smp.ErrorCode.AUTHENTICATION_REQUIREMENTS),
        ([PUBLIC_KEY], smp.ErrorCode.UNSPECIFIED_REASON),
        ([request(), request()], smp.ErrorCode.UNSPECIFIED_REASON),
    ],
    ids=["short key", "no bond", "no request", "two requests"],
)
def test_a_pairing_that_breaks_the_rules_is_refused(on_air, commands, reason) -> None:
    async def scenario(air) -> None:
        host = await air.host().connect()
        answers: asyncio.Queue[smp.SMP_Command] = asyncio.Queue()
        host.device.smp_manager.on_smp_pdu = lambda _, pdu: answers.put_nowait(
            smp.SMP_Command.from_bytes(pdu)
        )
        for command in commands:
            host.device.smp_manager.send_command(host.connection, command)
        answer = await answers.get()
        while not isinstance(answer, smp.SMP_Pairing_Failed_Command):
            answer = await answers.get()
        assert answer.reason == reason
        assert air.module.access.bond is None
        await host.connection.disconnect()
        await air.host(SECOND_HOST).ready()  # nothing is left of the attempt

    on_air(scenario)


def test_the_key_of_the_bond_is_not_given_to_a_legacy_encryption(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        key = air.module.access.bond.key
        await host.connection.disconnect()
        await host.connect()
        failure = asyncio.get_running_loop().create_future()
        host.connection.on("connection_encryption_failure", failure.set_result)
        await host.device.send_async_command(
            HCI_LE_Enable_Encryption_Command(
                connection_handle=host.connection.handle,
                random_number=b"\1" * 8,
                encrypted_diversifier=1,
                long_term_key=key,
            )
        )
        assert await failure == HCI_PIN_OR_KEY_MISSING_ERROR
        assert not air.module.access.secured(air.module.connection)

    on_air(scenario)


def test_notifications_are_asked_for_anew_on_each_connection(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        assert air.board.is_listened_to()
        await host.connection.disconnect()
        await host.connect()
        await host.secure()
        assert bytes(await host.cccd.read_value()) == b"\0\0"
        assert not air.board.is_listened_to()

    on_air(scenario)


def test_the_uart_notifies_and_does_not_indicate(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().connect()
        await host.secure()
        for value in (b"\2\0", b"\1", b"\1\0\0"):
            error = await refused(host.cccd.write_value(value, with_response=True))
            assert error == att.ErrorCode.VALUE_NOT_ALLOWED
        assert not air.board.is_listened_to()

    on_air(scenario)


def test_a_connection_that_nobody_secures_is_ended(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().connect()
        assert await host.gone == HCI_AUTHENTICATION_FAILURE_ERROR
        assert air.module.counts.ended_unsecured == 1
        await air.host(SECOND_HOST).connect()

    on_air(scenario, secure_within_s=1.0)


def test_a_secured_connection_is_left_alone(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        await asyncio.sleep(1.1)
        await host.to_panel.write_value(b"still", with_response=True)
        assert air.module.counts.ended_unsecured == 0

    on_air(scenario, secure_within_s=1.0)


def test_encryption_with_another_key_than_the_bonds_opens_nothing(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        air.module.access.forget()
        air.module.access.bind(Bond(SECOND_HOST, bytes(16)))
        assert host.connection.is_encrypted
        error = await refused(host.to_panel.write_value(b"x", with_response=True))
        assert error == att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR

    on_air(scenario)


def test_writes_that_wait_for_the_board_do_not_outlive_the_bond(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        while not air.module._writes_waiting:  # the board does not read
            await host.to_panel.write_value(b"a" * 500, with_response=False)
            await host.connection.drain()
        await host.to_panel.write_value(b"b" * 500, with_response=False)
        await host.connection.drain()
        await air.module.forget()
        for _ in range(100):
            air.board.has_received()
            await asyncio.sleep(0)
        assert not air.module._writes_waiting
        assert b"b" not in air.board.has_received()

    on_air(scenario)


def test_forgetting_ends_the_connection_and_lets_another_host_in(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        forgetting = asyncio.ensure_future(air.module.forget())
        await asyncio.sleep(0)
        assert not air.board.is_listened_to()  # before the host knows
        await forgetting
        assert await host.gone == HCI_AUTHENTICATION_FAILURE_ERROR
        second = await air.host(SECOND_HOST).ready()
        await second.to_panel.write_value(b"mine", with_response=True)
        assert await air.board.receive(4) == b"mine"
        await second.connection.disconnect()
        await host.connect()
        with pytest.raises((HCI_Error, ProtocolError, asyncio.CancelledError)):
            await host.secure()

    on_air(scenario)


def test_the_bond_survives_a_restart_in_its_file(on_air, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    host_keys = []

    async def first(air) -> None:
        host = await air.host().ready()
        host_keys.append(host.device.keystore)

    async def later(air) -> None:
        with pytest.raises(ProtocolError):
            await (await air.host(SECOND_HOST).connect()).connection.pair()
        await air.module.drop()
        host = air.host()
        host.device.keystore = host_keys[0]
        await host.ready()

    on_air(first, keys=keys)
    on_air(later, keys=keys)
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_a_bond_that_cannot_be_kept_is_no_bond(on_air, tmp_path: Path) -> None:
    folder = tmp_path / "taken away"
    folder.mkdir()

    async def scenario(air) -> None:
        folder.rmdir()
        host = await air.host().connect()
        await host.secure()
        with pytest.raises(KeysFileError, match="taken away"):
            await air.module.failed
        assert air.module.access.bond is None
        error = await refused(host.to_panel.write_value(b"x", with_response=True))
        assert error == att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR

    on_air(scenario, keys=folder / "keys.json")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"address": "a", "key": "xy"}', json.dumps({"address": "a", "key": "00"})],
)
def test_a_damaged_keys_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(KeysFileError, match=r"keys\.json"):
        BondStore(path)


def test_a_forgotten_bond_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    store = BondStore(path)
    store.bind(Bond(HOST, bytes(16)))
    assert BondStore(path).bond == Bond(HOST, bytes(16))
    store.forget()
    assert not path.exists()
    assert BondStore(path).bond is None
