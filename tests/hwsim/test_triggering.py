"""The pins beside the link: trigger input and expose-request output of a simulated device."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from fpxi_hwsim import SimulatedLink
from fpxi_hwsim.control import execute
from fpxi_hwsim.device import SimulatedDevice
from fpxi_readout.links.base import Link
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import TriggerMode


@pytest.fixture
def started(
    open_simulation: Callable[[str], SimulatedLink], connect: Callable[[Link], Panel]
) -> Callable[[str, TriggerMode], tuple[Panel, SimulatedDevice]]:
    """Start a panel in a trigger mode, exposures of 2 ms."""

    def start(url: str, mode: TriggerMode) -> tuple[Panel, SimulatedDevice]:
        link = open_simulation(url)
        panel = connect(link)
        panel.parameters.exposure_us = 2000
        panel.parameters.trigger_mode = mode
        panel.start()
        return panel, link.device

    return start


Started = Callable[[str, TriggerMode], tuple[Panel, SimulatedDevice]]


@pytest.mark.parametrize("clock", ["real", "virtual"])
def test_each_rising_edge_takes_a_frame(started: Started, clock: str) -> None:
    panel, device = started(f"sim:cmos32?time={clock}", TriggerMode.EXTERNAL)
    for number in range(3):
        assert execute(device, "trigger on") == "trigger on"
        (frame,) = panel.frames(1, timeout_s=5)
        assert execute(device, "trigger off") == "trigger off"
        assert frame.number == number


def test_the_beam_is_asked_for_only_while_an_exposure_wants_it(started: Started) -> None:
    panel, device = started("sim:cmos32", TriggerMode.RESET_EXPOSE_READ)
    panel.parameters.exposure_us = 20_000_000
    assert not device.expose_request
    panel.software_trigger()
    while not device.expose_request:
        time.sleep(1e-3)
    panel.stop()
    assert not device.expose_request


def test_a_frame_on_request_has_the_dose_of_its_exposure_alone(started: Started) -> None:
    def signal(mode: TriggerMode) -> float:
        panel, device = started("sim:cmos32?time=virtual&object=none", mode)
        levels = []
        for beam_on in (True, False):
            device.scene.beam_on = beam_on
            panel.software_trigger()
            (frame,) = panel.frames(1, timeout_s=5)
            levels.append(float(np.median(frame.samples)))
        return levels[0] - levels[1]

    plain, on_request = signal(TriggerMode.SOFTWARE), signal(TriggerMode.RESET_EXPOSE_READ)
    assert plain > 500
    assert on_request == pytest.approx(plain, rel=0.05)


def test_a_level_set_twice_is_one_edge(started: Started) -> None:
    panel, device = started("sim:cmos32?time=virtual", TriggerMode.EXTERNAL)
    panel.parameters.trigger_debounce_us = 0
    device.trigger(True)
    device.trigger(True)
    (frame,) = panel.frames(1, timeout_s=5)
    assert frame.number == 0
    panel.stop()
    assert panel.parameters.next_frame == 1
