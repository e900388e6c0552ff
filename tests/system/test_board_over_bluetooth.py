"""The released image in the emulator, behind its Bluetooth module, in real time."""

from __future__ import annotations

import os
import shutil

import fpxi
import h5py
import numpy as np
import pytest
from fpxi_readout.device_errors import CommandRefusedError
from fpxi_readout.links import open_link
from fpxi_readout.panel import Panel

SCENE = "seed=3&battery_mV=3850"
FRAMES = 20


@pytest.fixture(autouse=True)
def image() -> None:
    if shutil.which("arm-none-eabi-gcc") is None and not os.environ.get("FPXI_STM32_ELF"):
        assert os.environ.get("CI") != "true", "arm-none-eabi-gcc is missing"
        pytest.skip("arm-none-eabi-gcc is not installed")


def captured(url, path):
    with fpxi.open(url) as session:
        result = session.capture(FRAMES, path, reliable=True)
    assert (result.frames_received, result.frames_lost, result.rows_lost) == (FRAMES, 0, 0)
    with h5py.File(path) as recording:
        return recording["entry/instrument/detector/data"][()]


def test_its_frames_are_the_native_board_s_and_its_boot_loader_is_the_cable_s(
    serve_bluetooth, tmp_path
) -> None:
    with serve_bluetooth(f"sim:tft64?{SCENE}&board=stm32f405") as server:
        panel = Panel.connect(open_link(server.url))
        try:
            assert panel.parameters.battery_mV == pytest.approx(3850, abs=2)
            with pytest.raises(CommandRefusedError, match="BOOTLOADER"):
                panel.enter_bootloader()
        finally:
            panel.close()
        arrived = captured(server.url, tmp_path / "board.h5")
    native = captured(f"sim:tft64?{SCENE}&time=virtual", tmp_path / "native.h5")
    np.testing.assert_array_equal(arrived, native)
