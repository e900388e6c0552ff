"""What is soldered around the microcontroller: straps, bias supply, analogue inputs, range pins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from fpxi_hwsim.emulator.board import EmulatedBoard, Surroundings, channel_offsets
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.image import Image
from fpxi_hwsim.emulator.machine import ResetCause
from fpxi_hwsim.source import Exposure, Samples
from fpxi_readout.protocol.generated import PANELS

Make = Callable[..., EmulatedBoard]
RCC_AHB1ENR, GPIOC, GPIOD, BSRR = 0x4002_3830, 0x4002_0800, 0x4002_0C00, 0x18


@pytest.fixture
def make_board() -> Make:
    def make(panel: str = "tft64", converters: int = 2) -> EmulatedBoard:
        geometry = PANELS[panel]

        def expose(exposure: Exposure) -> Samples:
            return np.zeros((exposure.oversampling, *geometry.shape), np.uint16)

        offsets = np.zeros(geometry.columns, np.uint16)
        surroundings = Surroundings(expose, offsets, lambda: 27_300, lambda: 3900)
        image = Image(((0x0800_0000, b"\xff" * 8),))
        board = EmulatedBoard(image, geometry, converters, "S", surroundings)
        board.mcu.machine.bus_write(RCC_AHB1ENR, 4, 0xF)
        return board

    return make


def drive_outputs(board: EmulatedBoard, port: int, bits: tuple[int, ...], word: int) -> None:
    machine = board.mcu.machine
    machine.bus_write(port + BSRR, 4, word)
    moder = machine.bus_read(port, 4)
    for bit in bits:
        moder = moder & ~(3 << 2 * bit) | 1 << 2 * bit
    machine.bus_write(port, 4, moder)


@pytest.mark.parametrize(
    ("panel", "converters", "low"),
    [("tft64", 2, {"PA11"}), ("tft64", 1, {"PA11", "PB6"}), ("cmos32", 1, {"PA12", "PB6"})],
)
def test_straps_tell_panel_and_converters(
    make_board: Make, panel: str, converters: int, low: set[str]
) -> None:
    board = make_board(panel, converters)
    ports = {"A": 0x4002_0000, "B": 0x4002_0400}
    for base in ports.values():
        board.mcu.machine.bus_write(base + 0x0C, 4, 0x5555_5555)  # all pulled up
    grounded = {pin for pin in ("PA11", "PA12", "PB6") if not board.mcu.pins.level(pin)}
    assert grounded == low


def test_the_bias_reaches_the_electrode_by_chip_select_and_enable(make_board: Make) -> None:
    board = make_board()
    machine = board.mcu.machine
    drive_outputs(board, GPIOC, (2,), 1 << 2)
    drive_outputs(board, GPIOD, (2,), 1 << (2 + 16))
    machine.bus_write(GPIOC + BSRR, 4, 1 << (2 + 16))
    board.bias.transfer(8, 16, 0x9000, machine.now)
    machine.schedule.now += 128
    machine.bus_write(GPIOC + BSRR, 4, 1 << 2)
    assert board.bias.electrode_code == 0x8000
    assert board.mcu.adc1.inputs[10]() == pytest.approx(0x9000 / 65535 * 3.3)
    machine.bus_write(GPIOD + BSRR, 4, 1 << 2)
    assert board.bias.electrode_code == 0x9000
    machine.request_reset(ResetCause.PIN)
    machine.take_reset()
    assert board.bias.electrode_code == 0x8000, "a reset lets go of HV_EN"


def test_analogue_inputs_follow_the_surroundings(make_board: Make) -> None:
    inputs = make_board().mcu.adc1.inputs
    assert inputs[14]() == pytest.approx(3.9 / 2)
    assert inputs[15]() == pytest.approx(0.5 + 0.273)


def test_the_range_must_not_change_during_a_scan(
    make_board: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = make_board()
    drive_outputs(board, GPIOC, (10, 11, 12), 0)
    board.mcu.machine.bus_write(GPIOC + BSRR, 4, 3 << 10)
    monkeypatch.setattr(type(board.acquisition), "running", property(lambda _self: True))
    with pytest.raises(PinError, match="range"):
        board.mcu.machine.bus_write(GPIOC + BSRR, 4, 1 << 12)


def test_the_expose_request_is_the_pin(make_board: Make) -> None:
    board = make_board()
    drive_outputs(board, GPIOC, (9,), 1 << 9)
    assert board.beam.level
    board.mcu.machine.bus_write(GPIOC + BSRR, 4, 1 << 25)
    assert not board.beam.level


def test_offsets_stay_within_the_converter() -> None:
    counts = channel_offsets(np.array([-3.0, 1.4, 70_000.0], np.float32), 65535)
    assert counts.tolist() == [0, 1, 65535]
