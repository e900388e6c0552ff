"""The boot loader's model: exact bytes of AN3155, and a real client of it."""

from __future__ import annotations

from functools import reduce
from operator import xor

import pytest
from fpxi_hwsim.emulator.rom_bootloader import (
    FLASH_BASE,
    FLASH_BYTES,
    FlashSizeError,
    RomBootloader,
    sector_range,
)
from stm32loader.bootloader import CommandError, Stm32Bootloader

ACK, NACK = b"\x79", b"\x1f"
SECTOR_4 = 0x0801_0000


def checked(data: bytes) -> bytes:
    return data + bytes([reduce(xor, data)])


def address(value: int) -> bytes:
    return checked(value.to_bytes(4, "big"))


@pytest.fixture
def flash() -> bytearray:
    return bytearray(i * 7 & 0xFF for i in range(FLASH_BYTES))


@pytest.fixture
def loader(flash: bytearray) -> RomBootloader:
    loader = RomBootloader(flash)
    assert loader.feed(b"\x7f") == ACK
    return loader


def test_sectors_are_those_of_the_f405() -> None:
    assert [sector_range(s)[0] for s in (0, 2, 3, 4, 5, 11)] == [
        0x0800_0000,
        0x0800_8000,
        0x0800_C000,
        0x0801_0000,
        0x0802_0000,
        0x080E_0000,
    ]
    assert sector_range(11)[1] == 0x0810_0000


def test_a_flash_of_another_size_is_refused() -> None:
    with pytest.raises(FlashSizeError, match="1048576"):
        RomBootloader(bytearray(512 * 1024))


def test_another_first_byte_than_0x7f_leaves_it_deaf(flash: bytearray) -> None:
    loader = RomBootloader(flash)
    assert loader.feed(b"\x00\x7f\x7f\x00\xff") == b""
    assert loader.deaf


def test_a_second_synchronisation_is_half_a_wrong_command(loader: RomBootloader) -> None:
    assert loader.feed(b"\x7f") == b""
    assert loader.feed(b"\x7f") == NACK


def test_identification(loader: RomBootloader) -> None:
    commands = bytes.fromhex("0001021121314463738292")
    assert loader.feed(b"\x00\xff") == ACK + b"\x0b\x31" + commands + ACK
    assert loader.feed(b"\x01\xfe") == ACK + b"\x31\x00\x00" + ACK
    assert loader.feed(b"\x02\xfd") == ACK + b"\x01\x04\x13" + ACK


@pytest.mark.parametrize("pair", [b"\x00\xfe", b"\x43\xbc", b"\x99\x66", b"\x82\x7d", b"\xff\xff"])
def test_wrong_unknown_and_option_byte_commands_are_refused(
    loader: RomBootloader, pair: bytes
) -> None:
    assert loader.feed(pair) == NACK
    assert loader.feed(b"\x02\xfd")[:1] == ACK


def test_reading_and_bytes_one_at_a_time(loader: RomBootloader, flash: bytearray) -> None:
    question = b"\x11\xee" + address(SECTOR_4 + 3) + b"\x04\xfb"
    answer = b"".join(loader.feed(bytes([byte])) for byte in question)
    assert answer == ACK * 3 + flash[0x10003:0x10008]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (address(FLASH_BASE - 4), NACK),
        (address(FLASH_BASE + FLASH_BYTES), NACK),
        (address(0x2000_0000), NACK),
        (b"\x08\x00\x00\x00\x09", NACK),
        (address(FLASH_BASE) + b"\x03\xfd", ACK + NACK),
        (address(FLASH_BASE + FLASH_BYTES - 4) + b"\x04\xfb", ACK + NACK),
    ],
)
def test_reading_elsewhere_or_with_a_wrong_checksum_is_refused(
    loader: RomBootloader, question: bytes, answer: bytes
) -> None:
    assert loader.feed(b"\x11\xee" + question) == ACK + answer


def test_programming_clears_bits_and_sets_none(loader: RomBootloader, flash: bytearray) -> None:
    flash[0x10000:0x10004] = b"\xff\x0f\x00\xaa"
    data = checked(b"\x03" + b"\x5a\xff\xff\xff")
    assert loader.feed(b"\x31\xce" + address(SECTOR_4) + data) == ACK * 3
    assert flash[0x10000:0x10004] == b"\x5a\x0f\x00\xaa"


