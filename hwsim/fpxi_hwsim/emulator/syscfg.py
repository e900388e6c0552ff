"""System configuration and external interrupts (RM0090, 9.2 and chapter 12)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.peripheral import Peripheral

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine
    from fpxi_hwsim.emulator.pins import Pins

_LINES = 0x7F_FFFF
_PORT_LETTERS = "ABCDEFGHI"
# Interrupts of lines 0 to 15 (RM0090, table 62).
_IRQS = (6, 7, 8, 9, 10, *(23,) * 5, *(40,) * 6)


class Syscfg(Peripheral):
    """Memory remapping and the choice of ports for the external lines."""

    access_sizes = (1, 2, 4)

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine, "SYSCFG", 0x4001_3800)
        self._memrmp = self.register(0x00, "MEMRMP", writable=3, write=self._write_memrmp)
        self.register(0x04, "PMC", writable=1 << 23)
        self._exticr = [
            self.register(0x08 + 4 * index, f"EXTICR{index + 1}", writable=0xFFFF)
            for index in range(4)
        ]
        self.register(0x20, "CMPCR", writable=1, ignored=1 << 8)

    def reset(self) -> None:
        """Map the flash at address 0 again."""
        if self._memrmp.value:
            self.machine.memory.map_at_zero(from_rom=False)
        super().reset()

    def _write_memrmp(self, value: int) -> None:
        if value > 1:
            self.fail("MEMRMP", f"{value}: main flash and system memory are modelled at 0")
        if value != self._memrmp.value:
            self.machine.memory.map_at_zero(from_rom=bool(value))
        self._memrmp.value = value

    def port_of(self, line: int) -> str:
        """Letter of the port that drives an external line."""
        return _PORT_LETTERS[self._exticr[line >> 2].value >> 4 * (line & 3) & 0xF]


class Exti(Peripheral):
    """Edge detectors of the pins."""

    def __init__(self, machine: Machine, syscfg: Syscfg, pins: Pins) -> None:
        super().__init__(machine, "EXTI", 0x4001_3C00)
        self._syscfg = syscfg
        self._imr = self.register(0x00, "IMR", writable=_LINES)
        self.register(0x04, "EMR", writable=_LINES)
        self._rtsr = self.register(0x08, "RTSR", writable=_LINES)
        self._ftsr = self.register(0x0C, "FTSR", writable=_LINES)
        self.register(0x10, "SWIER", writable=_LINES, read=lambda: 0, write=self._raise)
        self._pr = self.register(0x14, "PR", writable=_LINES, write=self._clear)
        self._imr.write = self._write_imr
        for letter in pins.ports:
            for bit in range(16):
                pins.on_input(f"P{letter}{bit}", partial(self._edge, letter, bit))

    def reset(self) -> None:
        """Mask and forget all lines."""
        super().reset()
        self._update_irqs()

    def _edge(self, letter: str, line: int, _time: int, level: bool) -> None:
        selected = self._rtsr if level else self._ftsr
        if selected.value >> line & 1 and self._syscfg.port_of(line) == letter:
            self._raise(1 << line)

    def _raise(self, lines: int) -> None:
        self._pr.value |= lines & (self._imr.value | ~0xFFFF)
        self._update_irqs()

    def _clear(self, lines: int) -> None:
        self._pr.value &= ~lines
        self._update_irqs()

    def _write_imr(self, value: int) -> None:
        self._imr.value = value
        self._update_irqs()

    def _update_irqs(self) -> None:
        pending = self._pr.value & self._imr.value
        levels: dict[int, bool] = {}
        for line, irq in enumerate(_IRQS):
            levels[irq] = levels.get(irq, False) or bool(pending >> line & 1)
        for irq, level in levels.items():
            self.machine.irq(irq, level)
