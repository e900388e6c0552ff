"""Bytes through the module, both ways, and hosts that stall, leave and come back."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from bumble import att
from bumble.hci import HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR, Phy
from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.medium import BUFFER_BYTES
from fpxi_hwsim.bluetooth.module import WAITING_WRITES_BYTES

DATA = random.Random(1).randbytes(30_000)


def pieces(data: bytes, sizes: random.Random) -> list[bytes]:
    cut = []
    while data:
        size = sizes.randint(1, 900)
        cut.append(data[:size])
        data = data[size:]
    return cut


@pytest.mark.parametrize("packet_errors", [0.0, 0.1])
def test_bytes_reach_the_host_whole_and_in_order(on_air, packet_errors: float) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        air.radio.conditions = replace(air.radio.conditions, packet_errors=packet_errors)
        for piece in pieces(DATA, random.Random(2)):
            await air.board.send(piece)
        assert await host.receive(len(DATA)) == DATA
        assert max(host.notified) == 495  # two full packets of the link layer
        assert air.module.counts.bytes_to_host == len(DATA)

    on_air(scenario)


@pytest.mark.parametrize(("mtu", "longest"), [(23, 20), (185, 182), (255, 244), (517, 495)])
def test_no_notification_is_longer_than_the_host_takes(on_air, mtu: int, longest: int) -> None:
    async def scenario(air) -> None:
        host = await air.host().connect(mtu=mtu)
        await host.secure()
        await host.subscribe()
        await air.board.send(DATA[:4000])
        assert await host.receive(4000) == DATA[:4000]
        assert max(host.notified) == longest

    on_air(scenario)


@pytest.mark.parametrize("with_response", [True, False])
def test_writes_of_any_size_reach_the_board_in_order(on_air, with_response: bool) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        whole = DATA[:6000]
        rest, sizes = whole, random.Random(3)
        receiving = asyncio.ensure_future(air.board.receive(len(whole)))
        while rest:
            size = sizes.choice([1, 20, 244, 500])
            await host.to_panel.write_value(rest[:size], with_response=with_response)
            rest = rest[size:]
        assert await receiving == whole

    on_air(scenario)


def test_a_stalled_host_loses_nothing_and_keeps_little(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        air.radio.conditions = replace(air.radio.conditions, in_reach=False)
        sending = asyncio.ensure_future(air.board.send(DATA))
        await asyncio.sleep(0.5)
        assert not sending.done()
        kept = BUFFER_BYTES * 2 + 12 * 495
        assert air.module.counts.bytes_to_host < kept  # the rest waits in the board
        air.radio.conditions = replace(air.radio.conditions, in_reach=True)
        assert await host.receive(len(DATA)) == DATA
        await sending

    on_air(scenario)


async def write_until_refused(air, host) -> int:
    """Return how many bytes were written, the refused ones too, when a request is refused."""
    written = 0
    while not air.module.counts.bytes_refused:
        for _ in range(10):
            await host.to_panel.write_value(DATA[:500], with_response=False)
            written += 500
        await host.connection.drain()
    with pytest.raises(att.ATT_Error) as refusal:
        await host.to_panel.write_value(DATA[:500], with_response=True)
    assert refusal.value.error_code == att.ATT_INSUFFICIENT_RESOURCES_ERROR
    return written + 500


def test_a_board_that_does_not_read_holds_the_host_up(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        written = await write_until_refused(air, host)
        kept = written - air.module.counts.bytes_refused
        assert kept > WAITING_WRITES_BYTES - 500
        assert await air.board.receive(kept) == DATA[:500] * (kept // 500)

    on_air(scenario)


def test_nothing_is_taken_from_the_board_before_a_secured_host_listens(on_air) -> None:
    async def scenario(air) -> None:
        board = air.board
        sending = asyncio.ensure_future(board.send(b"now"))
        host = await air.host().connect()
        assert not board.is_listened_to()
        await host.secure()
        assert not board.is_listened_to()
        assert not sending.done()
        await host.subscribe()
        assert await host.receive(3) == b"now"
        await host.peer.unsubscribe(host.to_host)
        assert not board.is_listened_to()

    on_air(scenario)


def test_what_was_in_the_module_goes_with_the_host_that_left(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        air.radio.conditions = replace(air.radio.conditions, in_reach=False)
        sending = asyncio.ensure_future(air.board.send(DATA))
        await asyncio.sleep(0.2)
        assert await host.gone
        while air.module.connection is not None:
            await asyncio.sleep(0.01)
        taken = air.module.counts.bytes_to_host
        flushed = air.module.counts.bytes_flushed
        assert flushed > 0
        air.radio.conditions = replace(air.radio.conditions, in_reach=True)
        host.received.clear()
        await host.ready()
        rest = DATA[taken + flushed :]
        assert await host.receive(len(rest)) == rest
        await sending

    on_air(scenario, conditions=RadioConditions(interval_ms=7.5, supervision_s=0.4))


def test_random_drops_are_survived_and_every_byte_is_accounted_for(on_air) -> None:
    async def scenario(air) -> None:
        random_drop = random.Random(4)
        host = await air.host().ready()
        drops = [random_drop.choice(["remote", "local", "lost"]) for _ in range(10)]
        for drop in drops:
            sending = asyncio.ensure_future(air.board.send(DATA))
            await host.receive(random_drop.randrange(1, 4000))
            await {"remote": air.module.drop, "local": host.connection.disconnect}.get(
                drop, lambda: lose(air)
            )()
            await host.gone
            while air.module.connection is not None:
                await asyncio.sleep(0.01)
            sending.cancel()
            host.received.clear()
            await host.ready()
        await host.to_panel.write_value(b"still here", with_response=True)
        assert await air.board.receive(10) == b"still here"
        assert air.module.counts.connections == len(drops) + 1
        assert air.module.access.pairings == 1

    async def lose(air) -> None:
        air.radio.conditions = replace(air.radio.conditions, in_reach=False)
        while air.radio.connections:
            await asyncio.sleep(0.01)
        air.radio.conditions = replace(air.radio.conditions, in_reach=True)

    on_air(scenario, conditions=RadioConditions(interval_ms=7.5, supervision_s=0.2))


def test_it_asks_for_rate_length_and_interval(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        updated = asyncio.Event()
        host.connection.on("connection_parameters_update", updated.set)
        while host.connection.parameters.connection_interval != 7.5:
            await updated.wait()
            updated.clear()
        assert (await host.connection.get_phy()).tx_phy == Phy.LE_2M
        assert host.connection.data_length.max_rx_octets == 251
        air.module.ask_for(replace(air.radio.conditions, interval_ms=30.0))
        while host.connection.parameters.connection_interval != 30.0:
            await updated.wait()
            updated.clear()

    on_air(scenario)


def test_an_adapter_that_refuses_is_served_all_the_same(on_air) -> None:
    async def scenario(air) -> None:
        air.module.ask_for(RadioConditions(interval_ms=7.5, phy="2M"))
        host = await air.host().ready()
        await air.board.send(b"slowly")
        assert await host.receive(6) == b"slowly"
        assert (await host.connection.get_phy()).tx_phy == Phy.LE_1M
        while host.connection.parameters.connection_interval != 7.5:  # asked for all the same
            await asyncio.sleep(0.01)

    on_air(scenario, conditions=RadioConditions(interval_ms=7.5, phy="1M", data_length=27))


def test_a_board_that_is_switched_off_ends_the_connection(on_air) -> None:
    async def scenario(air) -> None:
        host = await air.host().ready()
        air.board.switch_off()
        assert await host.gone == HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR

    on_air(scenario)


def test_a_mistake_in_the_module_is_not_swallowed(on_air, monkeypatch) -> None:
    async def scenario(air) -> None:
        async def broken(*_: object) -> None:
            raise LookupError("a mistake")

        monkeypatch.setattr(air.module.peripheral, "notify", broken)
        await air.host().ready()
        await air.board.send(b"x")
        with pytest.raises(LookupError, match="a mistake"):
            await air.module.failed

    on_air(scenario)
