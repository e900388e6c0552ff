"""What must be set up before a scan: pins, streams, SPI1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.acquisition.requests import READ_A, READ_B, RECEIVE, UPDATE
from fpxi_hwsim.emulator.errors import EmulationError
from fpxi_hwsim.emulator.schedule import TICKS_PER_SECOND

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.acquisition.acquisition import Acquisition

PORT = "B"
PIN_OF = {"STV": 0, "CPV": 1, "OE": 2, "IRST": 8, "SHR": 9, "SHS": 12, "INTG": 13, "STI": 14}
"""bit of port B by signal"""
OUTPUT_PINS = {"CNV_A": ("PC6", 3), "CLK": ("PC8", 3), "CNV_B": ("PA8", 1)}
"""pin and alternate function by signal"""
SPI_PINS = {"PA5": 5, "PA6": 5}
SCK_PIN = "PA5"


def demand_set_up(acquisition: Acquisition) -> None:
    """Refuse to start a scan that would not work; raises EmulationError."""
    pins, requests = acquisition.pins, acquisition.requests
    clock_hz = acquisition.timer_clock_hz()
    if clock_hz != TICKS_PER_SECOND:
        reason = f"TIM1 and TIM8 count at {clock_hz} Hz, not at {TICKS_PER_SECOND} Hz"
        raise EmulationError("RCC", "CFGR", reason, tick=acquisition.now)
    slot_timer, half_timer = acquisition.slot_timer, acquisition.half_timer
    for _, signal in acquisition.signals:
        pins.require(f"P{PORT}{PIN_OF[signal]}")
    for timer in (slot_timer, half_timer):
        for output in timer.waves() if not timer.standing else ():
            pin, function = OUTPUT_PINS[output.signal]
            pins.require(pin, af=function)
    if slot_timer.update_requests:
        requests.require(UPDATE)
    reads = {READ_A: slot_timer, READ_B: half_timer}
    asked = [name for name, timer in reads.items() if timer.requests(1)]
    for name in asked:
        requests.require(name)
    if asked:
        acquisition.receiver.require_ready()
        for pin, function in SPI_PINS.items():
            pins.require(pin, af=function)
        pins.require_speed(SCK_PIN, TICKS_PER_SECOND / acquisition.receiver.clock_period)
        if acquisition.receiver.asks_for_dma:
            requests.require(RECEIVE)
