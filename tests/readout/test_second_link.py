"""Two hosts at one simulated panel: one by its cable, one by its second link."""

from __future__ import annotations

from collections.abc import Iterator

import fpxi_hwsim
import pytest
from fpxi_hwsim.device import SimulatedDevice
from fpxi_readout.device_errors import StreamTakenError
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import EventCode


class SecondLink:
    """The second link of a device in virtual time; reading lets time pass."""

    description = "second:"

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._arrived = b""

    def read(self, timeout_s: float) -> bytes:
        del timeout_s
        data, self._arrived = self._arrived + self._device.exchange(b""), b""
        if not data:
            self._device.clock.wait_s(self._device.deadline_us(take=False))
            data = self._device.exchange(b"")
        return data

    def write(self, data: bytes) -> None:
        self._arrived += self._device.exchange(data)

    def close(self) -> None:
        """Leave the device as it is."""


@pytest.fixture
def pair(cache: DictionaryCache) -> Iterator[tuple[Panel, Panel]]:
    """Two clients of one panel, by its first and its second link."""
    link = fpxi_hwsim.open_link("sim:tft64?time=virtual&seed=3")
    first = Panel.connect(link, cache=cache, timeout_s=5.0)
    second = Panel.connect(SecondLink(link.device), cache=cache, timeout_s=5.0)
    yield first, second
    second.close()
    first.close()


def test_either_host_can_command_and_stream(pair: tuple[Panel, Panel]) -> None:
    first, second = pair
    second.parameters.exposure_us = 7000
    assert first.parameters.exposure_us == 7000
    assert second.start(3, reliable=True) == 0
    assert [frame.number for frame in second.frames(timeout_s=5.0)] == [0, 1, 2]
    assert first.start(2) == 3
    assert [frame.number for frame in first.frames(timeout_s=5.0)] == [3, 4]
    assert second.statistics.frames_lost == first.statistics.frames_lost == 0


def test_a_host_whose_stream_is_taken_is_told(pair: tuple[Panel, Panel]) -> None:
    first, second = pair
    first.start()
    received = [next(first.frames(timeout_s=5.0))]
    number = second.start(3, reliable=True)
    with pytest.raises(StreamTakenError, match="another host"):
        received.extend(first.frames(timeout_s=5.0))
    assert all(frame.number < number for frame in received)
    assert EventCode.STREAM_LEFT in [event.code for event in first.take_events()]
    assert [frame.number for frame in second.frames(timeout_s=5.0)][-1] == number + 2
    assert first.statistics.frames_received == len(received)
    assert first.statistics.crc_errors == first.statistics.packets_lost == 0


def test_the_stream_can_be_taken_back(pair: tuple[Panel, Panel]) -> None:
    first, second = pair
    first.start()
    next(first.frames(timeout_s=5.0))
    second.start()
    next(second.frames(timeout_s=5.0))
    number = first.start(2, reliable=True)
    assert [frame.number for frame in first.frames(timeout_s=5.0)] == [number, number + 1]
    with pytest.raises(StreamTakenError):
        list(second.frames(timeout_s=5.0))
