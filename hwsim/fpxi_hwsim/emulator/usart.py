"""USART (RM0090, chapter 30): registers, flags and interrupts around its two halves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.peripheral import Peripheral
from fpxi_hwsim.emulator.schedule import TICKS_PER_SECOND
from fpxi_hwsim.emulator.uart_line import LineFormat
from fpxi_hwsim.emulator.usart_dma import DmaRequest
from fpxi_hwsim.emulator.usart_receiver import IDLE, NOT_EMPTY, OVERRUN, Receiver
from fpxi_hwsim.emulator.usart_transmitter import Transmitter

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.dma import Dma
    from fpxi_hwsim.emulator.machine import Machine
    from fpxi_hwsim.emulator.pins import Pins

_TC, _TXE, _CTS = 1 << 6, 1 << 7, 1 << 9
_ERRORS = 0x1F  # PE, FE, NF, ORE, IDLE: cleared by reading SR, then DR
_RE, _TE, _IDLEIE, _RXNEIE, _TCIE, _TXEIE, _PEIE = 4, 8, 16, 32, 64, 128, 256
_PS, _PCE, _M, _UE, _OVER8 = 1 << 9, 1 << 10, 1 << 12, 1 << 13, 1 << 15
_EIE, _DMAR, _DMAT, _RTSE, _CTSE, _CTSIE = 1, 1 << 6, 1 << 7, 1 << 8, 1 << 9, 1 << 10
_AF7 = 7


@dataclass(frozen=True)
class UsartWiring:
    """Where a USART sits: address, interrupt, pins, clock."""

    name: str
    base: int
    irq: int
    tx: str
    rx: str
    clock_hz: Callable[[], int]
    cts: str | None = None
    rts: str | None = None


class Usart(Peripheral):
    """One USART.

    Attributes:
        transmitter: `transmitter.listeners` are told (tick, bytes) of what was sent.
        receiver: the other half.

    """

    access_sizes = (2, 4)

    def __init__(self, machine: Machine, pins: Pins, dma: Dma, wiring: UsartWiring) -> None:
        super().__init__(machine, wiring.name, wiring.base)
        self._pins = pins
        self._wiring = wiring
        self._dma = dma
        self.transmitter = Transmitter(machine.schedule, self._update_irq)
        self.receiver = Receiver(machine.schedule, self._update_irq)
        self._outgoing = bytearray()
        self.transmitter.listeners.append(lambda _tick, data: self._outgoing.extend(data))
        self._cts_changed = False
        self._seen = 0  # flags that the last read of SR showed
        self._tc_cleared = False
        self.register(
            0x00,
            "SR",
            reset=0xC0,
            writable=0x3FF,
            ignored=0xFFFF_FC00,
            read=self._read_sr,
            write=self._write_sr,
        )
        self.register(0x04, "DR", writable=0x1FF, read=self._read_dr, write=self._write_dr)
        self._brr = self.register(0x08, "BRR", writable=0xFFFF, write=self._write_brr)
        self._cr1 = self.register(0x0C, "CR1", writable=0xBFFF, write=self._write_cr1)
        self._cr2 = self.register(0x10, "CR2", writable=0x7F6F, write=self._write_cr2)
        self._cr3 = self.register(0x14, "CR3", writable=0xFFF, write=self._write_cr3)
        self.register(0x18, "GTPR", writable=0xFFFF)
        self._tx_request = DmaRequest(self, is_transmit=True)
        self._rx_request = DmaRequest(self, is_transmit=False)
        dma.serve(f"{wiring.name}_TX", self._tx_request)
        dma.serve(f"{wiring.name}_RX", self._rx_request)
        if wiring.cts is not None:
            pins.on_input(wiring.cts, self._cts_moved)

    def reset(self) -> None:
        """Stop both halves."""
        super().reset()
        self.transmitter.clear()
        self.receiver.clear()
        self._cts_changed = self._tc_cleared = False
        self._update_irq()

    # ---- the outside

    def send(self, data: bytes, line: LineFormat | None = None) -> int:
        """Put bytes on the receive line, at the firmware's own rate if no other is given.

        They follow whatever is already on its way. Returns the tick at which they have arrived.
        """
        return self.receiver.send(data, line)

    def take(self) -> bytes:
        """Return what the firmware has sent since the last call."""
        self.transmitter.update()
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    @property
    def ready_to_receive(self) -> bool:
        """The level of RTS: whether the outside may send."""
        return not self._cr3.value & _RTSE or not self.receiver.flags & NOT_EMPTY

    @property
    def line_format(self) -> LineFormat:
        """Rate and parity that the firmware has set."""
        return self.receiver.format

    # ---- registers

    def _read_sr(self) -> int:
        self.transmitter.update()
        self.receiver.update()
        value = self.receiver.flags | self._cts_changed * _CTS
        value |= self.transmitter.register_empty * _TXE
        if self.transmitter.complete and not self._tc_cleared:
            value |= _TC
        self._seen = value
        return value

    def _write_sr(self, value: int) -> None:
        # RXNE, TC, CTS are cleared by writing 0; the other bits are read-only.
        self.receiver.update()
        if not value & NOT_EMPTY:
            self.receiver.flags &= ~NOT_EMPTY
        if not value & _TC and self.transmitter.complete:
            self._tc_cleared = True
        if not value & _CTS:
            self._cts_changed = False
        self._update_irq()

    def _read_dr(self) -> int:
        self.receiver.update()
        value = self.receiver.read()
        self.receiver.flags &= ~(self._seen & _ERRORS)
        self._seen = 0
        self._update_irq()
        return value

    def _write_dr(self, value: int) -> None:
        self._need_transmitter()
        if not self.transmitter.register_empty:
            self.fail("DR", "written while TXE is 0: the byte before it is lost")
        self._tc_cleared = False
        self.transmitter.write(value & 0xFF)
        self._update_irq()

    def _write_brr(self, value: int) -> None:
        if value != self._brr.value and not self.transmitter.idle:
            self.fail("BRR", "the rate is changed while a byte is being sent")
        self._brr.value = value
        self._update_format()

    def _write_cr1(self, value: int) -> None:
        stopped = self._cr1.value & ~value & (_UE | _TE)
        self.transmitter.update()
        if stopped and not self.transmitter.idle:
            self.fail("CR1", "the transmitter is switched off while a byte is being sent")
        if bool(value & _PCE) != bool(value & _M) or (value & _PCE and value & _PS):
            self.fail("CR1", "eight data bits, with even parity or none, are modelled")
        self._cr1.value = value
        self.receiver.update()
        self.receiver.enabled = bool(value & _UE and value & _RE)
        if self.receiver.enabled:
            self._pins.require(self._wiring.rx, af=_AF7)
        self._update_format()
        self._follow_requests()

    def _write_cr2(self, value: int) -> None:
        if value:
            self.fail("CR2", f"{value:#x}: one stop bit, no LIN, no clock output is modelled")

    def _write_cr3(self, value: int) -> None:
        if value & ~(_EIE | _DMAR | _DMAT | _RTSE | _CTSE | _CTSIE | 1 << 11):
            self.fail("CR3", f"{value:#x}: smart card, IrDA and half duplex are not modelled")
        for bit, pin in ((_CTSE, self._wiring.cts), (_RTSE, self._wiring.rts)):
            if value & bit & ~self._cr3.value:
                if pin is None:
                    self.fail("CR3", "flow control without pins for it")
                self._pins.require(pin, af=_AF7)
        self._cr3.value = value
        self._follow_cts()
        self._follow_requests()

    def _update_format(self) -> None:
        """Derive the rate from BRR (RM0090, 30.3.4)."""
        value, over8 = self._brr.value, self._cr1.value & _OVER8
        if over8 and value & 8:
            self.fail("BRR", "bit 3 must be 0 with OVER8")
        cycles = (value >> 4) * 8 + (value & 7) if over8 else value
        if not self._cr1.value & _UE:
            return
        if cycles < (8 if over8 else 16):
            self.fail("BRR", f"{value:#x}: USARTDIV is less than 1")
        clock = self._wiring.clock_hz()
        line = LineFormat(clock / cycles, even_parity=bool(self._cr1.value & _PCE))
        frame = Fraction(cycles * line.frame_bits * TICKS_PER_SECOND, clock)
        self.transmitter.frame = int(frame) if frame.denominator == 1 else frame
        self.receiver.set_format(line)

    def _need_transmitter(self) -> None:
        if not (self._cr1.value & _UE and self._cr1.value & _TE):
            self.fail("DR", "written while the transmitter is off (UE, TE)")
        self._pins.require(self._wiring.tx, af=_AF7)
        self._pins.require_speed(self._wiring.tx, self.line_format.baud / 2)

    # ---- flow control

    def _cts_moved(self, _time: int, _level: bool) -> None:
        if self._cr3.value & _CTSE:
            self._cts_changed = True
            self._follow_cts()
            self._update_irq()

    def _follow_cts(self) -> None:
        cts = self._wiring.cts
        held = bool(self._cr3.value & _CTSE and cts is not None and self._pins.level(cts))
        self.transmitter.hold(held)

    # ---- DMA and interrupts

    def _follow_requests(self) -> None:
        """Connect or disconnect streams as DMAT, DMAR and the enables say."""
        cr1, cr3 = self._cr1.value, self._cr3.value
        sends = bool(cr3 & _DMAT and cr1 & _UE and cr1 & _TE)
        takes = bool(cr3 & _DMAR and cr1 & _UE and cr1 & _RE)
        stream = self._tx_request.stream
        if sends and stream is not None and self.transmitter.stream is None:
            self._need_transmitter()
            self._tc_cleared = False
            self.transmitter.attach(stream)
        elif not sends and self.transmitter.stream is not None:
            self.transmitter.detach()
        stream = self._rx_request.stream
        if takes and stream is not None and self.receiver.stream is None:
            self.receiver.attach(stream)
        elif not takes and self.receiver.stream is not None:
            self.receiver.detach()
        self._update_irq()

    def requests_changed(self) -> None:
        """Follow the streams that serve this USART."""
        if self._tx_request.stream is None and self.transmitter.stream is not None:
            self.transmitter.detach()
        if self._rx_request.stream is None and self.receiver.stream is not None:
            self.receiver.detach()
        self._follow_requests()

    def _update_irq(self) -> None:
        cr1, cr3, flags = self._cr1.value, self._cr3.value, self.receiver.flags
        level = bool(
            (cr1 & _TXEIE and self.transmitter.register_empty)
            or (cr1 & _TCIE and self.transmitter.complete and not self._tc_cleared)
            or (cr1 & _RXNEIE and flags & (NOT_EMPTY | OVERRUN))
            or (cr1 & _IDLEIE and flags & IDLE)
            or (cr1 & _PEIE and flags & 1)
            or (cr3 & _EIE and cr3 & _DMAR and flags & 0xE)
            or (cr3 & _CTSIE and self._cts_changed)
        )
        self.machine.irq(self._wiring.irq, level)
