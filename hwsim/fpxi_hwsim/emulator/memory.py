"""The memories of the STM32F405 and who may reach them (RM0090, 2.3 and 3.3)."""

from __future__ import annotations

import random

from fpxi_hwsim.emulator.engine import Engine
from fpxi_hwsim.emulator.errors import EmulationError

FLASH_BASE, FLASH_SIZE = 0x0800_0000, 0x10_0000
SRAM_BASE, SRAM_SIZE = 0x2000_0000, 0x2_0000
CCM_BASE, CCM_SIZE = 0x1000_0000, 0x1_0000
SYSTEM_BASE, SYSTEM_SIZE = 0x1FFF_0000, 0x8000
OPTION_BASE, OPTION_SIZE = 0x1FFF_C000, 0x1000
UNIQUE_ID_ADDRESS, FLASH_SIZE_ADDRESS = 0x1FFF_7A10, 0x1FFF_7A22
#: Calibration of the reference voltage: its reading in 12 bits at 3.3 V (data sheet, 5.3.24).
VREFINT_CAL_ADDRESS, VREFINT_CAL = 0x1FFF_7A2A, 1502
OPTION_BYTES = bytes.fromhex("efaa0000efaa1055ff0f0000ff0f00f0")

#: Stack and entry of the ROM boot loader; at its entry waits the model that takes over.
ROM_STACK, ROM_ENTRY = 0x2000_2D40, 0x1FFF_0100
ROM_CODE = b"\x30\xbf\xfd\xe7"  # wfi; b to the wfi


class Memory:
    """Byte arrays shared with the core, by region.

    Attributes:
        flash, sram, ccm, system, option: contents of the regions.

    """

    def __init__(self, engine: Engine, unique_id: bytes) -> None:
        if len(unique_id) != 12:
            raise EmulationError("memory", "UID", "the unique id has 12 bytes")
        self._engine = engine
        self._rom_at_zero = False
        self.flash = bytearray(b"\xff" * FLASH_SIZE)
        self.sram = bytearray(SRAM_SIZE)
        self.ccm = bytearray(CCM_SIZE)
        self.system = bytearray(b"\xff" * SYSTEM_SIZE)
        self.option = bytearray(b"\xff" * OPTION_SIZE)
        self._fill_system(unique_id)
        self._regions = (
            (SRAM_BASE, self.sram),
            (CCM_BASE, self.ccm),
            (FLASH_BASE, self.flash),
            (SYSTEM_BASE, self.system),
            (OPTION_BASE, self.option),
        )
        engine.map_memory(FLASH_BASE, self.flash, execute=True)
        engine.map_memory(0, self.flash, execute=True)  # the alias of the boot memory
        engine.map_memory(SRAM_BASE, self.sram, write=True, execute=True)
        engine.map_memory(CCM_BASE, self.ccm, write=True)  # data bus alone: no code
        engine.map_memory(SYSTEM_BASE, self.system, execute=True)
        engine.map_memory(OPTION_BASE, self.option)

    def _fill_system(self, unique_id: bytes) -> None:
        def put(address: int, data: bytes) -> None:
            offset = address - SYSTEM_BASE
            self.system[offset : offset + len(data)] = data

        put(SYSTEM_BASE, ROM_STACK.to_bytes(4, "little") + (ROM_ENTRY | 1).to_bytes(4, "little"))
        put(ROM_ENTRY, ROM_CODE)
        put(UNIQUE_ID_ADDRESS, unique_id)
        put(FLASH_SIZE_ADDRESS, (FLASH_SIZE // 1024).to_bytes(2, "little"))
        put(VREFINT_CAL_ADDRESS, VREFINT_CAL.to_bytes(2, "little"))
        self.option[: len(OPTION_BYTES)] = OPTION_BYTES

    def map_at_zero(self, *, from_rom: bool) -> None:
        """Show the system memory or the flash at address 0 (SYSCFG_MEMRMP)."""
        if from_rom == self._rom_at_zero:
            return
        engine = self._engine
        engine.unmap_memory(0, SYSTEM_SIZE if self._rom_at_zero else FLASH_SIZE)
        engine.map_memory(0, self.system if from_rom else self.flash, execute=True)
        self._rom_at_zero = from_rom

    @property
    def boot_base(self) -> int:
        """Address proper of the memory shown at address 0."""
        return SYSTEM_BASE if self._rom_at_zero else FLASH_BASE

    def lose_power(self, seed: int) -> None:
        """Leave in the RAMs what RAM holds when power returns: anything."""
        noise = random.Random(seed)
        self.sram[:] = noise.randbytes(SRAM_SIZE)
        self.ccm[:] = noise.randbytes(CCM_SIZE)

    def find(self, address: int, length: int) -> tuple[bytearray, int] | None:
        """Find the region that holds a range, and the offset of its start there."""
        for base, data in self._regions:
            offset = address - base
            if offset >= 0 and offset + length <= len(data):
                return data, offset
        return None

    @staticmethod
    def is_ram(address: int) -> bool:
        """Whether an address is in SRAM or CCM."""
        return (
            SRAM_BASE <= address < SRAM_BASE + SRAM_SIZE
            or CCM_BASE <= address < CCM_BASE + CCM_SIZE
        )

    def read(self, address: int, length: int) -> bytes:
        """Bytes of a memory, for tests and tools; raises EmulationError outside of memory."""
        found = self.find(address, length)
        if found is None:
            raise EmulationError("memory", "", f"no memory at {address:#010x}, {length} bytes")
        data, offset = found
        return bytes(data[offset : offset + length])

    def write(self, address: int, data: bytes) -> None:
        """Set bytes of a memory, flash as well, for loading and tests."""
        found = self.find(address, len(data))
        if found is None:
            raise EmulationError("memory", "", f"no memory at {address:#010x}, {len(data)} bytes")
        memory, offset = found
        memory[offset : offset + len(data)] = data

    def word(self, address: int) -> int:
        """Read the 32-bit word at an address."""
        return int.from_bytes(self.read(address, 4), "little")

    def dma_view(self, controller: str, address: int, length: int, *, write: bool) -> memoryview:
        """Find the memory that a DMA stream reads or writes; raises what the bus matrix forbids.

        The CCM is on no bus of the DMA controllers, and they cannot program the flash
        (RM0090, 2.1 and 10.3.1).
        """
        if address >= SRAM_BASE and address + length <= SRAM_BASE + SRAM_SIZE:
            return memoryview(self.sram)[address - SRAM_BASE : address - SRAM_BASE + length]
        if CCM_BASE <= address < CCM_BASE + CCM_SIZE:
            raise EmulationError(
                controller, "M0AR", f"{address:#010x} is in the CCM, which DMA cannot reach"
            )
        if not write and address >= FLASH_BASE and address + length <= FLASH_BASE + FLASH_SIZE:
            base = address - FLASH_BASE
            return memoryview(self.flash)[base : base + length].toreadonly()
        kind = "writes to" if write else "reads from"
        raise EmulationError(
            controller, "M0AR", f"the stream {kind} {address:#010x}, {length} bytes: not RAM"
        )
