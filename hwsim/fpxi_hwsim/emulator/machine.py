"""The microcontroller as a whole: core, memories, register bus, interrupts, resets, time."""

from __future__ import annotations

import enum
from collections.abc import Callable

from fpxi_hwsim.emulator.cpu import Cpu
from fpxi_hwsim.emulator.engine import Engine
from fpxi_hwsim.emulator.errors import EmulationError
from fpxi_hwsim.emulator.image import Image
from fpxi_hwsim.emulator.memory import Memory
from fpxi_hwsim.emulator.nvic import Nvic
from fpxi_hwsim.emulator.peripheral import Peripheral
from fpxi_hwsim.emulator.schedule import TICKS_PER_US, Schedule
from fpxi_hwsim.emulator.system_control import SystemControl

PERIPHERAL_BASE, PERIPHERAL_SIZE = 0x4000_0000, 0x8_0000
AHB2_BASE, AHB2_SIZE = 0x5000_0000, 0x8_0000
PRIVATE_BASE, PRIVATE_SIZE = 0xE000_0000, 0x10_0000

_LOOK_EVERY_US = 10

DEFAULT_UNIQUE_ID = bytes.fromhex("2a0031000c51353433343738")


class ResetCause(enum.Enum):
    """Why the microcontroller starts anew; RCC turns it into the flags of RCC_CSR."""

    POWER = "power"
    PIN = "pin"
    SOFTWARE = "software"
    WATCHDOG = "watchdog"


