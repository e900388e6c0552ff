"""The release image in the emulator, opened like any simulated panel."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cobs import cobs
from fpxi_hwsim import (
    Server,
    SimulatedLink,
    SimulationSpecification,
    links,
    serve_serial,
    serve_tcp,
)
from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.emulator import release_image
from fpxi_hwsim.emulator.errors import EmulationError, FirmwareImageError
from fpxi_hwsim.errors import BadValueError, RecordedFramesError
from fpxi_hwsim.media import TcpMedium
from fpxi_readout.device_errors import DeviceResetError
from fpxi_readout.links import open_link
from fpxi_readout.links.base import Link, LinkLostError
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import Get, ResetCause, Save, Value

OpenSimulation = Callable[[str], SimulatedLink]
Connect = Callable[[Link], Panel]
Take = Callable[[str, int], np.ndarray]
EMULATED = "board=stm32f405"

pytestmark = pytest.mark.usefixtures("arm_compiler")


@pytest.mark.parametrize("panel", ["tft64", "cmos32"])
def test_its_frames_are_those_of_the_native_board(panel: str, take: Take) -> None:
    url = f"sim:{panel}?seed=5"
    assert np.array_equal(take(f"{url}&{EMULATED}", 2), take(url, 2))


def test_a_board_with_one_converter_brings_the_same_frames(take: Take) -> None:
    url = "sim:tft64?seed=5"
    assert np.array_equal(take(f"{url}&{EMULATED}&converters=1", 1), take(url, 1))


def test_equal_urls_give_equal_frames_and_other_seeds_others(take: Take) -> None:
    url = f"sim:cmos32?{EMULATED}&seed="
    first = take(url + "1", 1)
    assert np.array_equal(take(url + "1", 1), first)
    assert not np.array_equal(take(url + "2", 1), first)


def test_it_runs_in_real_time(open_simulation: OpenSimulation, connect: Connect) -> None:
    panel = connect(open_simulation(f"sim:cmos32?{EMULATED}"))
    panel.start(2)
    assert len(list(panel.frames(2, timeout_s=20))) == 2


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(
            serve_serial,
            marks=pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals"),
        ),
        serve_tcp,
    ],
)
@pytest.mark.parametrize("time", ["real", "virtual"])
def test_it_is_served_like_any_panel(
    serve: Callable[[SimulationSpecification], Server], time: str, connect: Connect
) -> None:
    with serve(SimulationSpecification.from_url(f"sim:cmos32?{EMULATED}&time={time}")) as server:
        link = open_link(server.url)
        panel = connect(link)
        panel.start(2)
        assert len(list(panel.frames(2, timeout_s=20))) == 2
        link.close()


@pytest.mark.parametrize("cause", [ResetCause.EXTERNAL, ResetCause.POWER_ON])
def test_a_reset_in_mid_stream_is_told_and_survived(
    cause: ResetCause, open_simulation: OpenSimulation, connect: Connect
) -> None:
    link = open_simulation(f"sim:tft64?{EMULATED}&time=virtual")
    panel = connect(link)
    panel.start()
    for _ in panel.frames(2, timeout_s=20):
        pass
    link.device.reset(cause)
    with pytest.raises(DeviceResetError):
        list(panel.frames(20, timeout_s=20))
    panel = connect(link)
    panel.start(1)
    assert len(list(panel.frames(1, timeout_s=20))) == 1


def test_the_device_tells_its_truth(open_simulation: OpenSimulation, connect: Connect) -> None:
    link = open_simulation(f"sim:cmos32?{EMULATED}&time=virtual")
    panel = connect(link)
    panel.start(3)
    list(panel.frames(3, timeout_s=20))
    assert link.device.truth.exposures == 3
    assert link.device.truth.maps.dead.shape == (32, 32)


def test_another_serial_setting_is_another_board(
    open_simulation: OpenSimulation, connect: Connect
) -> None:
    numbers = {
        connect(open_simulation(f"sim:cmos32?{EMULATED}&time=virtual&serial={serial}"))
        .identity.serial_number
        for serial in ("A", "B", "A")
    }  # fmt: skip
    assert len(numbers) == 2


def test_a_flash_file_keeps_saved_parameters(
    tmp_path: Path, open_simulation: OpenSimulation, connect: Connect
) -> None:
    url = f"sim:cmos32?{EMULATED}&time=virtual&flash={tmp_path / 'flash.bin'}"
    panel = connect(open_simulation(url))
    panel.set("exposure_us", 12_345)
    panel.save()
    assert (tmp_path / "flash.bin").stat().st_size == 1 << 20
    assert connect(open_simulation(url)).get("exposure_us") == 12_345


def test_a_flash_file_of_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\xff" * 1000)
    with pytest.raises(FirmwareImageError, match="1000 bytes"):
        SimulatedDevice(SimulationSpecification.from_url(f"sim:cmos32?{EMULATED}&flash={path}"))


def encoded(body: bytes) -> bytes:
    return b"\0" + cobs.encode(body + zlib.crc32(body).to_bytes(4, "little")) + b"\0"


def run(device: SimulatedDevice, microseconds: int) -> bytes:
    """Let time pass; return what comes over the first link."""
    answer = b""
    end_us = device.clock.now_us() + microseconds
    while device.clock.now_us() < end_us:
        answer += device.step()
        device.clock.wait_s(min(device.deadline_us() or end_us, end_us))
    return answer


def test_without_power_nothing_answers_until_it_returns(
    open_simulation: OpenSimulation, connect: Connect
) -> None:
    link = open_simulation(f"sim:cmos32?{EMULATED}&time=virtual")
    panel = connect(link)
    old = panel.get("exposure_us")
    panel.set("exposure_us", old + 1)
    link.device.cut_power(1)
    link.device.feed(encoded(bytes([Save.TYPE, 9]) + Save().pack()))
    assert run(link.device, 1_000_000) == b""
    assert link.device.deadline_us() is None
    link.device.reset(ResetCause.POWER_ON)
    assert connect(link).get("exposure_us") == old


def test_the_second_link_answers_too(open_simulation: OpenSimulation) -> None:
    device = open_simulation(f"sim:cmos32?{EMULATED}&time=virtual").device
    received = device.exchange(encoded(bytes([Get.TYPE, 7]) + Get(parameter=1).pack()))
    run(device, 20_000)
    received += device.exchange(b"")
    packets = [cobs.decode(part) for part in received.split(b"\0")[:-1] if part]
    assert any(part[:2] == bytes([Value.TYPE, 7]) for part in packets)


def test_a_recording_that_has_ended_is_an_error(tmp_path: Path) -> None:
    frames = tmp_path / "frames.npy"
    np.save(frames, np.zeros((1, 32, 32), np.uint16))
    url = f"sim:cmos32?{EMULATED}&time=virtual&frames={frames}&at_end=stop"
    device = SimulatedDevice(SimulationSpecification.from_url(url))
    panel = Panel.connect(_Stepped(device))
    panel.start()
    with pytest.raises(RecordedFramesError, match="at_end=hold"):
        list(panel.frames(5, timeout_s=20))


class _Stepped:
    """The shortest link to a device in virtual time."""

    description = "a device"

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device

    def read(self, _timeout_s: float) -> bytes:
        data = self._device.step()
        if not data:
            self._device.clock.wait_s(self._device.deadline_us())
        return data

    def write(self, data: bytes) -> None:
        self._device.feed(data)

    def close(self) -> None:
        pass


# ---- what is refused


@pytest.mark.parametrize(
    "url",
    [
        "sim:tft64?converters=1",
        "sim:tft64?image=a.elf",
        "sim:tft64?flash=a.bin",
        f"sim:tft64?{EMULATED}&converters=3",
        f"sim:cmos32?{EMULATED}&converters=2",
        "sim:tft64?board=stm32f4",
    ],
)
def test_a_url_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(BadValueError):
        SimulationSpecification.from_url(url)


def test_an_image_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"sim:tft64?{EMULATED}&image={tmp_path / 'none.elf'}"
    with pytest.raises(FirmwareImageError, match=r"none\.elf"):
        SimulatedDevice(SimulationSpecification.from_url(url))


def test_an_empty_flash_does_not_come_up(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\xff" * (1 << 20))
    url = f"sim:tft64?{EMULATED}&flash={path}"
    with pytest.raises(EmulationError):
        SimulatedDevice(SimulationSpecification.from_url(url))


def test_without_sources_an_image_has_to_be_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(release_image.ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setattr(release_image, "BUILD_SCRIPT", tmp_path / "none.py")
    with pytest.raises(FirmwareImageError, match=release_image.ENVIRONMENT_VARIABLE):
        release_image.find_elf(None)


def test_without_a_compiler_the_build_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(release_image, "_build", release_image._build.__wrapped__)
    monkeypatch.delenv(release_image.ENVIRONMENT_VARIABLE, raising=False)
    with pytest.raises(FirmwareImageError, match="apt install"):
        release_image.find_elf(None)


def test_a_named_image_comes_before_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(release_image.ENVIRONMENT_VARIABLE, "from-environment.elf")
    assert release_image.find_elf("named.elf") == Path("named.elf")
    assert release_image.find_elf(None) == Path("from-environment.elf")


# ---- errors of the board's own


def broken(url: str) -> SimulatedDevice:
    """Return a device whose next microsecond is an error."""
    device = SimulatedDevice(SimulationSpecification.from_url(url))
    schedule = device._firmware.board.mcu.machine.schedule

    def fail() -> None:
        raise EmulationError("DMA2", "S1CR", "broken for this test")

    schedule.after(168, fail)
    return device


def test_an_error_of_the_board_is_raised_again_by_every_call_that_lets_time_pass() -> None:
    device = broken(f"sim:cmos32?{EMULATED}&time=virtual")
    for call in (lambda: run(device, 10_000), lambda: run(device, 10_000)):
        with pytest.raises(EmulationError, match="broken for this test"):
            call()
    with pytest.raises(EmulationError, match="broken for this test"):
        device.trigger(True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_host_in_the_same_process_is_told_why_the_board_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(links, "SimulatedDevice", lambda _specification: broken(url))
    url = f"sim:cmos32?{EMULATED}"
    link = links.open_link(url)
    link._loop._thread.join(10)
    with pytest.raises(LinkLostError, match="broken for this test"):
        link.read(0.1)
    link.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_tells_what_stopped_its_device() -> None:
    with Server(broken(f"sim:cmos32?{EMULATED}"), TcpMedium("127.0.0.1", 0)) as server:
        server._loop._thread.join(10)
        assert isinstance(server.failure, EmulationError)
