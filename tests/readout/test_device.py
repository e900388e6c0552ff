"""The client against the real firmware core, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import fpxi_hwsim
import numpy as np
import pytest
from fpxi_readout.device_errors import CommandRefusedError, DeviceResetError, FrameTimeoutError
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.maintenance import identify_device
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import Encoding, FrameFlag, NackCode, ResetCause, TriggerMode

Open = Callable[[str], Panel]


@pytest.fixture
def connect(cache: DictionaryCache) -> Iterator[Open]:
    """Open a simulated panel in virtual time, with options of its URL."""
    panels: list[Panel] = []

    def open_panel(options: str = "") -> Panel:
        link = fpxi_hwsim.open_link(f"sim:tft64?time=virtual&seed=3{options}")
        panels.append(Panel.connect(link, cache=cache, timeout_s=5.0))
        return panels[-1]

    yield open_panel
    for panel in panels:
        panel.close()


def link_of(panel: Panel) -> Any:
    return panel._connection.link


def test_the_device_serves_the_dictionary_of_the_definition(
    connect: Open, dictionary: Dictionary
) -> None:
    panel = connect("")
    assert panel.dictionary == dictionary
    assert panel.identity.reset_cause is ResetCause.POWER_ON


def test_every_parameter_can_be_read_and_set_to_its_limits(connect: Open) -> None:
    panel = connect("")
    assert panel.read_parameters()["exposure_us"] == 10_000
    for info in panel.dictionary.parameters.values():
        if info.access != "ro":
            assert panel.set(info.name, info.minimum) == info.minimum
            assert panel.set(info.name, info.maximum) == info.maximum
            assert panel.get(info.name) == info.maximum


@pytest.mark.parametrize("reliable", [False, True])
@pytest.mark.parametrize("rows_per_chunk", [1, 7, 16])
def test_a_run_brings_every_frame_in_order(
    connect: Open, reliable: bool, rows_per_chunk: int
) -> None:
    panel = connect("")
    panel.parameters.exposure_us = 3000
    panel.parameters.rows_per_chunk = rows_per_chunk
    first = panel.start(40, reliable=reliable)
    frames = list(panel.frames(timeout_s=5.0))
    assert [frame.number for frame in frames] == list(range(first, first + 40))
    assert all(frame.rows_missing == 0 for frame in frames)
    assert FrameFlag.FIRST in frames[0].flags
    assert FrameFlag.LAST in frames[-1].flags
    assert {frame.exposure_us for frame in frames} == {3000}
    statistics = panel.statistics
    assert (statistics.frames_received, statistics.packets_lost) == (40, 0)
    assert not panel.acquiring


@pytest.mark.parametrize("reliable", [False, True])
def test_every_encoding_brings_the_same_samples(connect: Open, reliable: bool) -> None:
    frames = {}
    for encoding in Encoding:
        panel = connect("")
        panel.parameters.encoding = encoding
        panel.start(3, reliable=reliable)
        frames[encoding] = [frame.samples for frame in panel.frames(timeout_s=5.0)]
    for encoding in Encoding:
        np.testing.assert_array_equal(frames[Encoding.RAW16], frames[encoding])


def test_frame_numbers_run_on_and_a_second_run_works(connect: Open) -> None:
    panel = connect("")
    assert panel.start(3) == 0
    list(panel.frames(timeout_s=5.0))
    assert panel.start(2, reliable=True) == 3
    assert [frame.number for frame in panel.frames(timeout_s=5.0)] == [3, 4]


@pytest.mark.parametrize("reliable", [False, True])
def test_stop_ends_the_run_and_loses_nothing(connect: Open, reliable: bool) -> None:
    panel = connect("")
    panel.parameters.exposure_us = 3000
    panel.start(reliable=reliable)
    frames = list(panel.frames(10, timeout_s=5.0))
    panel.stop()
    frames += panel.frames(timeout_s=5.0)
    assert [frame.number for frame in frames] == list(range(panel.get("next_frame")))
    assert panel.statistics.frames_lost == panel.statistics.rows_lost == 0


def test_a_software_trigger_brings_its_frame(connect: Open) -> None:
    panel = connect("")
    panel.parameters.trigger_mode = TriggerMode.SOFTWARE
    with pytest.raises(CommandRefusedError) as caught:
        panel.software_trigger()
    assert caught.value.code == NackCode.NOT_STARTED
    panel.start(reliable=True)
    for _ in range(3):
        number = panel.software_trigger()
        assert [frame.number for frame in panel.frames(1, timeout_s=5.0)] == [number]
    with pytest.raises(FrameTimeoutError, match="armed"):
        next(panel.frames(timeout_s=0.3))


def test_reset_takes_the_settings_back_to_what_was_saved(connect: Open) -> None:
    panel = connect("")
    panel.parameters.exposure_us = 4000
    panel.save()
    panel.parameters.exposure_us = 3000
    panel.reset()
    assert panel.identity.reset_cause is ResetCause.COMMAND
    assert panel.parameters.exposure_us == 4000
    assert panel.start(1) == 0
    assert len(list(panel.frames(timeout_s=5.0))) == 1


def test_a_restart_in_mid_run_is_named_and_a_new_run_works(connect: Open) -> None:
    panel = connect("")
    panel.start()
    next(panel.frames(timeout_s=5.0))
    link_of(panel).device.reset(ResetCause.WATCHDOG)
    with pytest.raises(DeviceResetError, match="watchdog"):
        list(panel.frames(timeout_s=5.0))
    again = Panel.connect(link_of(panel))
    assert again.identity.reset_cause is ResetCause.WATCHDOG
    again.start(1)
    assert len(list(again.frames(timeout_s=5.0))) == 1


def test_a_device_left_acquiring_is_taken_over(connect: Open, cache: DictionaryCache) -> None:
    panel = connect("")
    panel.start()
    next(panel.frames(timeout_s=5.0))
    assert identify_device(link_of(panel)).serial_number == panel.identity.serial_number
    second = Panel.connect(link_of(panel), cache=cache)
    first = second.start(3, reliable=True)
    assert [f.number for f in second.frames(timeout_s=5.0)] == [first, first + 1, first + 2]
    assert second.statistics.frames_lost == 0


FAULTS = [
    "&bit_flips=2e-5",
    "&drops=0.05",
    "&duplicates=0.05",
    "&drops=0.03&bit_flips=1e-5&rechunk=on",
]


@pytest.mark.parametrize("faults", FAULTS)
def test_reliable_over_a_bad_link_brings_every_sample(connect: Open, faults: str) -> None:
    expected = _acquire(connect(""), 30)
    panel = connect(faults)
    frames = _acquire(panel, 30)
    np.testing.assert_array_equal(
        [frame.samples for frame in frames], [frame.samples for frame in expected]
    )
    assert panel.statistics.frames_lost == panel.statistics.rows_lost == 0
    assert panel.statistics.chunks_recovered > 0


def _acquire(panel: Panel, count: int) -> list[Any]:
    panel.parameters.exposure_us = 3000
    panel.start(count, reliable=True)
    return list(panel.frames(timeout_s=10.0))


@pytest.mark.parametrize("faults", FAULTS)
def test_live_over_a_bad_link_accounts_for_every_frame(connect: Open, faults: str) -> None:
    truth = _acquire(connect(""), 60)
    panel = connect(faults)
    panel.parameters.exposure_us = 3000
    panel.start(60)
    frames = list(panel.frames(timeout_s=10.0))
    statistics = panel.statistics
    assert statistics.frames_received == len(frames)
    assert statistics.frames_received + statistics.frames_lost + statistics.frames_skipped == 60
    missing = sum(frame.rows_missing for frame in frames) + 64 * statistics.frames_lost
    assert statistics.rows_lost == missing > 0
    for frame in frames:
        good = frame.row_received
        np.testing.assert_array_equal(frame.samples[good], truth[frame.number].samples[good])
        assert not frame.samples[~good].any()
