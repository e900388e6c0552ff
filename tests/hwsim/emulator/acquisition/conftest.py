"""A bench without firmware: the acquisition's registers are written as a program would."""

import struct
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_hwsim.emulator.acquisition.acquisition import Acquisition
from fpxi_hwsim.emulator.acquisition.charges import Conditions
from fpxi_hwsim.emulator.acquisition.set_up import PIN_OF
from fpxi_hwsim.emulator.dma import Dma
from fpxi_hwsim.emulator.gpio import Gpio
from fpxi_hwsim.emulator.machine import Machine
from fpxi_hwsim.emulator.pins import Pins
from fpxi_readout.protocol.generated import PANELS

GPIOA, GPIOB, GPIOC = 0x4002_0000, 0x4002_0400, 0x4002_0800
TIM8, TIM1, TIM2, SPI1 = 0x4001_0400, 0x4001_0000, 0x4000_0000, 0x4001_3000
DMA2 = 0x4002_6400
TABLE, RING, DUMMY = 0x0801_0000, 0x2000_0000, 0x0800_8000
SLOT = 168
CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCMR2, CCER = range(0, 0x24, 4)
CNT, ARR, CCR1, CCR2, CCR3, BDTR = 0x24, 0x2C, 0x34, 0x38, 0x3C, 0x44
STREAM = {"rx": 0, "table": 1, "read_a": 2, "read_b": 3}
FORCED, PWM1, PWM2 = 4, 6, 7

Wave = dict[int, str]
"""by slot: signals to rise (+) and to fall (-), for instance "+OE +INTG -STV" """


def bsrr(edges: str) -> int:
    """Return the word that makes these edges."""
    word = 0
    for edge in edges.split():
        bit = PIN_OF[edge[1:]]
        word |= 1 << (bit if edge[0] == "+" else bit + 16)
    return word


def words(wave: Wave, slots: int) -> list[int]:
    """Return a table of so many slots."""
    return [bsrr(wave.get(slot, "")) for slot in range(slots)]


TFT_LINE: Wave = {
    0: "-SHS +STI",
    1: "-STI +IRST",
    5: "-IRST +CPV",
    6: "+SHR",
    7: "-SHR -CPV",
    8: "+OE +INTG -STV",
    28: "-OE -INTG",
    30: "+SHS",
}


