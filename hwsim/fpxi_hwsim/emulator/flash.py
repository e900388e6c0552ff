"""Flash interface (RM0090, chapter 3): wait states, erasing and programming, power cuts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.errors import EmulationError
from fpxi_hwsim.emulator.memory import FLASH_BASE, FLASH_SIZE
from fpxi_hwsim.emulator.peripheral import Peripheral
from fpxi_hwsim.emulator.rom_bootloader import SECTOR_BYTES, sector_range
from fpxi_hwsim.emulator.schedule import TICKS_PER_US

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine
    from fpxi_hwsim.emulator.rcc import Rcc

_KEYS = (0x4567_0123, 0xCDEF_89AB)
_PG, _SER, _MER, _STRT, _LOCK = 1, 2, 4, 1 << 16, 1 << 31
_EOPIE, _ERRIE = 1 << 24, 1 << 25
_EOP, _BSY = 1, 1 << 16
_FLASH_IRQ = 4
#: Up to this frequency for each wait state, at 2.7 to 3.6 V (RM0090, table 10).
_HZ_PER_WAIT_STATE = 30_000_000
# Typical times at a parallelism of 32 bits (data sheet, table 40).
_PROGRAM_US = 16
_ERASE_US = {16: 250_000, 64: 550_000, 128: 1_000_000}


class Flash(Peripheral):
    """The interface registers, and what writes to the flash do.

    The firmware executes from the flash, whose bus is blocked while it is being changed: the
    core stands still for these times (3.5.3), DMA and peripherals go on.

    Attributes:
        words: words written so far; an erasure writes every word of its sector.
        cut_power_at: number of the word during which the power goes, 1 for the very first; None:
            never.

    """

    def __init__(self, machine: Machine, rcc: Rcc) -> None:
        super().__init__(machine, "FLASH", 0x4002_3C00)
        self._rcc = rcc
        self.words = 0
        self.cut_power_at: int | None = None
        self._keys = 0
        self._locked_for_good = False
        self._acr = self.register(0x00, "ACR", writable=0x1F07, write=self._write_acr)
        self.register(0x04, "KEYR", writable=0xFFFF_FFFF, read=lambda: 0, write=self._write_key)
        self.register(0x08, "OPTKEYR", read=lambda: 0)
        self._sr = self.register(0x0C, "SR", writable=0xF3, ignored=_BSY, write=self._write_sr)
        self._cr = self.register(
            0x10, "CR", reset=_LOCK, writable=0x8301_037F, write=self._write_cr
        )
        self.register(0x14, "OPTCR", reset=0x0FFF_AAED)
        rcc.before_clock.append(self._check_clock)
        machine.engine.on_protected_write(self._on_write)

    def reset(self) -> None:
        """Lock."""
        super().reset()
        self._keys = 0
        self._locked_for_good = False

    # ---- registers

    def _wait_states_fit(self, hclk_hz: int) -> bool:
        return self._acr.value & 7 >= (hclk_hz - 1) // _HZ_PER_WAIT_STATE

    def _check_clock(self, hclk_hz: int) -> None:
        if not self._wait_states_fit(hclk_hz):
            self.fail("ACR", f"{self._acr.value & 7} wait states are too few for {hclk_hz} Hz")

    def _write_acr(self, value: int) -> None:
        self._acr.value = value
        self._check_clock(self._rcc.hclk_hz)

    def _write_key(self, value: int) -> None:
        if self._locked_for_good or self._keys >= 2 or value != _KEYS[self._keys]:
            self._locked_for_good = True
            self.fail("KEYR", f"{value:#010x} is the wrong key: the flash stays locked until reset")
        self._keys += 1
        if self._keys == 2:
            self._cr.value &= ~_LOCK

    def _write_sr(self, value: int) -> None:
        self._sr.value &= ~value
        self._update_irq()

    def _write_cr(self, value: int) -> None:
        register = self._cr
        if register.value & _LOCK:
            self.fail("CR", "written while the flash is locked")
        if value & _MER or (value & _PG and value & _SER):
            self.fail("CR", f"{value:#x}: mass erase and PG together with SER are not allowed")
        register.value = value & ~_STRT
        if value & _LOCK:
            self._keys = 0
        if value & _STRT:
            if not value & _SER:
                self.fail("CR", "STRT without SER")
            self._erase(value >> 3 & 0xF, value >> 8 & 3)
        self._update_irq()

    def _update_irq(self) -> None:
        self.machine.irq(_FLASH_IRQ, bool(self._sr.value & _EOP and self._cr.value & _EOPIE))

    # ---- operations

    def _erase(self, sector: int, parallelism: int) -> None:
        if sector >= len(SECTOR_BYTES):
            self.fail("CR", f"sector {sector} does not exist")
        if parallelism != 2:
            self.fail("CR", "erasing at 2.7 to 3.6 V wants PSIZE = 32 bits")
        first, beyond = (address - FLASH_BASE for address in sector_range(sector))
        flash = self.machine.memory.flash
        done = self._written_before_cut((beyond - first) // 4)
        if done is not None:
            self._spoil(first + 4 * done, 4, 0xFFFF_FFFF)
            flash[first : first + 4 * done] = b"\xff" * (4 * done)
            self._lose_power()
            return
        flash[first:beyond] = b"\xff" * (beyond - first)
        self.machine.engine.forget_code(FLASH_BASE + first, beyond - first)
        self._work(_ERASE_US[SECTOR_BYTES[sector] // 1024])

    def _on_write(self, address: int, size: int, value: int) -> None:
        """See a write of the core to read-only memory, before it takes place."""
        offset = address - FLASH_BASE if address >= FLASH_BASE else address
        if not 0 <= offset <= FLASH_SIZE - size:
            raise EmulationError(
                "memory",
                "",
                f"write of {value:#x} to {address:#010x}, which is read-only memory",
                program_counter=self.machine.program_counter(),
                tick=self.schedule.now,
            )
        where = f"write to {address:#010x}"
        cr = self._cr.value
        if cr & _LOCK:
            self.fail("CR", f"{where} while the flash is locked")
        if not cr & _PG:
            self.fail("CR", f"{where} without PG")
        if 1 << (cr >> 8 & 3) != size:
            self.fail("CR", f"{where} of {size} bytes with PSIZE = {8 << (cr >> 8 & 3)} bits")
        flash = self.machine.memory.flash
        if any(byte != 0xFF for byte in flash[offset : offset + size]):
            self.fail("CR", f"{where}, which has not been erased")
        if self._written_before_cut(1) is not None:

            def leave_partly() -> None:
                flash[offset : offset + size] = b"\xff" * size
                self._spoil(offset, size, value)
                self._lose_power()

            self.schedule.after(0, leave_partly)
            return
        self._work(_PROGRAM_US)
        self.schedule.after(0, lambda: self.machine.engine.forget_code(address, size))

    def count_words(self, words: int) -> None:
        """Count what the ROM boot loader has changed at once; the power may fail right after."""
        if words and self._written_before_cut(words) is not None:
            self._lose_power()

    def _written_before_cut(self, words: int) -> int | None:
        """Count words, and return how many are whole when the power goes; None: it stays."""
        before, self.words = self.words, self.words + words
        cut = self.cut_power_at
        return None if cut is None or cut > self.words else max(cut - 1 - before, 0)

    def _spoil(self, offset: int, size: int, wanted: int) -> None:
        """Leave memory on its way to a value: each bit that is to change has, or has not."""
        flash = self.machine.memory.flash
        present = int.from_bytes(flash[offset : offset + size], "little")
        changed = random.Random(self.words).getrandbits(8 * size)
        value = (present & ~changed) | (wanted & changed)
        flash[offset : offset + size] = value.to_bytes(size, "little")

    def _lose_power(self) -> None:
        self.cut_power_at = None
        self.machine.power_cycle()

    def _work(self, microseconds: int) -> None:
        end = self.schedule.now + microseconds * TICKS_PER_US
        self._sr.value |= _BSY
        self.machine.cpu.stall(end)
        self.schedule.at(end, self._done)

    def _done(self) -> None:
        self._sr.value &= ~_BSY
        if self._cr.value & _EOPIE:
            self._sr.value |= _EOP
        self._update_irq()
