"""The bias supply: a 16-bit DAC in offset binary and HV_EN, the switch behind it."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

from fpxi_hwsim.emulator.parts.part import Emit, Part, nowhere

BITS = 16
SCK_PERIOD_NS = 1000 / 30
"""30 MHz at most"""
ZERO = 0x8000
FULL_SCALE = 0x7FFF
"""steps from zero to the limit of the bias"""
KEPT = 256
"""changes remembered: a ramp makes one each millisecond, a read-out ends within 34 ms"""


class BiasSupply(Part):
    """Emits ("bias", code at the electrode) whenever that code changes."""

    NAME = "bias supply"
    SIGNALS = ("DAC_CS", "HV_EN")

    def __init__(self, emit: Emit = nowhere) -> None:
        super().__init__(emit)
        self.level["DAC_CS"] = True
        self.code = ZERO
        """what the DAC gives, before HV_EN"""
        self._shifted = 0
        self._bits = 0
        self._clocked_until = 0
        self._written = False
        """whether the DAC's code is known: after power-on it may be any"""
        self._changes: deque[tuple[int, int]] = deque([(0, ZERO)], KEPT)

    @property
    def electrode_code(self) -> int:
        """What the electrode gets."""
        return self.code if self.level["HV_EN"] else ZERO

    def mV_at(self, tick: int, limit_mV: int) -> int:
        """Return what the electrode had at a time not long ago, to the nearest millivolt.

        `limit_mV` is the bias at full scale.
        """
        after = bisect_right(self._changes, tick, key=lambda change: change[0])
        steps = self._changes[max(0, after - 1)][1] - ZERO
        return round(steps * limit_mV / FULL_SCALE)

    def transfer(self, period_ticks: int, bits: int, value: int, tick: int = 0) -> None:
        """Shift bits in from `tick` on, the highest first; without chip select they pass unseen.

        Raises
        ------
        PinError
            SCK is too fast.

        """
        if self.level["DAC_CS"]:
            return
        self._demand("SCK", "period", SCK_PERIOD_NS, 0, period_ticks)
        self._shifted = (self._shifted << bits | value) & 0xFFFF
        self._bits += bits
        # The last rise of SCK takes the last bit over; half a period later the clock is at rest.
        self._clocked_until = tick + bits * period_ticks - period_ticks // 2

    def release(self, tick: int) -> None:
        """Let every input fall, HV_EN among them: the electrode goes to zero."""
        super().release(tick)
        self._changes.append((tick, self.electrode_code))

    def _forget(self) -> None:
        self.level["DAC_CS"] = True
        self._bits = self._clocked_until = 0

    def _DAC_CS_falls(self, _tick: int) -> None:
        self._shifted = self._bits = 0

    def _DAC_CS_rises(self, tick: int) -> None:
        if self._bits != BITS:
            self._refuse("DAC_CS", f"{self._bits} SCK while it was low, not {BITS}", tick)
        if tick < self._clocked_until:
            self._refuse("DAC_CS", "rose before the last bit was clocked in", tick)
        self.code = self._shifted
        self._written = True
        self._tell(tick)

    def _HV_EN_rises(self, tick: int) -> None:
        if not self._written:
            self._refuse("HV_EN", "rose before the DAC was given a code: it may hold any", tick)
        self._tell(tick)

    def _HV_EN_falls(self, tick: int) -> None:
        self._tell(tick)

    def _tell(self, tick: int) -> None:
        self._changes.append((tick, self.electrode_code))
        self.emit(tick, "bias", self.electrode_code)
