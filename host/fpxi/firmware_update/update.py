"""The whole update of a board: checks, boot loader, writing, proof, and the new firmware's word."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from fpxi_readout.device_errors import CommandRefusedError, CommandTimeoutError
from fpxi_readout.links import open_link
from fpxi_readout.maintenance import enter_boot_loader

from fpxi.errors import UnsupportedUrlError
from fpxi.firmware_update.boot_loader import BootLoader
from fpxi.firmware_update.errors import (
    NewFirmwareError,
    NoBoardError,
    NotUpdatableError,
    ParametersChangedError,
    UpdateOverBluetoothError,
    WrongBoardError,
    WrongPanelError,
)
from fpxi.firmware_update.flash_layout import FLASH_BASE, PRODUCT_IDS
from fpxi.firmware_update.image import FirmwareImage
from fpxi.firmware_update.program import Progress, program_image
from fpxi.firmware_update.running import RunningFirmware, ask_firmware

RESTART_S = 0.3
"""until the boot loader listens: half a byte, met as it begins to, would spoil its measurement"""
ENTER_S = 5.0
START_S = 10.0
ASK_S = 1.0


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What an update that succeeded did."""

    panel: str
    serial_number: str
    previous_version: str | None
    """None: the board was in its boot loader, so the firmware before is not known"""
    version: str
    start_rewritten: bool
    """whether sector 0 differed and was rewritten"""
    parameters_compared: int
    """saved parameters whose values were asked for before and after; 0: nothing ran before"""


def update_firmware(url: str, image: FirmwareImage, progress: Progress) -> UpdateReport:
    """Put `image` on the board at `url` and see it run; whatever fails, run it again.

    Returns only when every byte was read back, and the new firmware names itself as the manifest
    does and has the saved parameters of the old one.

    Raises
    ------
    WrongBoardError, WrongPanelError, NotUpdatableError, NoBoardError, LoaderMissingError,
    UpdateOverBluetoothError
        Nothing was written.
    FirmwareUpdateError
        The update is not done; the message says how to go on.
    LinkOpenError, LinkLostError, UnsupportedUrlError
        The board cannot be reached.

    """
    with _reachable(url) as place:
        before = _enter(place, url, image)
        with BootLoader.open(place) as loader:
            if not loader.answers(ENTER_S):
                raise NoBoardError(url)
            _require_board(loader, image)
            start_rewritten = program_image(loader, image, progress)
            loader.go(FLASH_BASE)
        progress("Restarting", 0, 1)
        after = _await_firmware(place)
        progress("Restarting", 1, 1)
    _require_new(after, before, image)
    return UpdateReport(
        panel=after.panel,
        serial_number=after.identity.serial_number,
        previous_version=None if before is None else before.version_text,
        version=image.version_text,
        start_rewritten=start_rewritten,
        parameters_compared=len(_common(before, after)),
    )


@contextlib.contextmanager
def _reachable(url: str) -> Iterator[str]:
    """Give a URL that pyserial can open; a simulated board is served for the time."""
    if url.startswith(("serial:", "socket://")):
        yield url
    elif url.startswith("sim:"):
        from fpxi_hwsim.serve import serve_tcp  # noqa: PLC0415 - only when wanted
        from fpxi_hwsim.specification import SimulationSpecification  # noqa: PLC0415

        with serve_tcp(SimulationSpecification.from_url(url)) as server:
            yield server.url
    elif url.startswith("ble:"):
        raise UpdateOverBluetoothError(url)
    else:
        raise UnsupportedUrlError(url)


def _enter(place: str, url: str, image: FirmwareImage) -> RunningFirmware | None:
    """Send a running firmware to its boot loader; None if the board is there already.

    The boot loader is asked first. It measures the line's rate from the first byte after reset:
    a question to the firmware, at another rate, would leave it deaf.
    """
    with BootLoader.open(place) as loader:
        if loader.answers(0.0):
            return None
    with contextlib.closing(open_link(place)) as link:
        try:
            found = ask_firmware(link, restart=True, timeout_s=ASK_S)
        except CommandTimeoutError as error:
            raise NoBoardError(url) from error
        if found.panel not in image.panels:
            raise WrongPanelError(found.panel, image.panels)
        try:
            enter_boot_loader(link)
            time.sleep(RESTART_S)
        except CommandRefusedError as error:
            raise NotUpdatableError(url, str(error)) from error
    return found


def _require_board(loader: BootLoader, image: FirmwareImage) -> None:
    found = loader.product_id()
    if found != PRODUCT_IDS[image.board]:
        raise WrongBoardError(image.board, f"the processor that answers is {found:#05x}")


def _await_firmware(place: str) -> RunningFirmware:
    with contextlib.closing(open_link(place)) as link:
        try:
            return ask_firmware(link, restart=False, timeout_s=START_S)
        except CommandTimeoutError as error:
            raise NewFirmwareError("nothing answers after the restart") from error


def _require_new(
    after: RunningFirmware, before: RunningFirmware | None, image: FirmwareImage
) -> None:
    """Compare what runs now with the manifest, and with what ran before."""
    if after.version_text != image.version_text:
        raise NewFirmwareError(f"version {after.version_text} runs, not {image.version_text}")
    if after.panel not in image.panels:
        raise NewFirmwareError(
            f"it serves panel {after.panel}, which is none of the manifest's "
            f"({', '.join(image.panels)})"
        )
    if after.identity.schema_hash != image.schema_hash[after.panel]:
        raise NewFirmwareError("its dictionary is not the one in the manifest (schema_hash)")
    if before is None:
        return
    if after.identity.serial_number != before.identity.serial_number:
        raise NewFirmwareError(
            f"serial number {after.identity.serial_number} answers where "
            f"{before.identity.serial_number} was"
        )
    changed = {
        name: (before.saved[name], after.saved[name])
        for name in _common(before, after)
        if before.saved[name] != after.saved[name]
    }
    if changed:
        raise ParametersChangedError(changed)


def _common(before: RunningFirmware | None, after: RunningFirmware) -> list[str]:
    return [name for name in after.saved if before is not None and name in before.saved]
