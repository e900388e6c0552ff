"""One DMA stream: its configuration, its checks, and the movement of items."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.dma import Dma
    from fpxi_hwsim.emulator.peripheral import Register

ENABLE = 1
_TO_PERIPHERAL, _MEMORY_TO_MEMORY = 1, 2
_PFCTRL, _CIRC, _PINC, _MINC, _DBM = 1 << 5, 1 << 8, 1 << 9, 1 << 10, 1 << 18
_DMDIS = 1 << 2
# DMA1's peripheral port reaches the APB1 bridge alone (RM0090, 2.1 and 10.3.1).
_APB1 = range(0x4000_0000, 0x4000_8000)
_PERIPHERALS = range(0x4000_0000, 0x5006_1000)


class StreamOwner(Protocol):
    """A model that makes DMA requests."""

    def enabled(self, stream: Stream) -> None:
        """Take note that the core enabled the stream; its checks have passed."""

    def disabled(self, stream: Stream) -> None:
        """Take note that the core, or a reset, disabled the stream."""

    def position(self, stream: Stream) -> int:
        """Items still to be moved, now: what NDTR shows."""
        ...


class Stream:
    """Configuration and progress of a stream.

    Attributes:
        number: 0 to 7.
        enabled: whether EN is set.
        owner: the model that moves the items, while enabled.
        to_peripheral: direction, from memory to the peripheral.
        circular: whether the stream starts anew when complete.
        increments: whether the memory address advances.
        item_bytes: size of an item, the same on both sides (direct mode).
        interrupt_mask: flags whose interrupts are enabled.
        loaded: items as programmed when the stream was enabled.
        remaining: items still to be moved in this round.
        view: the memory side, `loaded` items of `item_bytes`, while enabled.

    """

    FIFO_ERROR, DIRECT_ERROR, ERROR, HALF, COMPLETE = 1, 4, 8, 16, 32

    def __init__(
        self,
        dma: Dma,
        number: int,
        *,
        cr: Register,
        ndtr: Register,
        par: Register,
        m0ar: Register,
        fcr: Register,
    ) -> None:
        self.dma = dma
        self.number = number
        self.cr_register = cr
        self.ndtr_register = ndtr
        self.par_register = par
        self.m0ar_register = m0ar
        self.fcr_register = fcr
        self.clear()

    def clear(self) -> None:
        """Leave nothing of a transfer, as a reset does."""
        self.enabled = False
        self.owner: StreamOwner | None = None
        self.to_peripheral = self.circular = self.increments = False
        self.item_bytes = 1
        self.interrupt_mask = 0
        self.loaded = 0
        self.remaining = 0
        self.view = memoryview(b"")

    @property
    def cr(self) -> int:
        """The control register."""
        return self.cr_register.value

    @property
    def par(self) -> int:
        """Peripheral address."""
        return self.par_register.value

    @property
    def m0ar(self) -> int:
        """Memory address."""
        return self.m0ar_register.value

    @property
    def ndtr(self) -> int:
        """Items as loaded when the stream was enabled."""
        return self.loaded

    @property
    def channel(self) -> int:
        """Selected channel."""
        return self.cr >> 25 & 7

    def update_interrupt_mask(self) -> None:
        """Derive from CR and FCR the flags whose interrupts are enabled."""
        cr = self.cr
        mask = (cr >> 1 & 1) * self.DIRECT_ERROR | (cr >> 2 & 1) * self.ERROR
        mask |= (cr >> 3 & 1) * self.HALF | (cr >> 4 & 1) * self.COMPLETE
        self.interrupt_mask = mask | (self.fcr_register.value >> 7 & 1) * self.FIFO_ERROR

    def _fail(self, reason: str) -> NoReturn:
        self.dma.fail(f"S{self.number}CR", reason)

    def start(self) -> None:
        """Check the configuration and load the counter; raises what the manual forbids."""
        cr = self.cr
        if cr >> 6 & 3 >= _MEMORY_TO_MEMORY:
            self._fail("memory-to-memory transfers are not modelled")
        if cr & _DBM or cr & _PFCTRL or cr & _PINC or cr >> 21 & 0xF:
            self._fail(
                "double buffer, peripheral flow control, peripheral increment and bursts are not "
                "modelled"
            )
        if self.fcr_register.value & _DMDIS:
            self._fail("the FIFO (DMDIS) is not modelled; streams work in direct mode")
        if cr >> 11 & 3 != cr >> 13 & 3 or cr >> 11 & 3 == 3:
            self._fail("PSIZE and MSIZE must be equal in direct mode")
        loaded = self.ndtr_register.value
        if loaded == 0:
            self._fail("enabled with NDTR = 0")
        size = self.item_bytes = 1 << (cr >> 11 & 3)
        self.to_peripheral = cr >> 6 & 3 == _TO_PERIPHERAL
        self.circular = bool(cr & _CIRC)
        self.increments = bool(cr & _MINC)
        if self.par % size or self.m0ar % size:
            self._fail(f"PAR or M0AR is not aligned to the item size of {size}")
        reach = _APB1 if self.dma.name == "DMA1" else _PERIPHERALS
        if self.par not in reach:
            self._fail(f"the controller cannot reach a peripheral at {self.par:#010x}")
        length = loaded * size if self.increments else size
        self.view = self.dma.machine.memory.dma_view(
            self.dma.name, self.m0ar, length, write=not self.to_peripheral
        )
        self.loaded = self.remaining = loaded
        self.enabled = True

    def stop(self) -> None:
        """Leave the enabled state, NDTR showing what remained."""
        self.enabled = False
        self.owner = None
        self.cr_register.value &= ~ENABLE
        self.ndtr_register.value = self.remaining

    def finish(self) -> None:
        """End the transfer as complete: EN falls, or a circular stream starts anew."""
        if self.circular:
            self.remaining = self.loaded
        else:
            self.remaining = 0
            self.stop()
        self.dma.set_flags(self, self.COMPLETE)

    def set_flags(self, *, half: bool = False, complete: bool = False, error: bool = False) -> None:
        """Raise flags, and the interrupt if enabled. A transfer error ends the stream."""
        if error:
            self.stop()
        self.dma.set_flags(self, half * self.HALF | complete * self.COMPLETE | error * self.ERROR)

    def items_to_flag(self) -> int:
        """Items until the next half-transfer or transfer-complete flag."""
        until_half = self.loaded // 2 - (self.loaded - self.remaining)
        return until_half if until_half > 0 else self.remaining

    def take(self, items: int) -> bytes:
        """Move items from memory to the requester, raising the flags on the way.

        Returns fewer items if the stream completes.
        """
        size = self.item_bytes
        parts = []
        while items > 0 and self.enabled:
            count = min(items, max(self.items_to_flag(), 1))
            if self.increments:
                start = (self.loaded - self.remaining) * size
                parts.append(bytes(self.view[start : start + count * size]))
            else:
                parts.append(bytes(self.view) * count)
            items -= count
            self._advance(count)
        return b"".join(parts)

    def put(self, data: bytes) -> int:
        """Move items from the requester to memory; returns how many bytes the stream took."""
        size = self.item_bytes
        done = 0
        while done < len(data) and self.enabled:
            count = min((len(data) - done) // size, max(self.items_to_flag(), 1))
            start = (self.loaded - self.remaining) * size if self.increments else 0
            piece = data[done : done + count * size]
            if not self.increments:
                piece = piece[-size:]
            self.view[start : start + len(piece)] = piece
            done += count * size
            self._advance(count)
        return done

    def _advance(self, count: int) -> None:
        before = self.loaded - self.remaining
        self.remaining -= count
        if before < self.loaded // 2 <= before + count:
            self.dma.set_flags(self, self.HALF)
        if self.remaining == 0:
            self.finish()
