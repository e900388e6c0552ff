"""Where things lie in the flash of the STM32F405 (RM0090, table 5)."""

from __future__ import annotations

KIB = 1024
FLASH_BASE = 0x0800_0000
SECTOR_BYTES = (16 * KIB,) * 4 + (64 * KIB,) + (128 * KIB,) * 7
FLASH_END = FLASH_BASE + sum(SECTOR_BYTES)
START_SECTOR = 0
"""vectors and stage 0, which finds its way to the boot loader when the rest is unsound"""
PARAMETER_SECTORS = (2, 3)
FIRST_FIRMWARE_SECTOR = 4
PRODUCT_IDS = {"stm32f405": 0x413}
"""what the boot loader's Get ID answers, for each board"""


def sector_address(sector: int) -> int:
    """Return the first address of a sector."""
    return FLASH_BASE + sum(SECTOR_BYTES[:sector])


def sectors_of(address: int, size: int) -> list[int]:
    """Return the sectors that hold `size` bytes from `address` on."""
    return [
        sector
        for sector, length in enumerate(SECTOR_BYTES)
        if sector_address(sector) < address + size and sector_address(sector) + length > address
    ]
