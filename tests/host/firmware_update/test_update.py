"""Whole updates of a board on a real serial line, by the real boot loader client."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fpxi
import pytest
from fpxi.errors import UnsupportedUrlError
from fpxi.firmware_update import UpdateReport, load_image, update_firmware
from fpxi.firmware_update.errors import (
    BootLoaderError,
    FirmwareUpdateError,
    NewFirmwareError,
    NoBoardError,
    NotUpdatableError,
    ParametersChangedError,
    ParameterSectorsChangedError,
    VerificationError,
    WrongBoardError,
    WrongPanelError,
)
from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.emulator import rom_bootloader
from fpxi_readout.links import open_link
from fpxi_readout.panel import Panel

Board = Any
WriteImage = Callable[..., Path]

START = slice(0, 0x4000)
KEPT = slice(0x4000, 0x1_0000)
FIRMWARE = 0x1_0000


def update(board: Board, manifest: Path, progress: Any = lambda *_: None) -> UpdateReport:
    return update_firmware(board.url, load_image(manifest), progress)


def configure(board: Board, **settings: int) -> None:
    with Panel.connect(open_link(board.url)) as panel:
        for name, value in settings.items():
            panel.set(name, value)
        panel.save()


def holds(board: Board, manifest: Path) -> bool:
    data = (manifest.parent / "firmware.bin").read_bytes()
    return bool(board.flash[FIRMWARE : FIRMWARE + len(data)] == data)


@pytest.mark.parametrize("fixture", ["board", "board_on_tcp"])
def test_an_update_replaces_the_firmware_and_nothing_else(
    request: pytest.FixtureRequest, fixture: str, write_image: WriteImage
) -> None:
    board = request.getfixturevalue(fixture)
    configure(board, exposure_us=12_345)
    before = bytes(board.flash)
    manifest = write_image()
    report = update(board, manifest)
    assert holds(board, manifest)
    assert board.flash[START] == before[START]
    assert board.flash[KEPT] == before[KEPT]
    assert not board.in_boot_loader
    assert (report.panel, report.serial_number) == ("tft64", "BOARD-7")
    assert report.version == report.previous_version
    assert not report.start_rewritten
    assert report.parameters_compared > 5
    with Panel.connect(open_link(board.url)) as panel:
        assert panel.get("exposure_us") == 12_345


def test_a_setting_that_was_not_saved_is_no_loss(board: Board, write_image: WriteImage) -> None:
    with Panel.connect(open_link(board.url)) as panel:
        panel.set("exposure_us", 7_777)
    assert update(board, write_image()).parameters_compared > 5


def test_a_board_that_is_sending_frames_is_updated_all_the_same(
    board: Board, write_image: WriteImage
) -> None:
    with Panel.connect(open_link(board.url)) as panel:
        panel.set("exposure_us", 2_500)
        panel.start()
    manifest = write_image(firmware=bytes(1024))
    board.sound.append(bytes(1024))
    assert update(board, manifest).previous_version is not None
    assert holds(board, manifest)


def test_progress_names_every_step_and_ends_full(board: Board, write_image: WriteImage) -> None:
    seen: dict[str, tuple[int, int]] = {}

    def progress(label: str, done: int, total: int) -> None:
        seen[label] = done, total

    update(board, write_image(), progress)
    assert list(seen) == [
        "Reading saved parameters",
        "Erasing",
        "Writing",
        "Verifying",
        "Comparing saved parameters",
        "Restarting",
    ]
    assert all(done == total for done, total in seen.values())


def test_another_start_sector_is_written_last(board: Board, write_image: WriteImage) -> None:
    start = bytes(reversed(range(256)))
    manifest = write_image(start=start)
    image = load_image(manifest)
    complete_before_start: list[bool] = []

    def progress(label: str, done: int, total: int) -> None:
        if label == "Erasing" and board.flash[:4] == b"\xff" * 4:
            complete_before_start.append(holds(board, manifest))

    report = update_firmware(board.url, image, progress)
    assert report.start_rewritten
    assert complete_before_start == [True]
    assert board.flash[:256] == start


STEPS = [
    ("Reading saved parameters", 1),
    ("Erasing", 1),
    ("Erasing", 2),
    ("Writing", 256),
    ("Writing", 0x1_0000),
    ("Verifying", 256),
    ("Verifying", 0x1_0000),
    ("Comparing saved parameters", 1),
    ("Restarting", 0),
]


@pytest.mark.parametrize(
    ("step", "least", "power_cycled"),
    [*((*step, False) for step in STEPS), ("Erasing", 2, True), ("Writing", 0x1_0000, True)],
)
def test_after_an_interruption_of_the_host_the_same_command_completes_the_update(
    board: Board,
    write_image: WriteImage,
    interrupt_at: Callable[[str, int], Any],
    interruption: type[Exception],
    step: str,
    least: int,
    power_cycled: bool,
) -> None:
    configure(board, exposure_us=12_345)
    manifest = write_image()
    with pytest.raises(interruption):
        update(board, manifest, interrupt_at(step, least))
    if power_cycled:
        board.power_cycle()
    report = update(board, manifest)
    assert holds(board, manifest)
    assert (report.previous_version is None) == (report.parameters_compared == 0)
    with Panel.connect(open_link(board.url)) as panel:
        assert panel.get("exposure_us") == 12_345


@pytest.mark.parametrize("taken", [1, 5, 20_000, 60_000])
def test_a_board_that_loses_power_is_an_error_and_recovered_by_the_same_command(
    board: Board, write_image: WriteImage, taken: int
) -> None:
    manifest = write_image()
    board.enter_boot_loader()
    board.fails_after = taken
    with pytest.raises((BootLoaderError, NoBoardError)):
        update(board, manifest)
    board.power_cycle()
    update(board, manifest)
    assert holds(board, manifest)


def test_bit_flips_on_the_line_do_not_get_into_the_flash(
    board: Board, write_image: WriteImage
) -> None:
    board.flip_probability = 2e-5
    manifest = write_image()
    update(board, manifest)
    assert holds(board, manifest)
    assert board.flips > 10


def test_a_hopeless_line_is_an_error(board: Board, write_image: WriteImage) -> None:
    board.enter_boot_loader()
    board.flip_probability = 0.02
    with pytest.raises(FirmwareUpdateError):
        update(board, write_image())


def test_a_worn_sector_is_found_by_reading_back(
    board: Board, write_image: WriteImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = rom_bootloader.RomBootloader._program

    def worn(self: Any, offset: int, data: bytes) -> None:
        program(self, offset, data)
        self._flash[0x1_0123] |= 0x10

    monkeypatch.setattr(rom_bootloader.RomBootloader, "_program", worn)
    with pytest.raises(VerificationError) as caught:
        update(board, write_image(firmware=bytes(1024)))
    assert caught.value.address == 0x0801_0100


def test_a_write_protected_sector_is_never_success(board: Board, write_image: WriteImage) -> None:
    board.write_protected = (4,)
    with pytest.raises(VerificationError, match="write-protected"):
        update(board, write_image(firmware=bytes(1024)))


def test_a_changed_parameter_sector_is_never_success(board: Board, write_image: WriteImage) -> None:
    def progress(label: str, done: int, total: int) -> None:
        if label == "Verifying":
            board.flash[0x8010] = 0x00

    with pytest.raises(ParameterSectorsChangedError) as caught:
        update(board, write_image(firmware=bytes(1024)), progress)
    assert caught.value.address == 0x0800_8000


def test_an_image_for_another_panel_is_refused_before_anything_happens(
    board: Board, write_image: WriteImage
) -> None:
    before = bytes(board.flash)
    with pytest.raises(WrongPanelError, match="carries panel tft64, the image serves cmos32"):
        update(board, write_image(panels=["cmos32"]))
    assert board.flash == before
    assert not board.in_boot_loader


def test_another_processor_is_refused_before_anything_is_written(
    board: Board, write_image: WriteImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rom_bootloader, "PRODUCT_ID", 0x419)
    before = bytes(board.flash)
    with pytest.raises(WrongBoardError, match="0x419"):
        update(board, write_image())
    assert board.flash == before


def test_firmware_that_does_not_start_is_never_success(
    board: Board, write_image: WriteImage
) -> None:
    board.sound.pop()
    with pytest.raises(NewFirmwareError, match="nothing answers"):
        update(board, write_image(firmware=bytes(1024)))
    assert board.in_boot_loader


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": "9.8.7"}, "not 9.8.7"),
        ({"schema_hash": {"tft64": "00" * 32, "cmos32": "00" * 32}}, "schema_hash"),
    ],
)
def test_firmware_that_names_itself_otherwise_is_never_success(
    board: Board, write_image: WriteImage, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(NewFirmwareError, match=words):
        update(board, write_image(**changes))


def test_a_panel_that_only_the_new_firmware_can_name_is_never_success(
    board: Board, write_image: WriteImage
) -> None:
    board.enter_boot_loader()  # which knows nothing of panels
    with pytest.raises(NewFirmwareError, match=r"written and verified, but .* panel tft64"):
        update(board, write_image(panels=["cmos32"]))


def test_a_late_acknowledgement_costs_the_boot_loader_nothing(
    board: Board, write_image: WriteImage
) -> None:
    board.acknowledges_after_s = 0.25
    assert update(board, write_image()).version


def test_lost_parameters_are_named(board: Board, write_image: WriteImage) -> None:
    configure(board, exposure_us=12_345)
    board.on_restart = exchange_for_one_with_defaults(board)
    with pytest.raises(ParametersChangedError) as caught:
        update(board, write_image())
    assert caught.value.changed == {"exposure_us": (12_345, 10_000)}


def exchange_for_one_with_defaults(board: Board) -> Callable[[], None]:
    """Restart as a firmware that finds no saved parameters."""

    def exchange() -> None:
        board._device = SimulatedDevice(board._device.specification)

    return exchange


def test_a_board_that_is_silent_is_named_with_the_way_out(
    board: Board, write_image: WriteImage
) -> None:
    board.enter_boot_loader()
    link = open_link(board.url)
    link.write(b"\x01\x02\x03")  # another program's question spoils the measurement of the rate
    link.close()
    with pytest.raises(NoBoardError, match="BOOT0"):
        update(board, write_image())
    board.power_cycle()
    update(board, write_image())


def test_a_simulated_panel_without_a_boot_loader_is_refused(write_image: WriteImage) -> None:
    with pytest.raises(NotUpdatableError, match="board=stm32f405"):
        update_firmware("sim:tft64", load_image(write_image()), lambda *_: None)


def test_a_recording_has_no_firmware(write_image: WriteImage) -> None:
    with pytest.raises(UnsupportedUrlError):
        update_firmware("file:run.h5", load_image(write_image()), lambda *_: None)


def test_an_update_is_not_left_half_done_by_a_session_that_follows(
    board: Board, write_image: WriteImage
) -> None:
    update(board, write_image())
    with fpxi.open(board.url) as session:
        assert session.identity is not None
