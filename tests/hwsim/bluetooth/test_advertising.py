"""What the panel says of itself on the air."""

from __future__ import annotations

import asyncio

import pytest
from bumble.core import UUID, AdvertisingData
from fpxi_hwsim.bluetooth.errors import AdvertisedNameError
from fpxi_hwsim.bluetooth.peripheral import advertising_data, static_address
from fpxi_readout.links.bluetooth_profile import UART_SERVICE


def test_name_and_service_fit_one_advertisement() -> None:
    data = advertising_data("FPXI-64A")
    assert len(data) == 31
    structures = AdvertisingData.from_bytes(data)
    assert structures.get(AdvertisingData.COMPLETE_LOCAL_NAME) == "FPXI-64A"
    services = structures.get(AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS)
    assert services == [UUID(UART_SERVICE)]


@pytest.mark.parametrize("name", ["", "FPXI-64AB", "µ", "a\nb"])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(AdvertisedNameError, match="1 to 8"):
        advertising_data(name)


def test_each_panel_has_one_static_random_address() -> None:
    first, again, other = map(static_address, ("A", "A", "B"))
    assert first == again != other
    assert bytes(first)[5] >> 6 == 3


def test_it_advertises_again_after_each_connection(on_air) -> None:
    async def scenario(air) -> None:
        host = air.host()
        for _ in range(2):
            await host.connect()
            await host.connection.disconnect()
        heard: asyncio.Queue[object] = asyncio.Queue()
        host.device.on("advertisement", heard.put_nowait)
        await host.device.start_scanning()
        advertisement = await heard.get()
        assert advertisement.address == static_address("TFT64-S00000001")
        assert advertisement.data.get(AdvertisingData.COMPLETE_LOCAL_NAME) == "FPXI-64"
        await host.device.stop_scanning()

    on_air(scenario)
