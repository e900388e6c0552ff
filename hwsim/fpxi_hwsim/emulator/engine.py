"""Unicorn, with what its Python binding keeps to itself: exact instruction counts, raw callbacks.

Two facts about Unicorn 2.1 shape this file. A run of at most `count` instructions keeps its
count and its limit in two neighbouring words of the engine's state: reading the first gives
virtual time to the instruction inside a register access, lowering the second ends the run
after the current instruction. (`emu_stop` in a callback would replay that instruction.) The
words are found by running known counts, so that a changed layout is noticed, not misread. And
the binding's own callback wrappers halve the rate of register accesses, so these go by ctypes.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable
from typing import Any

from fpxi_hwsim.emulator.errors import EmulationError, EmulatorMissingError

try:
    from unicorn import arm_const, unicorn_const

    # Partly typed: taken as it is.
    binding: Any = importlib.import_module("unicorn.unicorn_py3.unicorn")
except ImportError as error:
    raise EmulatorMissingError("unicorn") from error

__all__ = ["Engine", "RegisterSet", "arm_const", "unicorn_const"]

ReadCallback = Callable[[int, int], int]
WriteCallback = Callable[[int, int, int], None]

_STATE_BYTES = 0x2000
_PROBE_ADDRESS = 0x0
_PROBE_LOOP = b"\x00\xbf\xfd\xe7"  # nop; b to the nop


def find_counter(handle: int, probe: Callable[[int], None]) -> int:
    """Find the instruction counter in the engine's state, by offset; the limit follows it."""
    found: set[int] | None = None
    for count in (12_347, 77_771):
        probe(count)
        words = memoryview(ctypes.string_at(handle, _STATE_BYTES)).cast("Q")
        here = {
            index
            for index in range(len(words) - 1)
            if words[index] == count + 1 and words[index + 1] == count
        }
        found = here if found is None else found & here
    if not found or len(found) != 1:
        raise EmulationError(
            "engine",
            "",
            "this version of Unicorn keeps no instruction counter where expected; install the "
            "version that the extra `emulator` pins",
        )
    return 8 * found.pop()


