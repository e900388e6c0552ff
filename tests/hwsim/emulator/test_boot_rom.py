"""Entering the boot loader in ROM, and leaving it."""

from __future__ import annotations

from functools import reduce
from operator import xor

import pytest
from fpxi_hwsim.emulator.boot_rom import BootRom
from fpxi_hwsim.emulator.stm32f405 import Board

ACK = b"\x79"
TABLE, ENTRY, STACK = 0x0801_0000, 0x0801_0100, 0x2000_1000
LOOP = b"\xfe\xe7\xfe\xe7"  # b to itself, twice


def checked(data: bytes) -> bytes:
    return data + bytes([reduce(xor, data)])


def write(address: int, data: bytes) -> bytes:
    length = bytes([len(data) - 1])
    return b"\x31\xce" + checked(address.to_bytes(4, "big")) + checked(length + data)


@pytest.fixture
def board() -> Board:
    """A board that was switched on with BOOT0 high."""
    board = Board()
    board.machine.boot0 = True
    board.machine.power_cycle()
    return board


@pytest.fixture
def rom(board: Board) -> BootRom:
    rom = BootRom(board)
    board.machine.run(board.machine.now + 1000)
    return rom


def test_a_start_with_boot0_high_waits_in_the_rom(board: Board, rom: BootRom) -> None:
    assert rom.waits
    assert rom.feed(b"\x7f\x02\xfd") == ACK + ACK + b"\x01\x04\x13" + ACK
    assert board.machine.cpu.sleeping


def test_a_start_with_boot0_low_does_not(board: Board) -> None:
    board.machine.boot0 = False
    board.machine.memory.flash[0:8] = b"".join(
        word.to_bytes(4, "little") for word in (STACK, 0x0800_0009)
    )
    board.machine.memory.flash[8:12] = LOOP
    rom = BootRom(board)
    board.machine.run(board.machine.now + 1000)
    assert not rom.waits


def test_go_starts_what_was_written_with_the_usart_s_clock_on(board: Board, rom: BootRom) -> None:
    machine = board.machine
    table = STACK.to_bytes(4, "little") + (ENTRY | 1).to_bytes(4, "little")
    assert rom.feed(b"\x7f" + write(TABLE, table) + write(ENTRY, LOOP)) == ACK * 7
    assert rom.feed(b"\x21\xde" + checked(TABLE.to_bytes(4, "big"))) == ACK * 2
    assert not rom.waits
    machine.run(machine.now + 10)
    assert machine.program_counter() in (ENTRY, ENTRY + 2)
    assert machine.bus_read(0x4002_3844, 4) == 1 << 4


def test_a_reset_begins_the_boot_loader_anew(board: Board, rom: BootRom) -> None:
    assert rom.feed(b"\x7f") == ACK
    board.machine.request_software_reset()
    board.machine.run(board.machine.now + 1000)
    assert rom.waits
    assert rom.feed(b"\x7f") == ACK


def test_what_it_writes_counts_and_power_can_fail_with_it(board: Board, rom: BootRom) -> None:
    before = board.flash.words
    rom.feed(b"\x7f" + write(TABLE, LOOP))
    assert board.flash.words == before + 1
    board.flash.cut_power_at = before + 2
    resets = len(board.machine.resets)
    rom.feed(write(TABLE + 4, LOOP))
    board.machine.run(board.machine.now + 10)
    assert len(board.machine.resets) == resets + 1
