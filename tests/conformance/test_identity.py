"""Who the device says it is, and what it says it can do."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from fpxi_readout.protocol import generated as p


def dictionary(rig) -> bytes:
    whole = b""
    size = 1
    while len(whole) < size:
        piece = rig.ask(p.Identify(len(whole), 1024))
        size = piece.dictionary_size
        whole += piece.piece
    return whole


@pytest.mark.parametrize("panel", ["tft64", "cmos32"])
def test_every_board_serves_the_dictionary_of_its_panel(make_rig, board, panel):
    rig = make_rig(board, panel)
    identity = rig.ask(p.Identify(0, 0))
    assert identity.magic == b"FPXI"
    assert (identity.protocol_major, identity.protocol_minor) == p.PROTOCOL_VERSION
    assert identity.reset_cause == p.ResetCause.POWER_ON
    assert identity.fault == identity.reset_fault == p.Fault.NONE
    text = zlib.decompress(dictionary(rig))
    assert hashlib.sha256(text).digest() == identity.schema_hash
    assert panel.encode() in text


def test_the_boards_run_the_same_firmware_version(make_rig):
    identities = [make_rig(board).ask(p.Identify(0, 0)) for board in ("native", "stm32f405")]
    versions = {(i.firmware_major, i.firmware_minor, i.firmware_patch) for i in identities}
    assert len(versions) == 1


def test_a_start_is_told_as_an_event(rig):
    rig.run(50_000)
    (boot,) = rig.events(p.EventCode.BOOT)
    assert boot.detail == p.ResetCause.POWER_ON
