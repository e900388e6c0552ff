"""The read-out board: the microcontroller, the panel that is plugged in, and all that is soldered.

Pins are those of the board's connector tables; see the documentation of the STM32F405 board.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from fpxi_readout.protocol.generated import PanelDescription

from fpxi_hwsim.emulator.acquisition.acquisition import Acquisition
from fpxi_hwsim.emulator.acquisition.charges import Conditions, Counts
from fpxi_hwsim.emulator.beam_request import BeamRequest
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.image import Image
from fpxi_hwsim.emulator.machine import ResetCause
from fpxi_hwsim.emulator.parts.bias_supply import BiasSupply
from fpxi_hwsim.emulator.schedule import TICKS_PER_US
from fpxi_hwsim.emulator.stm32f405 import Board
from fpxi_hwsim.source import Exposure, Samples

PANEL_STRAPS = {1: "PA11", 2: "PA12"}
"""pin that a panel ties to ground, by its id"""
CONVERTER_STRAP = "PB6"
TRIGGER_PIN = "PB5"
MODULE_CTS_PIN = "PA0"
"""high while the Bluetooth module takes no bytes"""
DAC_CS, EXPOSE_REQUEST, GAIN = 2, 9, 10
"""bits of port C; the range has three from GAIN on"""
RANGES = 7
HV_ENABLE = 2
"""bit of port D"""
MONITOR_CHANNEL, BATTERY_CHANNEL, TEMPERATURE_CHANNEL = 10, 14, 15
REFERENCE_V, DAC_FULL_SCALE = 3.3, 65535


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the board meets outside.

    `expose` makes the conversions of a read-out, uint16 (oversampling, rows, columns);
    `offsets` are a channel's counts without a signal, uint16 (columns,).
    """

    expose: Callable[[Exposure], Samples]
    offsets: Counts
    temperature_mC: Callable[[], int]
    battery_mV: Callable[[], int]


class EmulatedBoard:
    """One board with its panel, under power from the first `mcu.machine.run` on."""

    def __init__(
        self,
        image: Image,
        geometry: PanelDescription,
        converters: int,
        serial: str,
        surroundings: Surroundings,
    ) -> None:
        unique_id = hashlib.blake2b(serial.encode(), digest_size=12).digest()
        self.mcu = Board(unique_id=unique_id)
        self.beam = BeamRequest()
        self.bias = BiasSupply()
        self._surroundings = surroundings
        self._bias_limit_mV = geometry.bias_limit_mV
        self._range = 0
        pins, machine = self.mcu.pins, self.mcu.machine
        self.acquisition = Acquisition(
            machine,
            pins,
            self.mcu.dma2,
            geometry,
            converters,
            offsets=surroundings.offsets,
            expose=self._expose,
            timer_clock_hz=lambda: self.mcu.rcc.timer2_hz,
        )
        self.mcu.tim5.on_trgo.append(self.acquisition.gate)
        self.mcu.spi2.on_transfer.append(
            lambda tick, period, bits, value: self.bias.transfer(period, bits, value, tick)
        )
        pins.on_change("C", self._on_port_c)
        pins.on_change("D", self._on_port_d)
        pins.drive(PANEL_STRAPS[geometry.id], False)
        if converters == 1:
            pins.drive(CONVERTER_STRAP, False)
        pins.drive(TRIGGER_PIN, False)
        self._connect_inputs()
        machine.on_reset.append(self._on_reset)
        machine.load(image)

    def _connect_inputs(self) -> None:
        inputs = self.mcu.adc1.inputs
        inputs[MONITOR_CHANNEL] = lambda: self.bias.code / DAC_FULL_SCALE * REFERENCE_V
        inputs[BATTERY_CHANNEL] = lambda: self._surroundings.battery_mV() / 2000  # half of it
        inputs[TEMPERATURE_CHANNEL] = (
            lambda: self._surroundings.temperature_mC() * 1e-5 + 0.5  # 10 mV/K
        )

    def _on_port_c(self, tick: int, old: int, new: int) -> None:
        if (old ^ new) >> GAIN & RANGES:
            driven = self.mcu.pins.ports["C"].mode(GAIN) == 1  # not let go of by a reset
            if driven and self.acquisition.running:
                raise PinError("front end", "GAIN", "the range changed during a scan", tick=tick)
            self._range = new >> GAIN & RANGES
        if (old ^ new) >> EXPOSE_REQUEST & 1:
            self.beam.drive(tick, bool(new >> EXPOSE_REQUEST & 1))
        # Before the pin is an output, a pull-up keeps the chip unselected.
        if self.mcu.pins.ports["C"].mode(DAC_CS) == 1:
            self.bias.drive(tick, "DAC_CS", bool(new >> DAC_CS & 1))

    def _on_port_d(self, tick: int, _old: int, new: int) -> None:
        self.bias.drive(tick, "HV_EN", bool(new >> HV_ENABLE & 1))

    def _on_reset(self, _cause: ResetCause) -> None:
        self.bias.release(self.mcu.machine.now)

    def _expose(self, conditions: Conditions) -> Counts:
        duration = conditions.ended - conditions.began
        return self._surroundings.expose(
            Exposure(
                integration_us=round(duration / TICKS_PER_US),
                beam_us=self.beam.duration_us(conditions.began, conditions.ended),
                gain_setting=self._range,
                cds=conditions.cds,
                oversampling=conditions.oversampling,
                began_us=round(conditions.began / TICKS_PER_US),
                bias_mV=self.bias.mV_at(conditions.ended, self._bias_limit_mV),
            )
        )


def channel_offsets(offset_counts: np.typing.NDArray[np.float32], full_scale: int) -> Counts:
    """Return what converters give for channels without a signal, uint16 (columns,)."""
    return np.clip(np.rint(offset_counts), 0, full_scale).astype(np.uint16)
