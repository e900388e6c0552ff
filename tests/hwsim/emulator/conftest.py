from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fpxi_hwsim.emulator.image import Image
from fpxi_hwsim.emulator.stm32f405 import Board

GCC = "arm-none-eabi-gcc"
OPTIONS = [
    "-mcpu=cortex-m4",
    "-mthumb",
    "-mfpu=fpv4-sp-d16",
    "-mfloat-abi=hard",
    "-O1",
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wno-unused-function",
    "-Werror",
    "-ffreestanding",
    "-nostdlib",
    "-Wl,--build-id=none",
]

LINKER_SCRIPT = """
MEMORY { FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 64K
         RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 64K }
SECTIONS {
  .vectors : { KEEP(*(.vectors)) } > FLASH
  .text : { *(.text* .rodata*) } > FLASH
  .bss (NOLOAD) : { *(.data*) *(.bss* COMMON) } > RAM
}
"""

PREAMBLE = """
#include <stdint.h>
#define R(address) (*(volatile uint32_t *)(address))
#define ASM __asm__ volatile
#define GPIO(n) (0x40020000u + 0x400u * (n))
#define RCC 0x40023800u
#define AHB1ENR R(RCC + 0x30)
#define APB1ENR R(RCC + 0x40)
#define APB2ENR R(RCC + 0x44)
#define ISER(irq) R(0xE000E100u + 4 * ((irq) / 32)) = 1u << ((irq) % 32)
#define PRIORITY(irq, level) (*(volatile uint8_t *)(0xE000E400u + (irq)) = (level) << 4)
volatile uint32_t out[64];
void start(void);
#define WEAK __attribute__((weak))
WEAK void nmi(void); WEAK void hard_fault(void); WEAK void sv_call(void); WEAK void pend_sv(void);
WEAK void sys_tick(void);
WEAK void irq0(void); WEAK void irq1(void); WEAK void irq2(void); WEAK void irq3(void);
WEAK void exti5(void); WEAK void usart1(void); WEAK void tim5(void); WEAK void dma2_s5(void);
WEAK void dma2_s7(void);
__attribute__((section(".vectors"), used)) void *const vectors[98] = {
  (void *)0x20010000, (void *)start, (void *)nmi, (void *)hard_fault, [11] = (void *)sv_call,
  [14] = (void *)pend_sv, [15] = (void *)sys_tick, [16] = (void *)irq0, [17] = (void *)irq1,
  [18] = (void *)irq2, [19] = (void *)irq3, [16 + 23] = (void *)exti5, [16 + 37] = (void *)usart1,
  [16 + 50] = (void *)tim5, [16 + 68] = (void *)dma2_s5, [16 + 70] = (void *)dma2_s7,
};
static inline void clocks(void) __attribute__((unused));
static inline void clocks(void) {
  R(RCC) |= 1u << 16;
  while (!(R(RCC) & 1u << 17)) {}
  R(RCC + 4) = 8u | 336u << 6 | 1u << 22 | 7u << 24;
  R(RCC) |= 1u << 24;
  while (!(R(RCC) & 1u << 25)) {}
  R(0x40023C00u) = 5;
  R(RCC + 8) = 5u << 10 | 4u << 13;
  R(RCC + 8) |= 2;
  while ((R(RCC + 8) & 0xCu) != 8u) {}
}
static inline void finish(void) __attribute__((noreturn, unused));
static inline void finish(void) { out[62] = 1; for (;;) ASM("wfi"); }
"""


class Program:
    """A compiled test program on a board of its own."""

    def __init__(self, image: Image, board: Board) -> None:
        self.image = image
        self.board = board
        self.machine = board.machine
        self.machine.load(image)

    def out(self, index: int) -> int:
        return self.machine.memory.word(self.machine.symbol("out") + 4 * index)

    def run(self, *, limit_us: float = 100_000) -> None:
        """Run until the program calls finish()."""
        self.machine.run_us(0.01)
        self.clear()
        self.machine.run_until(lambda: self.out(62) == 1, limit_us=limit_us)

    def clear(self) -> None:
        self.machine.memory.write(self.machine.symbol("out"), bytes(256))


@pytest.fixture(scope="session")
def arm_compiler() -> None:
    """Skip what needs the compiler where it is absent; in checks it may not be."""
    if shutil.which(GCC) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{GCC} is not installed")
        pytest.skip(f"{GCC} is not installed")


@pytest.fixture(scope="session")
def compile_arm(
    arm_compiler: None, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Image]:
    """Compile a C program for the STM32F405; each source once a session."""
    folder = tmp_path_factory.mktemp("arm")
    script = folder / "link.ld"
    script.write_text(LINKER_SCRIPT)
    images: dict[str, Image] = {}

    def compile_source(source: str) -> Image:
        key = hashlib.sha256(source.encode()).hexdigest()[:16]
        if key not in images:
            path = folder / f"{key}.c"
            path.write_text(PREAMBLE + source)
            elf = path.with_suffix(".elf")
            command = [GCC, *OPTIONS, f"-T{script}", str(path), "-lgcc", "-o", str(elf)]
            built = subprocess.run(command, capture_output=True, text=True, check=False)
            assert built.returncode == 0, built.stderr
            images[key] = Image.from_elf(Path(elf))
        return images[key]

    return compile_source


@pytest.fixture
def program(compile_arm: Callable[[str], Image]) -> Callable[[str], Program]:
    """Make a program from C source with a `void start(void)`."""
    return lambda source: Program(compile_arm(source), Board())
