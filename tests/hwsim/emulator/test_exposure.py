"""What the pixels are told of an exposure is what held at the board, on either board."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from fpxi_hwsim import SimulatedLink
from fpxi_hwsim.source import Exposure, PixelSource, Samples
from fpxi_readout.links.base import Link
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import FrameFlag, ResetCause

OpenSimulation = Callable[[str], SimulatedLink]
Connect = Callable[[Link], Panel]
BOARDS = ["native", "stm32f405"]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Exposure]:
    """The exposures that any pixel source is asked for."""
    exposures: list[Exposure] = []
    expose = PixelSource.expose

    def note(source: PixelSource, exposure: Exposure) -> Samples | None:
        exposures.append(exposure)
        return expose(source, exposure)

    monkeypatch.setattr(PixelSource, "expose", note)
    return exposures


@pytest.fixture(params=BOARDS)
def board(request: pytest.FixtureRequest) -> str:
    if request.param != "native":
        request.getfixturevalue("arm_compiler")
    return str(request.param)


@pytest.mark.parametrize(("preset", "bias_mV"), [("tft64", -12_345), ("cmos32", 95_000)])
def test_the_bias_and_its_sign_reach_the_pixels(
    preset: str,
    bias_mV: int,
    board: str,
    seen: list[Exposure],
    open_simulation: OpenSimulation,
    connect: Connect,
) -> None:
    panel = connect(open_simulation(f"sim:{preset}?board={board}&time=virtual"))
    panel.set("bias_ramp_mV_s", 100_000_000)
    panel.start(1)
    list(panel.frames(1, timeout_s=20))
    panel.set("bias_mV", bias_mV)
    panel.start(2)
    frames = list(panel.frames(2, timeout_s=20))
    assert seen[0].bias_mV == 0
    assert frames[-1].bias_mV == bias_mV
    assert not frames[-1].flags & FrameFlag.BIAS_RAMPING
    step_mV = 110_000 / 32_767 if board == "stm32f405" and preset == "cmos32" else 0
    assert seen[-1].bias_mV == pytest.approx(bias_mV, abs=step_mV / 2 + 0.5)


def test_exposures_begin_as_far_apart_as_the_headers_say(
    board: str, seen: list[Exposure], open_simulation: OpenSimulation, connect: Connect
) -> None:
    panel = connect(open_simulation(f"sim:tft64?board={board}&time=virtual"))
    panel.set("exposure_us", 5000)
    panel.set("frame_period_us", 20_000)
    panel.start(4)
    taken = list(panel.frames(4, timeout_s=20))
    told = np.diff([frame.timestamp_us for frame in taken])
    assert np.diff([exposure.began_us for exposure in seen]) == pytest.approx(told, abs=1)
    assert told == pytest.approx(20_000, abs=1)


def test_a_reset_does_not_turn_the_pixels_time_back(
    board: str, seen: list[Exposure], open_simulation: OpenSimulation, connect: Connect
) -> None:
    link = open_simulation(f"sim:cmos32?board={board}&time=virtual")
    for cause in (ResetCause.EXTERNAL, ResetCause.POWER_ON):
        panel = connect(link)
        panel.start(2)
        list(panel.frames(2, timeout_s=20))
        link.device.reset(cause)
    began = [exposure.began_us for exposure in seen]
    assert (np.diff(began) > 0).all()
