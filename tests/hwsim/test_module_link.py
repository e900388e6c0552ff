"""A device whose line is its Bluetooth module's, and the cable beside it."""

from __future__ import annotations

import pytest
from fpxi_hwsim import SimulatedDevice, SimulationSpecification
from fpxi_hwsim.device import CABLE, MODULE
from fpxi_readout.protocol.framing import PacketDecoder, encode_packet
from fpxi_readout.protocol.generated import Identify, Identity, Start

IDENTIFY = encode_packet(Identify.TYPE, 1, Identify(0, 0).pack())


def device(link: int, settings: str = "") -> SimulatedDevice:
    url = f"sim:cmos32?time=virtual{settings}"
    return SimulatedDevice(SimulationSpecification.from_url(url), link)


def run_us(panel: SimulatedDevice, time_us: int) -> bytes:
    """Step a panel in virtual time; return what it sent by its line."""
    sent, end_us = panel.step(), panel.clock.now_us() + time_us
    while panel.clock.now_us() < end_us:
        deadline_us = panel.deadline_us()
        panel.clock.wait_s(end_us if deadline_us is None else min(deadline_us, end_us))
        sent += panel.step()
    return sent


def identities(data: bytes) -> int:
    return sum(packet.type == Identity.TYPE for packet in PacketDecoder().feed(data))


@pytest.mark.parametrize("link", [CABLE, MODULE])
def test_line_and_exchange_are_the_two_links(link: int) -> None:
    panel = device(link)
    panel.feed(IDENTIFY)
    assert identities(run_us(panel, 20_000)) == 1
    assert identities(panel.exchange(b"")) == 0
    assert identities(panel.exchange(IDENTIFY)) == 1
    assert identities(run_us(panel, 20_000)) == 0


def sent_in_a_second(panel: SimulatedDevice) -> int:
    panel.feed(encode_packet(Start.TYPE, 1, Start(frames=0).pack()))
    return len(run_us(panel, 1_000_000))


def test_the_modules_line_has_its_rate_unless_the_url_says_another() -> None:
    fast = "&dose_rate=0"
    slow = sent_in_a_second(device(MODULE, f"{fast}&baud=460800"))
    assert 40_000 < slow <= 46_080 + 512
    assert slow < sent_in_a_second(device(MODULE, fast)) <= 200_000 + 512
