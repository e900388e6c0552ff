"""What the panel asks of a host's adapter after connecting. All of it may be refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from bumble.core import BaseBumbleError
from bumble.device import Connection
from bumble.hci import Phy

from fpxi_hwsim.bluetooth.conditions import RadioConditions

ANSWER_TIMEOUT_S = 2.0
"""for one request: some adapters never answer those that they do not know"""
LONGEST_PACKET_US = 2120
"""air time of 251 bytes at 1 Mbit/s: what to allow at any rate (Core, Vol 6 B, 4.5.10)"""
PHYS = {"1M": Phy.LE_1M, "2M": Phy.LE_2M}


def wishes(conditions: RadioConditions) -> tuple[object, ...]:
    """Return what `ask_for` asks for."""
    return (
        conditions.phy,
        conditions.data_length,
        conditions.interval_ms,
        conditions.supervision_s,
    )


async def ask_for(connection: Connection, wanted: RadioConditions) -> None:
    """Ask for rate, packet length and connection interval, one after the other.

    The central decides; a request that it or the adapter refuses changes nothing.
    """
    phy = [PHYS[wanted.phy]]
    await _try(connection.set_phy(tx_phys=phy, rx_phys=phy))
    await _try(connection.set_data_length(wanted.data_length, LONGEST_PACKET_US))
    await _try(
        connection.update_parameters(
            connection_interval_min=wanted.interval_ms,
            connection_interval_max=wanted.interval_ms,
            max_latency=0,
            supervision_timeout=wanted.supervision_s * 1e3,
            use_l2cap=True,
        )
    )


async def _try(request: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await request
    except (BaseBumbleError, TimeoutError):
        return
