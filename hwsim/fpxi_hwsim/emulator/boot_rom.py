"""The boot loader in ROM, where the emulated core enters it.

The ROM's code is not executed: the core waits at its entry, and a model of the boot loader takes
over the line of USART1 until the host has it start the firmware.
"""

from __future__ import annotations

from fpxi_hwsim.emulator.machine import ResetCause
from fpxi_hwsim.emulator.memory import FLASH_BASE, FLASH_SIZE, ROM_CODE, ROM_ENTRY
from fpxi_hwsim.emulator.rom_bootloader import RomBootloader
from fpxi_hwsim.emulator.stm32f405 import Board

RCC_APB2ENR, USART1_ENABLED = 0x4002_3844, 1 << 4


class BootRom:
    """The boot loader of one board. Answers take no time."""

    def __init__(self, board: Board) -> None:
        self._machine = board.machine
        self._flash = board.flash
        self._loader: RomBootloader | None = None
        self._counted = 0
        self._machine.on_reset.append(self._on_reset)

    @property
    def waits(self) -> bool:
        """Whether the core is in the ROM."""
        counter = self._machine.program_counter()
        return ROM_ENTRY <= counter < ROM_ENTRY + len(ROM_CODE)

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the host while the core `waits`; return the answers."""
        if self._loader is None:
            self._loader = RomBootloader(self._machine.memory.flash)
            self._counted = 0
        answer = self._loader.feed(data)
        self._flash.count_words(self._loader.words - self._counted)
        self._counted = self._loader.words
        if self._loader.left is not None:
            self._start(self._loader.left)
        return answer

    def _start(self, table: int) -> None:
        """Jump as the ROM does: by the vector table, with the clock of its USART left on."""
        machine = self._machine
        machine.engine.forget_code(FLASH_BASE, FLASH_SIZE)
        clocks = machine.bus_read(RCC_APB2ENR, 4)
        machine.bus_write(RCC_APB2ENR, 4, clocks | USART1_ENABLED)
        memory = machine.memory
        machine.cpu.sleeping = False
        machine.cpu.exceptions.reset(stack=memory.word(table), entry=memory.word(table + 4))
        self._loader = None

    def _on_reset(self, _cause: ResetCause) -> None:
        self._loader = None
