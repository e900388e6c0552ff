"""The STM32F405 of the read-out board: the machine with the processor's side of its peripherals."""

from __future__ import annotations

from fpxi_hwsim.emulator.adc import Adc
from fpxi_hwsim.emulator.crc import Crc
from fpxi_hwsim.emulator.dma import Dma
from fpxi_hwsim.emulator.flash import Flash
from fpxi_hwsim.emulator.gpio import Gpio
from fpxi_hwsim.emulator.iwdg import Iwdg
from fpxi_hwsim.emulator.machine import DEFAULT_UNIQUE_ID, Machine
from fpxi_hwsim.emulator.pins import Pins
from fpxi_hwsim.emulator.pwr import Pwr
from fpxi_hwsim.emulator.rcc import Rcc
from fpxi_hwsim.emulator.spi import Spi
from fpxi_hwsim.emulator.syscfg import Exti, Syscfg
from fpxi_hwsim.emulator.tim import Timer
from fpxi_hwsim.emulator.usart import Usart, UsartWiring

_PORTS = "ABCDH"  # of the package with 64 pins


class Board:
    """The microcontroller without the acquisition engine (TIM1, TIM8, TIM2, SPI1).

    Parameters
    ----------
    unique_id
        The 96 bits at 0x1FFF7A10.
    hse_hz
        Frequency of the crystal; None if it does not start.

    """

    def __init__(
        self, *, unique_id: bytes = DEFAULT_UNIQUE_ID, hse_hz: int | None = 8_000_000
    ) -> None:
        machine = self.machine = Machine(unique_id)
        self.pins = pins = Pins()
        self.rcc = rcc = Rcc(machine, hse_hz)
        self.ports = {letter: Gpio(machine, pins, letter) for letter in _PORTS}
        self.pwr = Pwr(machine, rcc)
        self.flash = Flash(machine, rcc)
        self.crc = Crc(machine)
        self.iwdg = Iwdg(machine, rcc)
        self.syscfg = Syscfg(machine)
        self.exti = Exti(machine, self.syscfg, pins)
        self.dma1 = Dma(machine, "DMA1")
        self.dma2 = Dma(machine, "DMA2")
        self.tim5 = Timer(machine, rcc, name="TIM5", base=0x4000_0C00, irq=50)
        self.adc1 = Adc(machine, pins, rcc)
        self.spi2 = Spi(
            machine,
            pins,
            name="SPI2",
            base=0x4000_3800,
            required_pins=("PB10", "PC3"),
            clock_hz=lambda: rcc.pclk1_hz,
        )
        self.usart1 = Usart(
            machine,
            pins,
            self.dma2,
            UsartWiring("USART1", 0x4001_1000, 37, "PA9", "PA10", lambda: rcc.pclk2_hz),
        )
        self.usart2 = Usart(
            machine,
            pins,
            self.dma1,
            UsartWiring(
                "USART2",
                0x4000_4400,
                38,
                "PA2",
                "PA3",
                lambda: rcc.pclk1_hz,
                cts="PA0",
                rts="PA1",
            ),
        )
