"""Updates of the emulated board: its start-up code, its boot loader, and the release image."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fpxi_hwsim
import pytest
from fpxi.firmware_update import FirmwareImage, load_image, update_firmware
from fpxi_hwsim.emulator.release_image import find_elf
from fpxi_readout.panel import Panel


@pytest.fixture(autouse=True)
def _short_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as long as for a real board: an emulated one may be slower."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def image() -> FirmwareImage:
    if shutil.which("arm-none-eabi-gcc") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("arm-none-eabi-gcc is not installed")
        pytest.skip("arm-none-eabi-gcc is not installed")
    return load_image(find_elf(None).parent)


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    return tmp_path / "flash.bin"


@pytest.fixture
def url(flash: Path, image: FirmwareImage) -> str:
    """URL of a board that keeps its flash and has an exposure saved."""
    url = f"sim:cmos32?board=stm32f405&flash={flash}"
    with contextlib.closing(fpxi_hwsim.open_link(f"{url}&time=virtual")) as link:
        panel = Panel.connect(link)
        panel.set("exposure_us", 12_345)
        panel.save()
    return url


def saved_exposure_us(url: str) -> int:
    with contextlib.closing(fpxi_hwsim.open_link(f"{url}&time=virtual")) as link:
        return Panel.connect(link).get("exposure_us")


def firmware_in(flash: Path, image: FirmwareImage) -> bool:
    (firmware,) = image.firmware
    return flash.read_bytes()[0x1_0000:].startswith(firmware.data)


def test_an_update_keeps_the_parameters(url: str, flash: Path, image: FirmwareImage) -> None:
    report = update_firmware(url, image, lambda *_: None)
    assert (report.panel, report.version) == ("cmos32", image.version_text)
    assert report.parameters_compared > 5
    assert firmware_in(flash, image)
    assert saved_exposure_us(url) == 12_345


@pytest.mark.parametrize(("step", "least"), [("Erasing", 1), ("Writing", 30_000)])
def test_a_cut_update_leaves_a_board_that_starts_its_boot_loader_and_takes_the_next_one(
    url: str,
    flash: Path,
    image: FirmwareImage,
    interrupt_at: Callable[[str, int], Any],
    interruption: type[Exception],
    step: str,
    least: int,
) -> None:
    with pytest.raises(interruption):
        update_firmware(url, image, interrupt_at(step, least))
    assert not firmware_in(flash, image)
    report = update_firmware(url, image, lambda *_: None)
    assert report.previous_version is None
    assert firmware_in(flash, image)
    assert saved_exposure_us(url) == 12_345
