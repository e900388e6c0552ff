"""A board behind a serial line: real firmware core, ROM boot loader, flash, and a power switch."""

from __future__ import annotations

import hashlib
import json
import random
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fpxi.firmware_update import boot_loader, update
from fpxi_hwsim import open_link
from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.emulator.rom_bootloader import FLASH_BASE, FLASH_BYTES, RomBootloader
from fpxi_hwsim.media import Medium, PseudoTerminalMedium, TcpMedium
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_readout.maintenance import identify_device
from fpxi_readout.protocol.framing import PacketDecoder, encode_packet
from fpxi_readout.protocol.generated import Ack, Bootloader, ResetCause

FIRMWARE_OFFSET = 0x1_0000
OLD_START = bytes(range(256)) * 4
OLD_FIRMWARE = b"old firmware" * 500
NEW_FIRMWARE = random.Random(1).randbytes(0x1_0000 + 700)  # reaches into sector 5


class Board:
    """Like the real one, it starts what is in its flash if that is sound, else its boot loader."""

    def __init__(self, medium: Medium, url: str = "sim:tft64?serial=BOARD-7") -> None:
        self.url = medium.url
        self.flash = bytearray(b"\xff" * FLASH_BYTES)
        self.flash[: len(OLD_START)] = OLD_START
        self.flash[0x8000:0xA000] = bytes(i * 13 & 0xFF for i in range(0x2000))
        self.flash[FIRMWARE_OFFSET : FIRMWARE_OFFSET + len(OLD_FIRMWARE)] = OLD_FIRMWARE
        self.sound = [OLD_FIRMWARE, NEW_FIRMWARE]
        self.write_protected: tuple[int, ...] = ()
        self.fails_after: int | None = None
        """bytes that its boot loader takes before the power fails"""
        self.flip_probability = 0.0
        self.flips = 0
        self.on_restart: Callable[[], None] = lambda: None
        self.acknowledges_after_s = 0.0
        self._random = random.Random(7)
        self._medium = medium
        self._device = SimulatedDevice(SimulationSpecification.from_url(url))
        self._decoder = PacketDecoder()
        self._loader: RomBootloader | None = None
        self._powered = True
        self._closing = False
        self._lock = threading.Lock()
        self._start()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def in_boot_loader(self) -> bool:
        return self._loader is not None

    def power_cycle(self) -> None:
        with self._lock:
            self.fails_after = None
            self._powered = True
            self._device.reset(ResetCause.POWER_ON)
            self._start()

    def enter_boot_loader(self) -> None:
        with self._lock:
            self._enter()

    def close(self) -> None:
        self._closing = True
        self._thread.join()
        self._medium.close()

    def _start(self) -> None:
        self._loader = None
        content = self.flash[FIRMWARE_OFFSET:]
        if not any(content.startswith(image) for image in self.sound):
            self._enter()

    def _enter(self) -> None:
        self._loader = RomBootloader(self.flash, write_protected=self.write_protected)

    def _run(self) -> None:
        while not self._closing:
            readable, _, _ = select.select([self._medium.fileno()], [], [], 0.001)
            data = self._medium.receive() if readable else b""
            with self._lock:
                answer = self._answer(data) if self._powered else b""
            while answer and self._medium.connected and not self._closing:
                answer = answer[self._medium.send(memoryview(answer)) :]

    def _answer(self, data: bytes) -> bytes:
        if self._loader is None:
            return self._firmware(data)
        return self._noisy(self._boot_loader(self._noisy(data)))

    def _firmware(self, data: bytes) -> bytes:
        for packet in self._decoder.feed(data):
            if packet.type == Bootloader.TYPE:
                self._enter()
                time.sleep(self.acknowledges_after_s)
                ack = Ack(command=Bootloader.TYPE, value=0).pack()
                return encode_packet(Ack.TYPE, packet.sequence, ack)
        self._device.feed(data)
        return self._device.step()

    def _boot_loader(self, data: bytes) -> bytes:
        assert self._loader is not None
        if self.fails_after is not None:
            data = data[: self.fails_after]
            self.fails_after -= len(data)
            self._powered = self.fails_after > 0
        answer = self._loader.feed(data)
        if self._loader.left is not None:
            assert self._loader.left == FLASH_BASE
            self._device.reset(ResetCause.EXTERNAL)
            self.on_restart()
            self._start()
        return answer if self._powered else b""

    def _noisy(self, data: bytes) -> bytes:
        """Flip bits, but not the boot loader's measurement of the rate."""
        if not self.flip_probability or data == b"\x7f":
            return data
        flipped = bytearray(data)
        for index in range(8 * len(data)):
            if self._random.random() < self.flip_probability:
                flipped[index // 8] ^= 1 << index % 8
                self.flips += 1
        return bytes(flipped)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(boot_loader, "ANSWER_S", 0.06)
    monkeypatch.setattr(boot_loader, "SILENCE_S", 0.02)
    monkeypatch.setattr(update, "RESTART_S", 0.0)
    monkeypatch.setattr(update, "ENTER_S", 1.5)
    monkeypatch.setattr(update, "START_S", 1.0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def board() -> Iterator[Board]:
    """A board on a pseudo-terminal."""
    with closing(Board(PseudoTerminalMedium())) as found:
        yield found


@pytest.fixture
def board_on_tcp() -> Iterator[Board]:
    """A board behind a TCP port."""
    with closing(Board(TcpMedium("127.0.0.1", 0))) as found:
        yield found


@pytest.fixture(scope="session")
def firmware_facts() -> dict[str, Any]:
    """What the manifest must say about the firmware that the board runs."""
    facts: dict[str, Any] = {"schema_hash": {}}
    for panel in ("tft64", "cmos32"):
        link = open_link(f"sim:{panel}?time=virtual")
        identity = identify_device(link)
        facts["version"] = ".".join(map(str, identity.firmware_version))
        facts["schema_hash"][panel] = identity.schema_hash.hex()
        link.close()
    return facts


WriteImage = Callable[..., Path]


@pytest.fixture
def write_image(tmp_path: Path, firmware_facts: dict[str, Any]) -> WriteImage:
    """Write an image: manifest with changes, start sector and firmware; return the manifest."""

    def write(start: bytes = OLD_START, firmware: bytes = NEW_FIRMWARE, **changes: Any) -> Path:
        folder = tmp_path / "image"
        folder.mkdir(exist_ok=True)
        regions = []
        for name, address, data in (
            ("start.bin", FLASH_BASE, start),
            ("firmware.bin", FLASH_BASE + FIRMWARE_OFFSET, firmware),
        ):
            (folder / name).write_bytes(data)
            digest = hashlib.sha256(data).hexdigest()
            regions.append({"file": name, "address": address, "size": len(data), "sha256": digest})
        manifest = {
            "format": 1,
            "name": "fpxi-test",
            "board": "stm32f405",
            "panels": ["tft64", "cmos32"],
            "git": "0123456",
            "regions": regions,
            **firmware_facts,
        }
        path = folder / "manifest.json"
        path.write_text(json.dumps(manifest | changes), encoding="utf-8")
        return path

    return write


class InterruptionError(Exception):
    """Stands for whatever ends the host in mid-update."""


@pytest.fixture
def interrupt_at() -> Callable[[str, int], Callable[[str, int, int], None]]:
    """Progress that ends the host at a step, when so much of it is done."""

    def make(step: str, least: int) -> Callable[[str, int, int], None]:
        def progress(label: str, done: int, total: int) -> None:
            if label == step and done >= least:
                raise InterruptionError

        return progress

    return make


@pytest.fixture(name="interruption")
def interruption_fixture() -> type[Exception]:
    return InterruptionError
