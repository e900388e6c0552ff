"""The electrical side of the emulated board's two links."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p
from fpxi_readout.protocol.framing import PacketDecoder, encode_packet

MODULE_BUSY = "PA0"


def processor(rig):
    return rig.device._firmware.board.mcu


@pytest.fixture
def emulated(make_rig):
    return make_rig("stm32f405")


def test_the_host_link_starts_at_the_default_rate(emulated):
    assert processor(emulated).usart1.line_format.baud == pytest.approx(3_000_000, rel=0.01)


@pytest.mark.parametrize("baud", [9600, 115_200, 921_600, 5_250_000, 10_500_000])
def test_the_host_link_has_the_saved_rate_after_a_restart(emulated, baud):
    emulated.set(baud=baud)
    emulated.ask(p.Save())
    emulated.ask(p.Reset())
    emulated.run(300_000)
    assert processor(emulated).usart1.line_format.baud == pytest.approx(baud, rel=0.02)
    assert emulated.get("baud") == baud


@pytest.mark.parametrize("baud", [115_200, 921_600, 5_250_000])
def test_the_module_s_link_has_the_saved_rate_after_a_restart(emulated, baud):
    assert processor(emulated).usart2.line_format.baud == 2_000_000
    emulated.set(module_baud=baud)
    emulated.ask(p.Save())
    emulated.ask(p.Reset())
    emulated.run(300_000)
    assert processor(emulated).usart2.line_format.baud == pytest.approx(baud, rel=0.02)


def test_the_module_is_spoken_to_only_while_it_is_ready(emulated):
    decoder = PacketDecoder()
    processor(emulated).pins.drive(MODULE_BUSY, True)
    question = encode_packet(p.Identify.TYPE, 1, p.Identify(0, 0).pack())
    arrived = emulated.device.exchange(question)
    for _ in range(50):
        emulated.run(1000)
        arrived += emulated.device.exchange(b"")
    answers = [x for x in decoder.feed(arrived) if x.type == p.Identity.TYPE]
    assert not answers
    processor(emulated).pins.drive(MODULE_BUSY, False)
    for _ in range(50):
        emulated.run(1000)
        answers += [
            x for x in decoder.feed(emulated.device.exchange(b"")) if x.type == p.Identity.TYPE
        ]
    assert len(answers) == 1
