"""Scene control in lines of text."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim import SimulatedDevice, SimulationSpecification
from fpxi_hwsim.control import execute, run_console


@pytest.fixture
def device() -> SimulatedDevice:
    return SimulatedDevice(SimulationSpecification.from_url("sim:tft64?time=virtual"))


def test_each_command_changes_the_scene(device: SimulatedDevice, tmp_path: Path) -> None:
    np.save(tmp_path / "my frames.npy", np.ones((64, 64), np.uint16))
    assert execute(device, "beam off") == "beam off"
    assert execute(device, "  object edge ") == "object edge"
    assert execute(device, "dose_rate 5e-6") == "dose_rate 5e-06 Gy/s"
    assert execute(device, "tube W:70kV:Al 2.5mm") == "tube W:70kV:Al 2.5mm"
    assert execute(device, f"frames {tmp_path / 'my frames.npy'}").startswith("frames")
    assert execute(device, "fault bit_flips 1e-4") == "fault bit_flips 1e-4"
    assert (device.scene.beam_on, device.scene.object) == (False, "edge")
    assert device.scene.dose_rate == 5e-6
    assert device.scene.state.recorded is not None
    assert device.faults.bit_flips == 1e-4
    execute(device, "frames none")
    assert device.scene.state.recorded is None


def test_reset_resets_the_device(device: SimulatedDevice) -> None:
    while device.step():
        pass
    assert execute(device, "reset") == "reset"
    assert device.step()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("beam", "on or off"),
        ("beam maybe", "on or off"),
        ("object gold", "letters-caep"),
        ("dose_rate", "Gy/s"),
        ("dose_rate -1", "Gy/s"),
        ("tube glass", "anode:kV"),
        ("frames", "a path"),
        ("frames absent.npy", "not readable"),
        ("fault", "bit_flips"),
        ("fault gremlins 1", "bit_flips"),
        ("fault drops", "from 0 to 1"),
        ("reset now", "nothing"),
        ("trigger", "on or off"),
    ],
)
def test_an_error_is_answered_in_words(device: SimulatedDevice, line: str, words: str) -> None:
    answer = execute(device, line)
    assert answer.startswith("error: ")
    assert words in answer


def test_help_and_unknown_commands_list_the_commands(device: SimulatedDevice) -> None:
    for line in ("help", "dance"):
        assert "dose_rate" in execute(device, line)
        assert "quit" in execute(device, line)


def test_the_console_answers_line_by_line_until_quit(device: SimulatedDevice) -> None:
    answers = io.StringIO()
    run_console(device, io.StringIO("beam off\n\nbeam on\nquit\nbeam off\n"), answers)
    assert answers.getvalue() == "beam off\nbeam on\n"
    assert device.scene.beam_on


def test_the_console_ends_with_its_input(device: SimulatedDevice) -> None:
    answers = io.StringIO()
    run_console(device, io.StringIO("beam off\n"), answers)
    assert answers.getvalue() == "beam off\n"
