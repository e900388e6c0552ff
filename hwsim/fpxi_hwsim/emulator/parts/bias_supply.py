"""The bias supply: a 16-bit DAC in offset binary and HV_EN, the switch behind it."""

from __future__ import annotations

from fpxi_hwsim.emulator.parts.part import Emit, Part, nowhere

BITS = 16
SCK_PERIOD_NS = 1000 / 30
"""30 MHz at most"""
ZERO = 0x8000


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

    @property
    def electrode_code(self) -> int:
        """What the electrode gets."""
        return self.code if self.level["HV_EN"] else ZERO

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
        self.emit(tick, "bias", self.electrode_code)

    def _HV_EN_rises(self, tick: int) -> None:
        if not self._written:
            self._refuse("HV_EN", "rose before the DAC was given a code: it may hold any", tick)
        self.emit(tick, "bias", self.electrode_code)

    def _HV_EN_falls(self, tick: int) -> None:
        self.emit(tick, "bias", self.electrode_code)
