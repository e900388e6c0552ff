from __future__ import annotations

from collections.abc import Callable

import pytest
from fpxi_hwsim.emulator.errors import EmulationError

from .conftest import Program

Make = Callable[[str], Program]

SECTOR_WORDS = 4096


FLASH = """
static void unlock(void) { R(0x40023C04) = 0x45670123; R(0x40023C04) = 0xCDEF89AB; }
static void wait(void) { while (R(0x40023C0C) & 1u << 16) {} }
static void erase(uint32_t sector) {
  R(0x40023C10) = 1u << 9 | sector << 3 | 2; R(0x40023C10) |= 1u << 16; wait();
  R(0x40023C10) = 1u << 9;
}
static void program_word(uint32_t address, uint32_t value) {
  R(0x40023C10) = 1u << 9 | 1; R(address) = value; wait(); R(0x40023C10) = 1u << 9;
}
"""


def test_flash_is_erased_and_programmed_in_its_time(program: Make) -> None:
    made = program(
        FLASH + "void start(void) { clocks(); unlock(); program_word(0x08008000, 0x12345678);"
        "out[0] = R(0x08008000); erase(2); out[1] = R(0x08008000);"
        "R(0x40023C10) = 1u << 31; finish(); }"
    )
    made.machine.run_us(250_000)
    assert made.out(62) != 1, "the sector was erased before its time"
    made.machine.run_us(5_000)
    assert made.out(62) == 1
    assert (made.out(0), made.out(1)) == (0x1234_5678, 0xFFFF_FFFF)
    assert made.board.flash.words == 1 + SECTOR_WORDS


def test_interrupts_wait_while_the_flash_is_busy(program: Make) -> None:
    made = program(
        FLASH + "void sys_tick(void) { out[0]++; }"
        "void start(void) { clocks(); R(0xE000E014) = 167999; R(0xE000E018) = 0; R(0xE000E010) = 7;"
        "unlock(); erase(2); out[1] = out[0]; finish(); }"
    )
    made.machine.run_us(0.01)
    made.clear()
    made.machine.run_us(260_000)
    assert made.out(62) == 1
    assert made.out(1) <= 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("R(0x08008000) = 1;", "without PG"),
        ("R(0x40023C10) = 1; R(0x08008000) = 1;", "PSIZE = 8 bits"),
        ("program_word(0x08008000, 0); program_word(0x08008000, 0);", "has not been erased"),
        ("R(0x40023C10) = 1u << 3 | 2; R(0x40023C10) |= 1u << 16;", "PSIZE = 32 bits"),
        ("erase(12);", "does not exist"),
        ("R(0x40023C10) = 4;", "mass erase"),
    ],
)
def test_flash_misuse_is_refused(program: Make, body: str, message: str) -> None:
    made = program(FLASH + f"void start(void) {{ clocks(); unlock(); {body} finish(); }}")
    with pytest.raises(EmulationError) as refused:
        made.run(limit_us=400_000)
    assert message in str(refused.value)


def cut(program: Make, at: int) -> list[int]:
    """Cut the power at a word of an erasure and three words programmed; return the sector's start.

    The sector holds zeros before.
    """
    made = program(
        FLASH + "void start(void) { clocks(); if (R(0x0800C000) != 0) finish(); unlock();"
        "erase(2); for (uint32_t i = 0; i < 3; i++) "
        "program_word(0x08008000 + 4 * i, 0x11 * (i + 1));"
        "for (;;) {} }"
    )
    made.machine.memory.write(0x0800_8000, bytes(4 * SECTOR_WORDS))
    made.machine.memory.write(0x0800_C000, bytes(4))
    made.board.flash.cut_power_at = at
    made.machine.run_us(3000)
    made.machine.memory.write(0x0800_C000, b"\xff" * 4)
    made.machine.run_until(lambda: len(made.machine.resets) == 2, limit_us=300_000)
    return [made.machine.memory.word(0x0800_8000 + 4 * index) for index in range(5)]


@pytest.mark.parametrize("word", [1, 2, 3])
def test_power_cut_in_programming_leaves_that_word_half_done_and_the_earlier_ones_whole(
    program: Make, word: int
) -> None:
    left = cut(program, SECTOR_WORDS + word)
    assert left[: word - 1] == [0x11, 0x22, 0x33][: word - 1]
    assert left[word - 1] not in {0x11 * word, 0xFFFF_FFFF}
    assert left[word:] == [0xFFFF_FFFF] * (5 - word)


@pytest.mark.parametrize("word", [1, 3])
def test_power_cut_in_an_erasure_leaves_what_follows_as_it_was(program: Make, word: int) -> None:
    left = cut(program, word)
    assert left[: word - 1] == [0xFFFF_FFFF] * (word - 1)
    assert left[word - 1] not in {0, 0xFFFF_FFFF}
    assert left[word:] == [0] * (5 - word)