@pytest.mark.parametrize(
    ("where", "body"),
    [
        (SECTOR_4 + 2, checked(b"\x03" + bytes(4))),
        (SECTOR_4, checked(b"\x02" + bytes(3))),
        (SECTOR_4, b"\x03" + bytes(4) + b"\x04"),
        (FLASH_BASE + FLASH_BYTES - 4, checked(b"\x07" + bytes(8))),
    ],
)
def test_unaligned_oversized_and_damaged_writes_are_refused_and_change_nothing(
    loader: RomBootloader, flash: bytearray, where: int, body: bytes
) -> None:
    before = bytes(flash)
    assert loader.feed(b"\x31\xce" + address(where) + body) == ACK + ACK + NACK
    assert flash == before


def test_sectors_are_erased_one_by_one(loader: RomBootloader, flash: bytearray) -> None:
    before = bytes(flash)
    assert loader.feed(b"\x44\xbb" + checked(b"\x00\x01\x00\x04\x00\x01")) == ACK * 2
    assert flash[0x10000:0x20000] == b"\xff" * 0x10000
    assert flash[0x4000:0x8000] == b"\xff" * 0x4000
    assert flash[:0x4000] == before[:0x4000]
    assert flash[0x8000:0x10000] == before[0x8000:0x10000]
    assert flash[0x20000:] == before[0x20000:]


def test_mass_erase(loader: RomBootloader, flash: bytearray) -> None:
    assert loader.feed(b"\x44\xbb\xff\xff\x00") == ACK * 2
    assert flash == b"\xff" * FLASH_BYTES


@pytest.mark.parametrize(
    "body",
    [checked(b"\x00\x00\x00\x0c"), b"\x00\x00\x00\x04\x05", b"\xff\xff\x01", b"\xff\xfe\x01"],
    ids=["no such sector", "checksum", "mass checksum", "second bank"],
)
def test_wrong_erases_are_refused(loader: RomBootloader, flash: bytearray, body: bytes) -> None:
    before = bytes(flash)
    assert loader.feed(b"\x44\xbb" + body) == ACK + NACK
    assert flash == before


def test_write_protected_sectors_stay_as_they_are_without_an_error(flash: bytearray) -> None:
    loader = RomBootloader(flash, write_protected={4})
    before = bytes(flash)
    loader.feed(b"\x7f")
    assert loader.feed(b"\x44\xbb" + checked(b"\x00\x00\x00\x04")) == ACK * 2
    data = checked(b"\x03" + bytes(4))
    assert loader.feed(b"\x31\xce" + address(SECTOR_4) + data) == ACK * 3
    assert flash == before


@pytest.mark.parametrize("pair", [b"\x11\xee", b"\x31\xce", b"\x44\xbb", b"\x21\xde"])
def test_read_protection_refuses_what_touches_memory(flash: bytearray, pair: bytes) -> None:
    loader = RomBootloader(flash, read_protected=True)
    assert loader.feed(b"\x7f\x02\xfd")[1:2] == ACK
    assert loader.feed(pair) == NACK


def test_go_leaves_and_answers_no_more(loader: RomBootloader) -> None:
    assert loader.feed(b"\x21\xde" + address(0)) == ACK + NACK
    assert loader.left is None
    assert loader.feed(b"\x21\xde" + address(FLASH_BASE) + b"\x7f\x02\xfd") == ACK * 2
    assert loader.left == FLASH_BASE
    assert loader.feed(b"\x02\xfd") == b""


class Wire:
    """What the client takes for a serial port."""

    def __init__(self, loader: RomBootloader) -> None:
        self.loader = loader
        self.answers = bytearray()
        self.timeout = 1.0

    def write(self, data: bytes) -> None:
        self.answers += self.loader.feed(bytes(data))

    def read(self, count: int = 1) -> bytes:
        taken = bytes(self.answers[:count])
        del self.answers[:count]
        return taken


def test_a_client_that_knows_real_devices_can_update_it(flash: bytearray) -> None:
    client = Stm32Bootloader(Wire(RomBootloader(flash)), "F4", verbosity=0)
    client.reset_from_system_memory()
    client.reset_from_system_memory()
    assert client.get() == 0x31
    assert client.get_id() == 0x413
    image = bytes(range(256)) * 3
    client.erase_memory([4])
    client.write_memory_data(SECTOR_4, image)
    assert client.read_memory_data(SECTOR_4, len(image)) == image
    with pytest.raises(CommandError):
        client.read_memory(0x2000_0000, 4)
