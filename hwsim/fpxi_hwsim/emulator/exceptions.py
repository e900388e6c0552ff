"""Exception entry and return: the stack frames of ARMv7-M (B1.5.6 to B1.5.8)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NoReturn

from fpxi_hwsim.emulator.engine import RegisterSet, arm_const
from fpxi_hwsim.emulator.errors import EmulationError
from fpxi_hwsim.emulator.nvic import NMI

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine

_BASIC = struct.Struct("<8I")
_FLOAT = struct.Struct("<18I")
_BASIC_BYTES, _EXTENDED_BYTES = 32, 104
_FRAME_REGISTERS = (
    arm_const.UC_ARM_REG_R0,
    arm_const.UC_ARM_REG_R1,
    arm_const.UC_ARM_REG_R2,
    arm_const.UC_ARM_REG_R3,
    arm_const.UC_ARM_REG_R12,
    arm_const.UC_ARM_REG_LR,
    arm_const.UC_ARM_REG_PC,
    arm_const.UC_ARM_REG_XPSR,
    arm_const.UC_ARM_REG_SP,
    arm_const.UC_ARM_REG_CONTROL,
)
_FLOAT_REGISTERS = (
    *(arm_const.UC_ARM_REG_S0 + index for index in range(16)),
    arm_const.UC_ARM_REG_FPSCR,
)
_MASK_REGISTERS = (
    arm_const.UC_ARM_REG_PRIMASK,
    arm_const.UC_ARM_REG_BASEPRI,
    arm_const.UC_ARM_REG_FAULTMASK,
)
_SPSEL, _FPCA, _SFPA = 2, 4, 8
_THUMB, _ALIGNED, _FLAGS, _IT_BITS = 1 << 24, 1 << 9, 0xF800_0000, 0x0600_FC00
_RETURN_HANDLER, _RETURN_THREAD, _NO_FLOAT_FRAME = 0xFFFF_FFE1, 0xFFFF_FFE9, 0x10


class ExceptionUnit:
    """Builds and unwinds exception frames in the firmware's stack.

    Frames with floating-point state are written whole at entry. Lazy stacking would write it
    at the handler's first floating-point instruction; no program can tell but by reading FPCAR.
    The process stack pointer is not modelled: the firmware has one stack.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._frame = RegisterSet(machine.engine, _FRAME_REGISTERS)
        self._float = RegisterSet(machine.engine, _FLOAT_REGISTERS)
        self._stack = RegisterSet(machine.engine, _FRAME_REGISTERS[-2:])
        self._masks = RegisterSet(machine.engine, _MASK_REGISTERS)
        self._uc = machine.engine.uc
        #: Set through CPACR and FPCCR by the system control block.
        self.float_enabled = False
        self.float_automatic = True
        self.vector_table = 0

    def reset(self, *, stack: int, entry: int) -> None:
        """Set the registers as a reset does."""
        self.float_enabled = False
        self.float_automatic = True
        self.vector_table = 0
        self._masks.write([0, 0, 0])
        self._float.write([0] * 17)
        self._frame.write([0, 0, 0, 0, 0, 0xFFFF_FFFF, entry & ~1, _THUMB, stack & ~3, 0])

    def masks(self) -> tuple[int, int, int]:
        """PRIMASK, BASEPRI and FAULTMASK."""
        primask, basepri, faultmask = self._masks.read()
        return primask & 1, basepri & 0xFF, faultmask & 1

    def float_used(self) -> bool:
        """Whether a floating-point instruction was executed since the context began."""
        return bool(self._uc.reg_read(arm_const.UC_ARM_REG_CONTROL) & _FPCA)

    def check_float(self) -> None:
        """Raise if the floating-point unit was used while CPACR keeps it off."""
        if not self.float_enabled and self.float_used():
            self._fail("FPU", "CPACR", "floating-point instruction before CPACR enabled the unit")

    def enter(self, exception: int) -> None:
        """Stack the interrupted context and continue at the exception's vector."""
        machine = self._machine
        *frame, stack, control = self._frame.read()
        if control & _SPSEL:
            self._fail("core", "CONTROL", "the process stack (SPSEL) is not modelled")
        with_float = bool(control & _FPCA) and self.float_automatic
        if control & _FPCA and not self.float_enabled:
            self.check_float()
        size = _EXTENDED_BYTES if with_float else _BASIC_BYTES
        bottom = (stack - size) & ~7
        if (stack - size) & 4:
            frame[7] |= _ALIGNED
        found = machine.memory.find(bottom, size)
        if found is None or not machine.memory.is_ram(bottom):
            self._fail("core", "SP", f"the stack pointer {stack:#010x} has left the RAM")
        memory, offset = found
        _BASIC.pack_into(memory, offset, *frame)
        if with_float:
            _FLOAT.pack_into(memory, offset + _BASIC_BYTES, *self._float.read(), 0)
        back = _RETURN_HANDLER if machine.nvic.active else _RETURN_THREAD
        if not with_float:
            back |= _NO_FLOAT_FRAME
        vector = machine.memory.word(machine.vector_address(exception))
        status = (frame[7] & _FLAGS) | exception | (_THUMB if vector & 1 else 0)
        machine.nvic.enter(exception)
        self._frame.write(
            [*frame[:5], back, vector & ~1, status, bottom, control & ~(_FPCA | _SFPA)]
        )

    def leave(self, back: int) -> None:
        """Unstack the context that the value `back` in the program counter asks for."""
        machine = self._machine
        if not machine.nvic.active:
            self._fail("core", "PC", f"exception return {back:#010x} outside a handler")
        stack, control = self._stack.read()
        if control & _FPCA and not self.float_enabled:
            self.check_float()
        with_float = not back & _NO_FLOAT_FRAME
        size = _EXTENDED_BYTES if with_float else _BASIC_BYTES
        found = machine.memory.find(stack, size)
        if found is None:
            self._fail("core", "SP", f"no exception frame at {stack:#010x}")
        memory, offset = found
        frame = list(_BASIC.unpack_from(memory, offset))
        if with_float:
            self._float.write(list(_FLOAT.unpack_from(memory, offset + _BASIC_BYTES))[:17])
        left = machine.nvic.active[-1]
        machine.nvic.leave()
        if bool(back & 8) == bool(machine.nvic.active):
            self._fail("core", "PC", f"return {back:#010x} from exception {left} to a wrong mode")
        primask, basepri, faultmask = self._masks.read()
        if faultmask and left != NMI:
            self._masks.write([primask, basepri, 0])  # B1.5.8
        stack += size + (4 if frame[7] & _ALIGNED else 0)
        control = (control & ~(_FPCA | _SFPA)) | (_FPCA if with_float else 0)
        self._frame.write([*frame[:6], frame[6] & ~1, frame[7] & ~_ALIGNED, stack, control])

    def _fail(self, part: str, register: str, reason: str) -> NoReturn:
        raise EmulationError(
            part,
            register,
            reason,
            program_counter=self._machine.program_counter(),
            tick=self._machine.schedule.now,
        )
