"""The way into the boot loader, on the board that has one and on the one that has none."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p
from fpxi_readout.protocol.framing import PacketDecoder, encode_packet

SYNCHRONISE, ACKNOWLEDGED = b"\x7f", b"\x79"


def raw_answer(rig, data: bytes) -> bytes:
    rig.device.feed(data)
    arrived = b""
    for _ in range(20):
        arrived += rig.device.step()
        rig.device.clock.wait_s(rig.now_us + 1000)
    return arrived


@pytest.mark.parametrize("panel", ["tft64", "cmos32"])
def test_a_board_goes_to_its_boot_loader_or_says_that_it_has_none(make_rig, board, panel):
    rig = make_rig(board, panel)
    rig.set(bias_mV=-1000)
    answer = rig.ask(p.Bootloader())
    if board == "native":
        assert answer == p.Nack(p.Bootloader.TYPE, p.NackCode.NOT_SUPPORTED, 0)
        rig.capture(1)
        return
    assert answer == p.Ack(p.Bootloader.TYPE, 0)
    rig.run(200_000)
    assert raw_answer(rig, SYNCHRONISE) == ACKNOWLEDGED
    rig.device.reset(p.ResetCause.EXTERNAL)
    rig.run(200_000)
    rig.packets.clear()
    assert rig.ask(p.Identify(0, 0)).reset_cause == p.ResetCause.EXTERNAL
    assert rig.get("bias_actual_mV") == 0
    rig.capture(1)


def test_the_boot_loader_is_refused_to_the_second_link(rig):
    decoder = PacketDecoder()
    rig.device.exchange(b"")
    question = encode_packet(p.Bootloader.TYPE, 1, p.Bootloader().pack())
    packets = decoder.feed(rig.device.exchange(question))
    for _ in range(20):
        rig.run(1000)
        packets += decoder.feed(rig.device.exchange(b""))
    (refusal,) = (p.Nack.unpack(x.payload) for x in packets if x.type == p.Nack.TYPE)
    assert refusal == p.Nack(p.Bootloader.TYPE, p.NackCode.NOT_SUPPORTED, 0)
    rig.run(1_500_000)  # longer than a restart waits for its answer to leave
    assert rig.get("uptime_ms") > 1500
