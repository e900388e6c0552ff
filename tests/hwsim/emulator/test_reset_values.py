from __future__ import annotations

import pytest
from fpxi_hwsim.emulator.stm32f405 import Board

# Reset values other than 0 in ST's description of the STM32F405 (SVD 1.x), by peripheral; every
# other register that is modelled must read 0.
SVD = {
    "RCC": {
        "CR": 0x83,
        "PLLCFGR": 0x2400_3010,
        "AHB1ENR": 0x0010_0000,
        "AHB1LPENR": 0x7E67_91FF,
        "AHB2LPENR": 0xF1,
        "AHB3LPENR": 0x1,
        "APB1LPENR": 0x36FE_C9FF,
        "APB2LPENR": 0x0007_5F33,
        "CSR": 0x0E00_0000,
        "PLLI2SCFGR": 0x2000_3000,
    },
    "FLASH": {"CR": 0x8000_0000, "OPTCR": 0x14},
    "GPIOA": {"MODER": 0xA800_0000, "PUPDR": 0x6400_0000},
    "GPIOB": {"MODER": 0x0000_0280, "OSPEEDR": 0xC0, "PUPDR": 0x100},
    "DMA1": {f"S{number}FCR": 0x21 for number in range(8)},
    "DMA2": {f"S{number}FCR": 0x21 for number in range(8)},
    "USART1": {"SR": 0x00C0_0000},
    "USART2": {"SR": 0x00C0_0000},
    "SPI2": {"SR": 0x2, "CRCPR": 0x7, "I2SPR": 0xA},
    "ADC1": {"HTR": 0xFFF},
    "IWDG": {"RLR": 0xFFF},
    "CRC": {"DR": 0xFFFF_FFFF},
    "SCS": {"CPUID": 0x410F_C241},
}

# Where the manuals say otherwise, and are followed.
MANUAL = {
    ("FLASH", "OPTCR"): (
        0x0FFF_AAED,
        "RM0090, 3.9.10: as delivered; the SVD shows the locks alone",
    ),
    ("GPIOA", "IDR"): (0xA000, "PA13 and PA15 are pulled up (PUPDR)"),
    ("GPIOB", "IDR"): (0x0010, "PB4 is pulled up (PUPDR)"),
    ("PWR", "CR"): (0x4000, "RM0090, 5.4.1: scale 1"),
    ("PWR", "CSR"): (0x4000, "VOSRDY follows the scale"),
    ("SPI2", "I2SPR"): (0x2, "RM0090, 28.5.9"),
    ("TIM5", "ARR"): (0xFFFF_FFFF, "RM0090, 18.4.12"),
    ("USART1", "SR"): (0xC0, "RM0090, 30.6.1: TXE and TC are bits 7 and 6"),
    ("USART2", "SR"): (0xC0, "RM0090, 30.6.1: TXE and TC are bits 7 and 6"),
    ("SCS", "ICTR"): (0x2, "ARMv7-M, B3.4.2: 82 interrupts"),
    ("SCS", "SYST_CALIB"): (0x4000_28F4, "RM0090, 12.1.2: 10500 at 10.5 MHz"),
    ("SCS", "ICSR"): (0x800, "ARMv7-M, B3.2.4: RETTOBASE without active exceptions"),
    ("SCS", "AIRCR"): (0xFA05_0000, "ARMv7-M, B3.2.6: the key's read value"),
    ("SCS", "CCR"): (0x200, "ARMv7-M, B3.2.8: STKALIGN"),
    ("SCS", "FPCCR"): (0xC000_0000, "ARMv7-M, B3.2.21: automatic and lazy"),
}


@pytest.fixture(scope="module")
def fresh_board() -> Board:
    """Return a board that has been reset and has executed nothing."""
    board = Board()
    board.machine.memory.write(0x0800_0000, bytes.fromhex("00000120090000080000000000000000"))
    board.machine.take_reset()
    for peripheral in board.machine.peripherals.values():
        peripheral.clocked = True
    return board


def names() -> list[str]:
    return sorted(Board().machine.peripherals)


@pytest.mark.parametrize("name", names())
def test_reset_values_are_those_of_the_description_or_of_the_manual(
    fresh_board: Board, name: str
) -> None:
    peripheral = fresh_board.machine.peripherals[name]
    for offset, register in peripheral.registers.items():
        described = SVD.get(name, {}).get(register.name, 0)
        expected, _reason = MANUAL.get((name, register.name), (described, ""))
        assert peripheral.read(offset, 4) == expected, register.name


def test_what_is_listed_is_modelled_and_differs(fresh_board: Board) -> None:
    peripherals = fresh_board.machine.peripherals
    for name, values in SVD.items():
        modelled = {register.name for register in peripherals[name].registers.values()}
        assert set(values) <= modelled
    for (name, register), (value, _reason) in MANUAL.items():
        assert SVD.get(name, {}).get(register, 0) != value


@pytest.mark.parametrize("name", names())
def test_reset_brings_written_registers_back(name: str) -> None:
    board = Board()
    peripheral = board.machine.peripherals[name]
    before = {offset: register.value for offset, register in peripheral.registers.items()}
    for register in peripheral.registers.values():
        register.value ^= register.writable & ~1  # nothing is switched on
    peripheral.reset()
    assert before == {offset: reg.value for offset, reg in peripheral.registers.items()}