class Bench:
    """A panel, and what a program would do to read it."""

    def __init__(self, panel: str = "tft64", converters: int = 2) -> None:
        self.machine = Machine()
        self.pins = Pins()
        self.geometry = PANELS[panel]
        self.converters = converters
        self.asked: list[Conditions] = []
        for letter in "ABC":
            Gpio(self.machine, self.pins, letter)
        self.dma = Dma(self.machine, "DMA2")
        rows, columns = self.geometry.rows, self.geometry.columns
        self.frame = np.arange(rows * columns, dtype=np.uint16).reshape(rows, columns)
        self.acquisition = Acquisition(
            self.machine,
            self.pins,
            self.dma,
            self.geometry,
            converters,
            offsets=np.full(columns, 7, np.uint16),
            expose=self._expose,
        )
        self.machine.schedule.now = 10_000
        self.ring_words = 0

    def _expose(self, conditions: Conditions) -> npt.NDArray[np.uint16]:
        self.asked.append(conditions)
        number = len(self.asked)
        passes = np.arange(conditions.oversampling, dtype=np.uint16)[:, None, None]
        return self.frame + np.uint16(10_000 * number) + np.uint16(4096) * passes

    # ---- what a program does

    def write(self, address: int, value: int) -> None:
        """Write a register."""
        self.machine.bus_write(address, 4, value)

    def read(self, address: int) -> int:
        """Read a register."""
        return self.machine.bus_read(address, 4)

    def set_up(self, **changes: int) -> None:
        """Configure pins, timers and SPI1; changes replace single settings."""
        for bit in PIN_OF.values():
            self._pin(GPIOB, bit, 1)
        self._pin(GPIOC, 6, 2, 3)
        self._pin(GPIOC, 8, 2, 3)
        self._pin(GPIOA, 8, 2, 1)
        self._pin(GPIOA, 5, 2, changes.get("sck_af", 5))
        self._pin(GPIOA, 6, 2, 5)
        self.write(GPIOA + 8, changes.get("sck_speed", 3) << 10)
        for timer, trigger, outputs in ((TIM8, 3, 0x101), (TIM1, 0, 1)):
            self.write(timer + CR1, 4)
            self.write(timer + ARR, SLOT - 1)
            self.write(timer + CCR1, changes.get("cnv_width", 60))
            self.write(timer + CCR3, changes.get("clk_phase", 126))
            self.write(timer + CCMR1, FORCED << 4 | 8)
            self.write(timer + CCMR2, PWM2 << 4 | 8)
            self.write(timer + CCER, outputs)
            self.write(timer + CR2, 2 << 4)
            self.write(timer + EGR, 1)
            self.write(timer + SMCR, trigger << 4 | 5)
            self.write(timer + BDTR, 1 << 15)
        self.write(TIM2 + CR1, 4)
        self.write(TIM2 + ARR, 0xFFFF_FFFF)
        self.write(TIM2 + CCR1, 1)
        self.write(TIM2 + EGR, 1)
        self.write(TIM2 + SMCR, 1 << 4 | 7)
        self.write(SPI1 + CR1, changes.get("spi_cr1", 4 | 1 << 6 | 3 << 8 | 1 << 11))
        self.write(SPI1 + CR2, 1)

    def _pin(self, port: int, bit: int, mode: int, function: int = 0) -> None:
        moder = self.read(port) & ~(3 << 2 * bit)
        self.write(port, moder | mode << 2 * bit)
        register = port + 0x20 + 4 * (bit >> 3)
        shift = 4 * (bit & 7)
        self.write(register, self.read(register) & ~(15 << shift) | function << shift)

    def stream(
        self, name: str, channel: int, size: int, peripheral: int, memory: int, items: int,
        *, out: bool, increment: bool = True, circular: bool = True,
    ) -> None:  # fmt: skip
        """Start a stream."""
        base = DMA2 + 0x10 + 0x18 * STREAM[name]
        code = {2: 1, 4: 2}[size]
        control = channel << 25 | code << 13 | code << 11 | increment << 10
        control |= circular << 8 | out << 6
        for offset, value in ((4, items), (8, peripheral), (12, memory), (0, control | 1)):
            self.write(base + offset, value)

    def arm(
        self, table: list[int], slots: int, *, token: bool = True, convert: bool = True,
        ring: int | None = None,
    ) -> None:  # fmt: skip
        """Prepare a scan."""
        self.machine.memory.write(TABLE, struct.pack(f"<{len(table)}I", *table))
        self.write(TIM8 + CNT, 160)
        self.write(TIM1 + CNT, 76)
        self.write(TIM2 + CNT, 0)
        self.write(TIM2 + CCR2, slots)
        self.write(TIM2 + SR, 0)
        self.write(GPIOB + 0x18, bsrr("+STV" if token else "-STV"))
        self.stream("table", 7, 4, GPIOB + 0x18, TABLE, len(table), out=True)
        self.write(TIM8 + CCMR1, (PWM1 if convert else FORCED) << 4 | 8)
        self.write(TIM8 + DIER, 1 << 8)
        if convert:
            self.ring_words = ring or slots * self.converters
            self.stream("rx", 3, 2, SPI1 + 12, RING, self.ring_words, out=False)
            self.stream("read_a", 7, 2, SPI1 + 12, DUMMY, 1, out=True, increment=False)
            self.write(TIM8 + DIER, 1 << 8 | 1 << 9)
            if self.converters == 2:
                self.stream("read_b", 6, 2, SPI1 + 12, DUMMY, 1, out=True, increment=False)
                self.write(TIM1 + CCMR1, PWM1 << 4 | 8)
                self.write(TIM1 + DIER, 1 << 9)
        self.write(TIM2 + DIER, 6)
        for timer in (TIM2, TIM8, TIM1):
            self.write(timer + CR1, 5)

    def play(self, slots: float) -> None:
        """Open the gate for so many slots, and let the last word land."""
        self.open()
        self.run(round(slots * SLOT))
        self.close()
        self.run(SLOT)

    def open(self) -> None:
        """Open the gate."""
        self.acquisition.gate(self.machine.now, True)

    def close(self) -> None:
        """Shut the gate."""
        self.acquisition.gate(self.machine.now, False)

    def rest(self) -> None:
        """Stop all that runs, as a program does after a scan."""
        for timer in (TIM8, TIM1, TIM2):
            self.write(timer + DIER, 0)
            self.write(timer + CR1, 4)
        for number in STREAM.values():
            base = DMA2 + 0x10 + 0x18 * number
            self.write(base, self.read(base) & ~1)
        self.write(DMA2 + 8, 0x0F7D_0F7D)
        self.write(TIM8 + CCMR1, FORCED << 4 | 8)
        self.write(TIM1 + CCMR1, FORCED << 4 | 8)
        self.read(SPI1 + 12)
        self.read(SPI1 + 8)
        self.write(GPIOB + 0x18, bsrr(" ".join(f"-{name}" for name in PIN_OF)))

    def run(self, ticks: int) -> None:
        """Let time pass."""
        schedule = self.machine.schedule
        end = schedule.now + ticks
        while schedule.next_time() <= end:
            schedule.now = schedule.next_time()
            schedule.run_due()
        schedule.now = end

    def clear_tokens(self) -> None:
        """Move any token out of the panel."""
        self.arm(words({0: "-STV +CPV", 1: "-CPV"}, 2), 2 * self.geometry.rows, token=False,
                 convert=False)  # fmt: skip
        self.play(2 * self.geometry.rows)
        self.rest()

    def ring(self) -> npt.NDArray[np.uint16]:
        """Return the received words."""
        return np.frombuffer(self.machine.memory.read(RING, 2 * self.ring_words), np.uint16)


@pytest.fixture
def make_bench() -> Callable[..., Bench]:
    """Return what makes a bench that is set up, with no token in the panel."""

    def make(panel: str = "tft64", converters: int = 2, **changes: int) -> Bench:
        bench = Bench(panel, converters)
        bench.set_up(**changes)
        bench.clear_tokens()
        return bench

    return make