class Machine:
    """Everything that the peripherals share; `stm32f405.Board` puts the peripherals in.

    Attributes:
        schedule: virtual time and events.
        memory: flash and RAMs.
        nvic: interrupts and exceptions pending.
        cpu: the core.
        peripherals: the register models by name.
        on_reset: called with the cause after every reset.
        boot0: level of the BOOT0 pin; high starts the ROM boot loader at a reset.
        reset_request: the reset to be carried out before the next instruction.
        resets: causes of the resets since the machine was made.

    """

    def __init__(self, unique_id: bytes = DEFAULT_UNIQUE_ID) -> None:
        self.schedule = Schedule()
        self.engine = Engine()
        self.memory = Memory(self.engine, unique_id)
        self.peripherals: dict[str, Peripheral] = {}
        self._pages: dict[int, Peripheral] = {}
        self.nvic = Nvic()
        self.cpu = Cpu(self)
        self.symbols: dict[str, int] = {}
        self.on_reset: list[Callable[[ResetCause], None]] = []
        self.resets: list[ResetCause] = []
        self.boot0 = False
        self.reset_request: ResetCause | None = ResetCause.POWER
        self.system_control = SystemControl(self)
        for base, size in (
            (PERIPHERAL_BASE, PERIPHERAL_SIZE),
            (AHB2_BASE, AHB2_SIZE),
            (PRIVATE_BASE, PRIVATE_SIZE),
        ):
            self.cpu.map_registers(base, size, self._pages)

    # ---- construction

    def attach(self, peripheral: Peripheral) -> None:
        """Put a peripheral's registers on the bus; its base and size are multiples of 1 KB."""
        self.peripherals[peripheral.name] = peripheral
        for page in range(peripheral.base >> 10, (peripheral.base + peripheral.size) >> 10):
            self._pages[page] = peripheral

    def load(self, image: Image) -> None:
        """Program an image into the flash, as a factory would, and forget older symbols."""
        for address, data in image.regions:
            self.memory.write(address, data)
            self.engine.forget_code(address, len(data))
        self.symbols = dict(image.symbols)

    def symbol(self, name: str) -> int:
        """Address of a symbol of the image; raises EmulationError if it has none."""
        try:
            return self.symbols[name]
        except KeyError:
            raise EmulationError("image", name, "the firmware has no such symbol") from None

    # ---- running

    @property
    def now(self) -> int:
        """Virtual time in ticks of 168 MHz."""
        return self.schedule.now

    @property
    def instructions(self) -> int:
        """Instructions executed since the machine was made."""
        return self.cpu.instructions

    def run(self, until: int) -> None:
        """Let time pass until tick `until`, executing instructions and events."""
        self.cpu.run(until)

    def run_us(self, microseconds: float) -> None:
        """Let that many microseconds pass."""
        self.run(self.now + round(microseconds * TICKS_PER_US))

    def run_until(self, condition: Callable[[], bool], *, limit_us: float) -> None:
        """Let time pass until a condition holds, looking every 10 us or after an event.

        Raises EmulationError if it does not within `limit_us`.
        """
        limit = self.now + round(limit_us * TICKS_PER_US)
        while not condition():
            if self.now >= limit:
                raise EmulationError(
                    "machine",
                    "",
                    f"what was waited for did not happen within {limit_us:g} us",
                    program_counter=self.program_counter(),
                    tick=self.now,
                )
            step = self.now + _LOOK_EVERY_US * TICKS_PER_US
            if self.cpu.sleeping:
                step = max(step, self.schedule.next_time())
            self.run(min(step, limit))

    def program_counter(self) -> int:
        """Address of the instruction being executed, or of the next one."""
        return self.cpu.program_counter()

    # ---- interrupts

    def irq(self, number: int, level: bool) -> None:
        """Set the level of a peripheral's interrupt line; high pends it until it is low."""
        if self.nvic.set_line(number, level):
            self.cpu.interrupt_changed()

    def pend(self, number: int) -> None:
        """Pend an interrupt by a pulse."""
        self.nvic.pend(16 + number)
        self.cpu.interrupt_changed()

    # ---- bus, as DMA sees it

    def bus_read(self, address: int, size: int) -> int:
        """Read a peripheral register as a bus master other than the core."""
        peripheral = self._pages.get(address >> 10)
        if peripheral is None or address >= PRIVATE_BASE:
            raise EmulationError("bus", "", f"no peripheral at {address:#010x}", tick=self.now)
        return peripheral.read(address - peripheral.base, size)

    def bus_write(self, address: int, size: int, value: int) -> None:
        """Write a peripheral register as a bus master other than the core."""
        peripheral = self._pages.get(address >> 10)
        if peripheral is None or address >= PRIVATE_BASE:
            raise EmulationError("bus", "", f"no peripheral at {address:#010x}", tick=self.now)
        peripheral.write(address - peripheral.base, size, value)

    # ---- core

    def vector_address(self, exception: int) -> int:
        """Address of an exception's vector."""
        table = self.cpu.exceptions.vector_table
        return (table or self.memory.boot_base) + 4 * exception

    def note_fault(self, status: int, address: int | None) -> None:
        """Have the system control block show a fault that became a HardFault."""
        self.system_control.note_fault(status, address)

    # ---- reset

    def request_reset(self, cause: ResetCause) -> None:
        """Reset before the next instruction; RAM is kept unless power is the cause."""
        self.reset_request = cause
        self.cpu.interrupt_changed()

    def request_software_reset(self) -> None:
        """Reset as AIRCR.SYSRESETREQ asks."""
        self.request_reset(ResetCause.SOFTWARE)

    def power_cycle(self) -> None:
        """Take the power away and give it back: RAM is lost, flash kept."""
        self.schedule.clear()
        self.request_reset(ResetCause.POWER)

    def take_reset(self) -> None:
        """Carry out a requested reset; the core calls it between instructions."""
        cause, self.reset_request = self.reset_request, None
        if cause is None:
            return
        self.resets.append(cause)
        if cause is ResetCause.POWER:
            self.memory.lose_power(seed=len(self.resets))
        for peripheral in self.peripherals.values():
            peripheral.reset()
        self.nvic.reset()
        for function in self.on_reset:
            function(cause)
        self.memory.map_at_zero(from_rom=self.boot0)
        self.cpu.reset()
