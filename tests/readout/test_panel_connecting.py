"""The client against a device that does what a test says: connecting, also across versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fpxi_readout.device_errors import (
    CommandRefusedError,
    CommandTimeoutError,
    NotAPanelError,
)
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.maintenance import (
    describe_device,
    enter_boot_loader,
    identify_device,
    reset_device,
    stop_device,
)
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated as messages
from fpxi_readout.protocol.dictionary import DictionaryError
from fpxi_readout.protocol.framing import Packet
from fpxi_readout.protocol.version import ProtocolVersionError


def connect(link: Any, cache: DictionaryCache) -> Panel:
    return Panel.connect(link, cache=cache, clock=link.clock)


def test_connect_tells_who_the_device_is(panel: Panel) -> None:
    assert panel.identity.serial_number == "S-1"
    assert panel.identity.firmware_version == (0, 1, 2)
    assert panel.identity.reset_cause is messages.ResetCause.POWER_ON
    assert panel.geometry.rows == 64


def test_a_dictionary_is_fetched_once_and_then_cached(link: Any, cache: DictionaryCache) -> None:
    connect(link, cache)
    assert len(link.of_type(messages.Identify)) > 2
    link.commands.clear()
    connect(link, cache)
    assert len(link.of_type(messages.Identify)) == 1


@pytest.mark.parametrize(
    ("identity", "error"),
    [
        ({"magic": b"NOPE"}, NotAPanelError),
        ({"dictionary_size": 0}, DictionaryError),
        ({"dictionary_size": 2**32 - 1}, DictionaryError),
        ({"dictionary_size": 60_000}, DictionaryError),
        ({"piece": b""}, DictionaryError),
        ({"piece": b"nonsense"}, DictionaryError),
        ({"schema_hash": bytes(32)}, DictionaryError),
        ({"protocol_major": 2}, ProtocolVersionError),
    ],
)
def test_a_device_that_makes_no_sense_is_refused(
    link: Any, cache: DictionaryCache, identity: dict[str, Any], error: type[Exception]
) -> None:
    link.identity = identity
    with pytest.raises(error):
        connect(link, cache)
    assert not link.closed


def test_a_dictionary_that_changes_while_fetched_is_refused(
    link: Any, cache: DictionaryCache
) -> None:
    def reaction(packet: Packet) -> None:
        link.identity = {"schema_hash": bytes([len(link.commands)] * 32)}
        link.answer_identify(packet)

    link.on[messages.Identify.TYPE] = reaction
    with pytest.raises(DictionaryError, match="changed"):
        connect(link, cache)


def test_numbers_and_letters_of_no_known_meaning_are_harmless(
    link: Any, cache: DictionaryCache
) -> None:
    link.identity = {"reset_cause": 77, "serial_number": b"\x1b[2Jab\xff".ljust(16, b"\0")}
    identity = connect(link, cache).identity
    assert identity.reset_cause == 77
    assert identity.serial_number == "?[2Jab?"


def test_silence_is_named(link: Any, cache: DictionaryCache) -> None:
    link.on.clear()
    with pytest.raises(CommandTimeoutError, match="IDENTIFY") as caught:
        Panel.connect(link, cache=cache, timeout_s=1.0, clock=link.clock)
    assert 1.0 <= caught.value.elapsed_s < 2.0


def test_noise_before_the_answer_does_no_harm(link: Any, cache: DictionaryCache) -> None:
    link.push(b"half a packet")
    link.on[messages.Identify.TYPE] = lambda p: (link.push(b"\0"), link.answer_identify(p))
    assert connect(link, cache).statistics.resyncs >= 1


def test_a_newer_major_version_can_still_be_identified_and_reset(link: Any) -> None:
    link.identity = {"protocol_major": 2, "protocol_minor": 3}
    link.on[messages.Reset.TYPE] = lambda p: link.answer(p, messages.Ack(p.type, 0))
    assert identify_device(link).protocol_version == (2, 3)
    stop_device(link)
    reset_device(link)
    link.refuse(messages.Stop, messages.NackCode.BUSY, 1)
    with pytest.raises(CommandRefusedError, match="busy"):
        stop_device(link)


@pytest.mark.parametrize(("device", "stale"), [((2, 0), "host"), ((0, 9), "device")])
def test_the_stale_side_of_a_major_version_is_named(device: tuple[int, int], stale: str) -> None:
    error = ProtocolVersionError((1, 0), device)
    assert error.stale_side == stale
    assert error.remedy in str(error)
    assert f"{device[0]}.{device[1]}" in str(error)


def test_a_device_of_another_major_version_describes_itself_and_takes_new_firmware(
    link: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    link.identity["protocol_major"] = 9
    link.answer_with(messages.Bootloader, 0)
    identity, dictionary = describe_device(link)
    assert (identity.protocol_version[0], dictionary.panel.name) == (9, "tft64")
    enter_boot_loader(link)
    assert len(link.of_type(messages.Bootloader)) == 1


def test_a_board_without_a_boot_loader_says_so(link: Any) -> None:
    link.refuse(messages.Bootloader, messages.NackCode.NOT_SUPPORTED)
    with pytest.raises(CommandRefusedError, match="not_supported"):
        enter_boot_loader(link)
