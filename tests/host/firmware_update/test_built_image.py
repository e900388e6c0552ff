"""The image as it is built for the board: its manifest is what updates read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fpxi.firmware_update import FirmwareImage, load_image, update_firmware

BUILD = Path(__file__).parents[3] / "readout" / "firmware" / "build_stm32f405.py"
Board = Any


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> FirmwareImage:
    if shutil.which("arm-none-eabi-gcc") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("arm-none-eabi-gcc is not installed")
        pytest.skip("arm-none-eabi-gcc is not installed")
    folder = tmp_path_factory.mktemp("image")
    subprocess.run([sys.executable, BUILD, "--output", folder], check=True, capture_output=True)
    return load_image(folder)


def test_the_built_image_is_read(image: FirmwareImage) -> None:
    assert image.board == "stm32f405"
    assert set(image.panels) == {"tft64", "cmos32"}
    assert image.start is not None
    assert [region.sectors for region in image.firmware] == [[4, 5]]


def test_the_built_image_gets_onto_a_board_whole(image: FirmwareImage, board: Board) -> None:
    (firmware,) = image.firmware
    board.sound.append(firmware.data)
    report = update_firmware(board.url, image, lambda *_: None)
    assert report.start_rewritten
    assert image.start is not None
    assert board.flash[: len(image.start.data)] == image.start.data
    assert board.flash[0x1_0000 : 0x1_0000 + len(firmware.data)] == firmware.data
