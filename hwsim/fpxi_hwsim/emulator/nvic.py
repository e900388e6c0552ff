"""Pending, enabled and active exceptions and their priorities (ARMv7-M, B1.5; 4 priority bits)."""

from __future__ import annotations

NMI, HARD_FAULT, MEMORY_FAULT, BUS_FAULT, USAGE_FAULT = 2, 3, 4, 5, 6
SV_CALL, DEBUG_MONITOR, PEND_SV, SYS_TICK = 11, 12, 14, 15
FIRST_IRQ = 16
IRQ_COUNT = 82
EXCEPTION_COUNT = FIRST_IRQ + IRQ_COUNT

#: Priority of code that no exception interrupts: lower than every exception's.
THREAD_PRIORITY = 256

_SYSTEM = 0xFFFF


class Nvic:
    """State of all exceptions by exception number (interrupt n is exception 16 + n).

    Attributes:
        pending, enabled, lines: bit masks by exception number; lines are the levels of the
            peripherals' requests, which pend again after the handler if still high.
        active: exceptions being handled, the innermost last.
        priority: 8-bit priorities by exception number.
        group_mask: bits of a priority that decide on preemption (AIRCR.PRIGROUP).
        counts: how often each exception was entered.

    """

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.reset()

    def reset(self) -> None:
        """Nothing enabled, pending or active; peripherals set their lines anew."""
        self.pending = 0
        self.enabled = _SYSTEM
        self.lines = 0
        self.active: list[int] = []
        self.priority = [0] * EXCEPTION_COUNT
        self.group_mask = 0xFF

    def set_line(self, irq: int, level: bool) -> bool:
        """Set the level of interrupt `irq`; returns whether that pended it."""
        bit = 1 << (FIRST_IRQ + irq)
        if not level:
            self.lines &= ~bit
            return False
        if self.lines & bit:
            return False
        self.lines |= bit
        self.pending |= bit
        return True

    def pend(self, exception: int) -> None:
        """Make an exception pending."""
        self.pending |= 1 << exception

    def unpend(self, exception: int) -> None:
        """Withdraw a pending exception; a line still high pends it at once again."""
        bit = 1 << exception
        self.pending = (self.pending & ~bit) | (self.lines & bit)

    def priority_of(self, exception: int) -> int:
        """Priority of an exception; the smaller is the more urgent."""
        if exception <= HARD_FAULT:
            return exception - 4  # reset -3, NMI -2, HardFault -1
        return self.priority[exception]

    def preemption_priority(self, exception: int) -> int:
        """Tell the part of the priority that lets an exception interrupt another."""
        priority = self.priority_of(exception)
        return priority if priority < 0 else priority & self.group_mask

    def current_priority(self) -> int:
        """Priority at which the core executes, masks left out."""
        if not self.active:
            return THREAD_PRIORITY
        return min(self.preemption_priority(exception) for exception in self.active)

    def waiting(self) -> int | None:
        """Find the most urgent exception that is pending and enabled."""
        candidates = self.pending & self.enabled
        best: int | None = None
        best_priority = 1 << 30
        while candidates:
            low = candidates & -candidates
            exception = low.bit_length() - 1
            candidates ^= low
            priority = self.priority_of(exception)
            if priority < best_priority:
                best, best_priority = exception, priority
        return best

    def enter(self, exception: int) -> None:
        """Mark an exception as being handled."""
        self.pending &= ~(1 << exception)
        self.active.append(exception)
        self.counts[exception] = self.counts.get(exception, 0) + 1

    def leave(self) -> None:
        """Mark the innermost exception as handled; its line, if still high, pends it again."""
        exception = self.active.pop()
        self.pending |= self.lines & (1 << exception)
