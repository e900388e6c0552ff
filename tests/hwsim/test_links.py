"""Simulated links end to end: pixels through the real firmware to the panel client."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from fpxi_hwsim import SimulatedLink
from fpxi_hwsim.errors import SimulationUrlError
from fpxi_hwsim.physics.array.maps import imaging_mask
from fpxi_hwsim.physics.projection import Projection
from fpxi_hwsim.presets import PRESETS, TFT64
from fpxi_readout.device_errors import DeviceFaultError
from fpxi_readout.frame import Frame
from fpxi_readout.links.base import Link, LinkClosedError, LinkLostError
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import FrameFlag, ResetCause, State, TriggerMode

OpenSimulation = Callable[[str], SimulatedLink]
Connect = Callable[[Link], Panel]
Take = Callable[[str, int], np.ndarray]


def take_one(panel: Panel) -> Frame:
    panel.start(1)
    (frame,) = panel.frames(1, timeout_s=5)
    return frame


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("time_", ["real", "virtual"])
def test_a_panel_connects_and_delivers_frames(
    preset: str, time_: str, open_simulation: OpenSimulation, connect: Connect
) -> None:
    link = open_simulation(f"sim:{preset}?time={time_}&serial=SIM-7")
    panel = connect(link)
    assert panel.identity.serial_number == "SIM-7"
    geometry = link.device.specification.preset.geometry
    np.testing.assert_array_equal(panel.geometry.not_imaging, ~imaging_mask(geometry))
    panel.start(3)
    frames = list(panel.frames(3, timeout_s=5))
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert {frame.samples.shape for frame in frames} == {geometry.shape}
    assert frames[0].temperature_mC == link.device.specification.preset.temperature_mC


@pytest.mark.parametrize("url", ["sim:tft64", "sim:cmos32"])
def test_a_capture_in_virtual_time_is_repeatable_to_the_bit(url: str, take: Take) -> None:
    np.testing.assert_array_equal(take(url, 10), take(url, 10))


@pytest.mark.parametrize(
    "settings",
    ["bit_flips=1e-4", "drops=0.1&duplicates=0.1", "rechunk=on", "resets=0.1", "baud=9600"],
)
def test_a_line_in_virtual_time_is_repeatable_to_the_byte(
    settings: str, open_simulation: OpenSimulation, start_packet: bytes
) -> None:
    def pieces() -> list[bytes]:
        link = open_simulation(f"sim:cmos32?time=virtual&{settings}")
        link.write(start_packet)
        return [link.read(0.0) for _ in range(200)]

    assert pieces() == pieces()


def test_virtual_time_keeps_the_panels_own_pace(
    open_simulation: OpenSimulation, connect: Connect
) -> None:
    panel = connect(open_simulation("sim:tft64?time=virtual"))
    panel.parameters.exposure_us = 50_000_000
    panel.start(3)
    stamps = [frame.timestamp_us for frame in panel.frames(3, timeout_s=30)]
    assert np.diff(stamps).tolist() == [50_000_000] * 2


def test_letters_stand_out_of_the_raw_frame_and_more_so_after_dark_and_gain(take: Take) -> None:
    raw = take("sim:tft64", 16).mean(axis=0).astype(float)
    dark = take("sim:tft64?beam=off", 64).mean(axis=0)
    flat = take("sim:tft64?object=none", 64).mean(axis=0)
    transmission = Projection(TFT64, "letters-caep").at(0).brightness
    responds = (flat - dark) > 1000

    def contrast_to_noise(image: np.ndarray) -> float:
        metal, air = (image[part & responds] for part in (transmission < 0.5, transmission > 0.9))
        return float((np.median(air) - np.median(metal)) / air.std())

    corrected = (raw - dark) / np.where(responds, flat - dark, 1)
    assert contrast_to_noise(raw) > 1
    assert contrast_to_noise(corrected) > 1.5 * contrast_to_noise(raw)


def test_signal_scales_with_exposure_and_gain_set_over_the_link(
    open_simulation: OpenSimulation, connect: Connect
) -> None:
    link = open_simulation("sim:tft64?time=virtual&object=none")
    panel = connect(link)

    def mean_counts(*, beam_on: bool) -> float:
        link.device.scene.beam_on = beam_on
        panel.start(40)
        good = ~link.device.truth.maps.defective
        return float(np.mean([f.samples[good] for f in panel.frames(40, timeout_s=5)]))

    signal = []
    for exposure_us, gain_setting in ((10_000, 3), (20_000, 3), (10_000, 4)):
        panel.parameters.exposure_us = exposure_us
        panel.parameters.gain_setting = gain_setting
        signal.append(mean_counts(beam_on=True) - mean_counts(beam_on=False))
    assert signal[1] / signal[0] == pytest.approx(2, rel=0.02)
    assert signal[2] / signal[0] == pytest.approx(0.5, rel=0.02)


def test_saturation_is_flagged_by_the_firmware(
    open_simulation: OpenSimulation, connect: Connect
) -> None:
    panel = connect(open_simulation("sim:tft64?time=virtual&dose_rate=1e-3"))
    frame = take_one(panel)
    assert FrameFlag.SATURATED in frame.flags
    assert np.median(frame.samples) == 65535


def test_recorded_frames_pass_the_firmware_unchanged(tmp_path: Path, take: Take) -> None:
    recorded = np.random.default_rng(3).integers(0, 65536, (5, 64, 64)).astype(np.uint16)
    np.save(tmp_path / "r.npy", recorded)
    np.testing.assert_array_equal(take(f"sim:tft64?frames={tmp_path / 'r.npy'}", 5), recorded)


def test_frames_of_a_real_small_array_pass_the_firmware_unchanged(take: Take) -> None:
    if "FPXI_TEST_DATA" not in os.environ:
        pytest.skip("FPXI_TEST_DATA names no folder of real detector frames")
    path = Path(os.environ["FPXI_TEST_DATA"]) / "small_array" / "k11-18014-imaging.h5"
    with h5py.File(path) as file:
        recorded = file["entry/detector/detector"][:50]
    frames = take(f"sim:cmos32?frames={path}::/entry/detector/detector", 50)
    np.testing.assert_array_equal(frames[:, 5:27, 3:29], recorded)


def test_the_end_of_a_recording_that_stops_is_a_read_fault(
    tmp_path: Path, open_simulation: OpenSimulation, connect: Connect
) -> None:
    np.save(tmp_path / "r.npy", np.ones((2, 64, 64), np.uint16))
    url = f"sim:tft64?time=virtual&at_end=stop&frames={tmp_path / 'r.npy'}"
    panel = connect(open_simulation(url))
    panel.start()
    frames = list(panel.frames(2, timeout_s=5))
    assert len(frames) == 2
    with pytest.raises(DeviceFaultError, match="panel_read"):
        list(panel.frames(timeout_s=5))
    assert panel.parameters.state is State.FAULT


def test_a_failure_of_the_simulation_reaches_the_reader(
    open_simulation: OpenSimulation, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = open_simulation("sim:tft64?time=virtual")
    panel = connect(link)

    def broken(*_arguments: object, **_settings: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("fpxi_hwsim.physics.chain.Chain.scan", broken)
    with pytest.raises(ZeroDivisionError):
        take_one(panel)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_device_that_fails_in_real_time_is_a_lost_link(
    open_simulation: OpenSimulation, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = open_simulation("sim:tft64")
    panel = connect(link)

    def broken(*_arguments: object, **_settings: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("fpxi_hwsim.physics.chain.Chain.scan", broken)
    with pytest.raises(LinkLostError):
        take_one(panel)
    with pytest.raises(LinkLostError):
        link.write(b"anyone?")


@pytest.mark.parametrize("time_", ["real", "virtual"])
def test_a_silent_line_reads_empty_and_a_command_wakes_it(
    time_: str, open_simulation: OpenSimulation
) -> None:
    link = open_simulation(f"sim:tft64?time={time_}")
    while link.read(0.05):
        pass  # what the device says of its start
    assert link.read(0.0) == b""
    reader = threading.Thread(target=lambda: answers.append(link.read(20.0)))
    answers: list[bytes] = []
    reader.start()
    time.sleep(0.05)
    link.device.reset()
    reader.join()
    assert answers[0]


@pytest.mark.parametrize("time_", ["real", "virtual"])
def test_an_idle_device_sleeps(
    time_: str, open_simulation: OpenSimulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = open_simulation(f"sim:tft64?time={time_}")
    link.device.reset()
    while link.read(0.05):
        pass
    steps: list[None] = []
    step = link.device.step
    monkeypatch.setattr(link.device, "step", lambda **how: steps.append(None) or step(**how))
    assert link.read(0.3) == b""
    assert len(steps) < 20


@pytest.mark.parametrize("time_", ["real", "virtual"])
def test_a_closed_link_refuses_reading_and_writing(
    time_: str, open_simulation: OpenSimulation
) -> None:
    link = open_simulation(f"sim:tft64?time={time_}")
    link.close()
    link.close()
    with pytest.raises(LinkClosedError):
        link.read(0.1)
    with pytest.raises(LinkClosedError):
        link.write(b"x")


def test_closing_a_link_ends_its_thread(open_simulation: OpenSimulation) -> None:
    before = set(threading.enumerate())
    link = open_simulation("sim:tft64?serial=ENDS")
    assert {thread.name for thread in set(threading.enumerate()) - before} == {"fpxi-sim-ENDS"}
    link.close()
    assert set(threading.enumerate()) == before


def test_a_reader_that_does_not_read_makes_the_device_skip_not_grow(
    open_simulation: OpenSimulation, connect: Connect
) -> None:
    panel = connect(open_simulation("sim:cmos32"))
    panel.parameters.exposure_us = 100
    panel.start()
    time.sleep(1.0)
    panel.stop()
    assert panel.parameters.frames_skipped > 0


def test_a_software_trigger_makes_one_frame(
    open_simulation: OpenSimulation, connect: Connect
) -> None:
    panel = connect(open_simulation("sim:cmos32?time=virtual"))
    panel.parameters.trigger_mode = TriggerMode.SOFTWARE
    panel.start(2)
    for number in (0, 1):
        panel.software_trigger()
        (frame,) = panel.frames(1, timeout_s=5)
        assert frame.number == number


def test_reliable_capture_over_a_damaged_line_is_complete(
    open_simulation: OpenSimulation, connect: Connect, take: Take
) -> None:
    link = open_simulation("sim:cmos32?time=virtual&bit_flips=2e-5&rechunk=on&drops=0.01")
    panel = connect(link)
    panel.start(20, reliable=True)
    frames = list(panel.frames(20, timeout_s=20))
    np.testing.assert_array_equal([f.samples for f in frames], take("sim:cmos32", 20))
    truth = link.device.truth
    assert truth.to_host.bits_flipped > 0
    assert truth.to_host.blocks_dropped > 0


def test_a_baud_rate_paces_the_line(open_simulation: OpenSimulation, connect: Connect) -> None:
    link = open_simulation("sim:cmos32?time=virtual&baud=1000000")
    panel = connect(link)
    panel.start(30, reliable=True)
    frames = list(panel.frames(30, timeout_s=20))
    spacing_us = np.diff([frame.timestamp_us for frame in frames])[-1]
    assert spacing_us >= 32 * 32 * 2 * 10  # 8 data, start and stop bit
    sent_us = 10 * link.device.truth.to_host.bytes
    assert link.device.clock.now_us() >= sent_us


def test_a_reset_in_mid_frame_is_made_and_counted(
    open_simulation: OpenSimulation, connect: Connect
) -> None:
    link = open_simulation("sim:cmos32?time=virtual&resets=1")
    assert connect(link).identity.reset_cause is ResetCause.POWER_ON
    panel = connect(link)
    panel.start(1)
    while link.device.truth.resets == 0:
        link.read(0.1)
    link.device.set_fault("resets", "0")
    assert connect(link).identity.reset_cause is ResetCause.EXTERNAL


def test_a_wrong_url_is_refused(open_simulation: OpenSimulation) -> None:
    with pytest.raises(SimulationUrlError):
        open_simulation("sim:unheard-of")
