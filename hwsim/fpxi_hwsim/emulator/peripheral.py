"""What every peripheral of the microcontroller is: registers behind a clock gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from fpxi_hwsim.emulator.errors import EmulationError

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine

_SIZE_MASK = {1: 0xFF, 2: 0xFFFF, 4: 0xFFFFFFFF}


class Register:
    """One 32-bit register: stored value, reset value, implemented bits, and optional actions.

    Without `read` the stored value is read; without `write` a write is stored. `writable` are
    the bits that may be given a value other than the stored one; a write that sets another
    bit is refused as one of reserved bits, unless the bit is in `ignored` (read-only flags).
    """

    __slots__ = ("ignored", "name", "read", "reset", "value", "writable", "write")

    def __init__(
        self,
        name: str,
        *,
        reset: int,
        writable: int,
        ignored: int,
        read: Callable[[], int] | None,
        write: Callable[[int], None] | None,
    ) -> None:
        self.name = name
        self.reset = reset
        self.value = reset
        self.writable = writable
        self.ignored = ignored
        self.read = read
        self.write = write


class Peripheral:
    """Base of the register models.

    A subclass declares its registers with `register` and acts in their `read` and `write`
    functions. Accesses to undeclared offsets, with the clock off, of a size the bus does not
    carry, or setting reserved bits raise `EmulationError`.
    """

    #: Access sizes in bytes that the reference manual allows.
    access_sizes: tuple[int, ...] = (4,)

    def __init__(self, machine: Machine, name: str, base: int, size: int = 0x400) -> None:
        self.machine = machine
        self.schedule = machine.schedule
        self.name = name
        self.base = base
        self.size = size
        #: Set by RCC. Peripherals without a clock gate keep the initial True.
        self.clocked = True
        self.registers: dict[int, Register] = {}
        machine.attach(self)

    def register(
        self,
        offset: int,
        name: str,
        *,
        reset: int = 0,
        writable: int = 0,
        ignored: int = 0,
        read: Callable[[], int] | None = None,
        write: Callable[[int], None] | None = None,
    ) -> Register:
        """Declare the register at `offset`; see `Register`.

        Without `write`, a write stores the bits of `writable`.
        """
        register = Register(
            name, reset=reset, writable=writable, ignored=ignored, read=read, write=write
        )
        self.registers[offset] = register
        return register

    def reset(self) -> None:
        """Give every register its reset value; subclasses also drop their running work."""
        for register in self.registers.values():
            register.value = register.reset

    def next_change(self, offset: int) -> int | None:  # noqa: ARG002 - for subclasses
        """Tick at which a register changes by itself, without an event; None if it does not.

        Lets a tight loop that polls the register be skipped to that tick. Registers that count
        time must answer it.
        """
        return None

    def read(self, offset: int, size: int) -> int:
        """Read `size` bytes at `offset` as the core or a DMA stream does."""
        if not self.clocked:
            self._refuse_unclocked(offset, "read")
        register = self.registers.get(offset & ~3)
        if register is None:
            self.fail(f"{offset:#x}", "read of a reserved address")
        if size == 4 and not offset & 3:
            return register.value if register.read is None else register.read()
        shift = self._part(register, offset, size)
        value = register.value if register.read is None else register.read()
        return (value >> shift) & _SIZE_MASK[size]

    def write(self, offset: int, size: int, value: int) -> None:
        """Write `size` bytes at `offset` as the core or a DMA stream does."""
        if not self.clocked:
            self._refuse_unclocked(offset, "write")
        register = self.registers.get(offset & ~3)
        if register is None:
            self.fail(f"{offset:#x}", f"write of {value:#x} to a reserved address")
        if size != 4 or offset & 3:
            shift = self._part(register, offset, size)
            value = (register.value & ~(_SIZE_MASK[size] << shift)) | (value << shift)
        forbidden = (value ^ register.value) & ~(register.writable | register.ignored)
        if forbidden & value:
            self.fail(register.name, f"write of {value:#x} sets reserved bits {forbidden:#x}")
        if register.write is not None:
            register.write(value)
        else:
            writable = register.writable
            register.value = (register.value & ~writable) | (value & writable)

    def _part(self, register: Register, offset: int, size: int) -> int:
        if size not in self.access_sizes or offset % size:
            self.fail(register.name, f"access of {size} bytes at {offset:#x} is not supported")
        return 8 * (offset & 3)

    def _refuse_unclocked(self, offset: int, access: str) -> NoReturn:
        register = self.registers.get(offset & ~3)
        name = register.name if register else f"{offset:#x}"
        self.fail(name, f"{access} while the peripheral's clock is off (RCC enable bit)")

    def fail(self, register: str, reason: str) -> NoReturn:
        """Raise `EmulationError` in this peripheral's name."""
        raise EmulationError(
            self.name,
            register,
            reason,
            program_counter=self.machine.program_counter(),
            tick=self.schedule.now,
        )