class Engine:
    """A Cortex-M4 that executes counted slices.

    Attributes:
        counter: instructions begun in this slice, the running one included.
        limit: instructions after which the slice ends; may be lowered by `cut`.
        interrupt: number of the exception that ended the slice, None if none did.

    """

    _offset: int | None = None

    def __init__(self) -> None:
        self.uc: Any = binding.Uc(
            unicorn_const.UC_ARCH_ARM, unicorn_const.UC_MODE_THUMB | unicorn_const.UC_MODE_MCLASS
        )
        self.uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
        self.library: Any = binding.uclib
        self.handle: Any = self.uc._uch
        if Engine._offset is None:
            Engine._offset = self._probe()
        state = self.handle.value + Engine._offset
        self.counter = ctypes.c_uint64.from_address(state)
        self.limit = ctypes.c_uint64.from_address(state + 8)
        self.interrupt: int | None = None
        self._pc = ctypes.c_uint32()
        self._pc_reference = ctypes.byref(self._pc)
        self._error: BaseException | None = None
        self._keep: list[Any] = []
        self.uc.hook_add(unicorn_const.UC_HOOK_INTR, self._on_interrupt)

    def _probe(self) -> int:
        self.uc.mem_map(_PROBE_ADDRESS, 0x1000)
        self.uc.mem_write(_PROBE_ADDRESS, _PROBE_LOOP)
        offset = find_counter(
            self.handle.value,
            lambda count: self.uc.emu_start(_PROBE_ADDRESS | 1, 0xFFFFFFF0, count=count),
        )
        self.uc.mem_unmap(_PROBE_ADDRESS, 0x1000)
        return offset

    def _on_interrupt(self, _uc: Any, number: int, _data: Any) -> None:
        self.interrupt = number
        self.uc.emu_stop()

    def map_memory(
        self, address: int, memory: bytearray, *, write: bool = False, execute: bool = False
    ) -> None:
        """Make `memory` visible to the core; both sides see each other's writes."""
        rights: int = unicorn_const.UC_PROT_READ
        rights |= unicorn_const.UC_PROT_WRITE if write else 0
        rights |= unicorn_const.UC_PROT_EXEC if execute else 0
        buffer = (ctypes.c_char * len(memory)).from_buffer(memory)
        self._keep.append(buffer)
        self.uc.mem_map_ptr(address, len(memory), rights, ctypes.addressof(buffer))

    def unmap_memory(self, address: int, size: int) -> None:
        """Take memory away from the core."""
        self.uc.mem_unmap(address, size)

    def map_registers(
        self, address: int, size: int, read: ReadCallback, write: WriteCallback
    ) -> None:
        """Have accesses in a range answered by read(offset, size) and write(offset, size, value).

        An exception that they raise ends the run and comes out of `run`.
        """

        def on_read(_handle: Any, offset: int, size: int, _data: Any) -> int:
            try:
                return read(offset, size)
            except BaseException as error:  # noqa: BLE001 - re-raised by run
                self._stop(error)
                return 0

        def on_write(_handle: Any, offset: int, size: int, value: int, _data: Any) -> None:
            try:
                write(offset, size, value)
            except BaseException as error:  # noqa: BLE001 - re-raised by run
                self._stop(error)

        callbacks = (binding.MMIO_READ_CFUNC(on_read), binding.MMIO_WRITE_CFUNC(on_write))
        self._keep.append(callbacks)
        status = self.library.uc_mmio_map(
            self.handle, address, size, callbacks[0], 0, callbacks[1], 0
        )
        if status:
            raise binding.UcError(status)

    def on_protected_write(self, function: Callable[[int, int, int], None]) -> None:
        """Call function(address, size, value) before the core writes to read-only memory.

        The write itself still takes place afterwards.
        """

        def hook(_uc: Any, _kind: int, address: int, size: int, value: int, _data: Any) -> bool:
            function(address, size, value & ((1 << 8 * size) - 1))
            return True

        self.uc.hook_add(unicorn_const.UC_HOOK_MEM_WRITE_PROT, hook)

    def on_invalid_access(self, function: Callable[[int], None]) -> None:
        """Call function(address) when the core reads or writes where nothing is."""

        def hook(_uc: Any, _kind: int, address: int, _size: int, _value: int, _data: Any) -> bool:
            function(address)
            return False

        kinds = unicorn_const.UC_HOOK_MEM_READ_UNMAPPED | unicorn_const.UC_HOOK_MEM_WRITE_UNMAPPED
        self.uc.hook_add(kinds, hook)

    def forget_code(self, address: int, size: int) -> None:
        """Drop translations of a range whose memory was changed from outside."""
        self.uc.ctl_remove_cache(address, address + size)

    def _stop(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
        self.uc.emu_stop()

    def program_counter(self) -> int:
        """Address of the instruction being executed, or of the next one."""
        self.library.uc_reg_read(self.handle, arm_const.UC_ARM_REG_PC, self._pc_reference)
        return self._pc.value

    def cut(self, count: int) -> None:
        """End the running slice after `count` of its instructions, at the current one at least."""
        self.limit.value = max(self.counter.value, count)

    def run(self, address: int, count: int) -> int:
        """Execute at most `count` instructions from `address`.

        Returns Unicorn's error code (0 if none). `counter` then holds count + 1 if the count
        was the reason to end, otherwise the number of instructions executed.
        """
        self.interrupt = None
        # uc_emu_start installs its counting hook for every count but zero.
        status: int = self.library.uc_emu_start(self.handle, address | 1, 0xFFFFFFF0, 0, count)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        hook_error = self.uc._hook_exception
        if hook_error is not None:
            self.uc._hook_exception = None
            raise hook_error
        return status


class RegisterSet:
    """Core registers read and written in one call.

    Attributes:
        values: what `read` brought or `write` sends, in the order of the ids.

    """

    def __init__(self, engine: Engine, ids: tuple[int, ...]) -> None:
        count = len(ids)
        self.values = (ctypes.c_uint32 * count)()
        address = ctypes.addressof(self.values)
        self._ids = (ctypes.c_int * count)(*ids)
        self._slots = (ctypes.c_void_p * count)(*(address + 4 * i for i in range(count)))
        self._count = count
        self._handle = engine.handle
        self._read = engine.library.uc_reg_read_batch
        self._write = engine.library.uc_reg_write_batch

    def read(self) -> list[int]:
        """Read the registers from the core."""
        self._read(self._handle, self._ids, self._slots, self._count)
        return list(self.values)

    def write(self, values: list[int]) -> None:
        """Write the registers to the core."""
        for index, value in enumerate(values):
            self.values[index] = value
        self._write(self._handle, self._ids, self._slots, self._count)
