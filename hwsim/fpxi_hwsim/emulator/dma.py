"""DMA controllers (RM0090, chapter 10): registers, checks, flags.

A stream moves nothing by itself: the model that makes the requests (its owner) takes items from
the stream or puts them in when its own time comes, so that every item moves in virtual time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.dma_requests import INTERRUPTS, REQUESTS
from fpxi_hwsim.emulator.dma_stream import ENABLE, Stream, StreamOwner
from fpxi_hwsim.emulator.peripheral import Peripheral, Register

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine

_FLAGS = 0x3D
_SHIFTS = (0, 6, 16, 22)
_CR_BITS = 0x0FFF_FFFF & ~(1 << 20)
# Bits of CR that stay writable while the stream runs: EN and the interrupt enables.
_CR_LIVE_BITS = 0x1F
_BASES = {"DMA1": 0x4002_6000, "DMA2": 0x4002_6400}


class Dma(Peripheral):
    """One controller with its eight streams."""

    def __init__(self, machine: Machine, name: str) -> None:
        super().__init__(machine, name, _BASES[name])
        self._owners: dict[str, StreamOwner] = {}
        self._delegates: dict[int, StreamOwner] = {}
        self._flags = [0] * 8
        for half in (0, 1):
            self._declare_flags(half)
        self.streams = [self._declare_stream(number) for number in range(8)]

    def serve(self, request: str, owner: StreamOwner) -> None:
        """Name the model that makes a request, "USART1_TX" for instance."""
        self._owners[request] = owner

    def delegate(self, number: int, owner: StreamOwner) -> None:
        """Give a stream to an owner, whatever request it serves."""
        self._delegates[number] = owner

    def owner(self, stream: Stream) -> StreamOwner:
        """Find the model that moves a stream's items; raises if there is none."""
        request = self.request(stream)
        owner = self._delegates.get(stream.number) or self._owners.get(request)
        if owner is None:
            self.fail(f"S{stream.number}CR", f"no model makes the request {request}")
        return owner

    def request(self, stream: Stream) -> str:
        """Name the request that a stream's channel selects; raises if the table has none."""
        request = REQUESTS[self.name].get((stream.number, stream.channel))
        if request is None:
            self.fail(
                f"S{stream.number}CR",
                f"stream {stream.number} channel {stream.channel} serves no request in use here "
                "(RM0090, tables 42 and 43)",
            )
        return request

    def reset(self) -> None:
        """Disable all streams."""
        for stream in self.streams:
            if stream.owner is not None:
                stream.owner.disabled(stream)
        super().reset()
        self._flags = [0] * 8
        for stream in self.streams:
            stream.clear()
            self._update_irq(stream)

    # ---- flags

    def _declare_flags(self, half: int) -> None:
        def read() -> int:
            return sum(
                flags << shift
                for flags, shift in zip(self._flags[4 * half : 4 * half + 4], _SHIFTS, strict=True)
            )

        def clear(value: int) -> None:
            for index, shift in enumerate(_SHIFTS):
                number = 4 * half + index
                cleared = value >> shift & _FLAGS
                if cleared:
                    self._flags[number] &= ~cleared
                    self._update_irq(self.streams[number])

        every = sum(_FLAGS << shift for shift in _SHIFTS)
        letter = "LH"[half]
        self.register(4 * half, f"{letter}ISR", read=read)
        self.register(8 + 4 * half, f"{letter}IFCR", writable=every, read=lambda: 0, write=clear)

    def set_flags(self, stream: Stream, bits: int) -> None:
        """Raise flags of a stream, and its interrupt if enabled."""
        flags = self._flags[stream.number] = self._flags[stream.number] | bits
        if flags & stream.interrupt_mask:
            self._update_irq(stream)

    def _update_irq(self, stream: Stream) -> None:
        level = bool(self._flags[stream.number] & stream.interrupt_mask)
        self.machine.irq(INTERRUPTS[self.name][stream.number], level)

    # ---- stream registers

    def _declare_stream(self, number: int) -> Stream:
        base = 0x10 + 0x18 * number
        every = 0xFFFF_FFFF
        stream = Stream(
            self,
            number,
            cr=self.register(base, f"S{number}CR", writable=_CR_BITS),
            ndtr=self.register(base + 4, f"S{number}NDTR", writable=0xFFFF),
            par=self.register(base + 8, f"S{number}PAR", writable=every),
            m0ar=self.register(base + 12, f"S{number}M0AR", writable=every),
            fcr=self.register(base + 20, f"S{number}FCR", reset=0x21, writable=0x87, ignored=0x38),
        )
        m1ar = self.register(base + 16, f"S{number}M1AR", writable=every)
        stream.cr_register.write = lambda value: self._write_cr(stream, value)
        stream.ndtr_register.read = lambda: self._read_ndtr(stream)
        for register in (
            stream.ndtr_register,
            stream.par_register,
            stream.m0ar_register,
            stream.fcr_register,
            m1ar,
        ):
            register.write = partial(self._write_idle, stream, register)
        return stream

    def _write_idle(self, stream: Stream, register: Register, value: int) -> None:
        if stream.enabled:
            self.fail(register.name, "written while the stream is enabled")
        register.value = value
        stream.update_interrupt_mask()

    def _read_ndtr(self, stream: Stream) -> int:
        if stream.owner is not None:
            return stream.owner.position(stream)
        return stream.ndtr_register.value

    def _write_cr(self, stream: Stream, value: int) -> None:
        register = stream.cr_register
        name = f"S{stream.number}CR"
        if stream.enabled:
            if (value ^ register.value) & ~_CR_LIVE_BITS:
                self.fail(name, "configuration changed while the stream is enabled")
            register.value = value
            stream.update_interrupt_mask()
            if not value & ENABLE and stream.owner is not None:
                stream.owner.disabled(stream)
                # Ended before its time: the flag tells that no access is outstanding (10.3.14).
                stream.stop()
                self.set_flags(stream, stream.COMPLETE)
        else:
            register.value = value & ~ENABLE
            stream.update_interrupt_mask()
            if value & ENABLE:
                if self._flags[stream.number]:
                    self.fail(name, "enabled before the flags of the last transfer were cleared")
                owner = self.owner(stream)
                stream.start()
                register.value = value
                stream.owner = owner
                owner.enabled(stream)
        self._update_irq(stream)
