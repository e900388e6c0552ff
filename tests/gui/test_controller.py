"""The viewer without a window: what a tick resolves."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from fpxi.connection import ConnectionState
from fpxi.frame_rate_limit import FrameRateLimit, LimitCause
from fpxi_gui.state import Level
from fpxi_imaging.flags import PixelFlag
from fpxi_readout.errors import FpxiError
from fpxi_readout.explanation import DeviceEvent
from fpxi_readout.links.base import RadioFacts
from fpxi_readout.protocol.generated import EventCode, Severity


def test_the_controller_needs_no_qt() -> None:
    code = (
        "import sys, fpxi_gui.controller;"
        "sys.exit(any(m.startswith(('PySide6', 'pyqtgraph')) for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_before_a_connection_there_is_a_state_to_show(rig: Any) -> None:
    state = rig.controller.tick()
    assert state.picture is None
    assert state.parameters.values == {}
    assert state.banners[0].title == "Connecting to sim:fake"


def test_begin_begins_the_session_and_close_closes_it(rig: Any) -> None:
    rig.controller.begin()
    assert rig.session.begun
    rig.controller.close()
    assert rig.session.closed


def test_a_new_preview_makes_a_new_picture(rig: Any, ramp: Any) -> None:
    rig.session.deliver(ramp)
    first = rig.controller.tick()
    assert first.picture is rig.controller.tick().picture
    rig.session.deliver(ramp + 1)
    assert rig.controller.tick().picture != first.picture


def test_automatic_levels_are_the_robust_percentiles(rig: Any) -> None:
    samples = np.full((6, 8), 1000, np.uint16)
    samples[0, 0] = 60_000
    samples[0, 1] = 1002
    rig.session.deliver(samples)
    low, high = rig.controller.tick().picture.levels
    assert 999 < low < high < 30_000


def test_a_constant_image_has_levels(rig: Any) -> None:
    rig.session.deliver(np.full((6, 8), 500, np.uint16))
    assert rig.controller.tick().picture.levels == (499.5, 500.5)


def test_an_image_without_a_good_pixel_has_levels(rig: Any, ramp: Any) -> None:
    state_rows = np.zeros(6, np.bool_)
    rig.session.deliver(ramp, row_received=state_rows)
    low, high = rig.controller.tick().picture.levels
    assert low < high


def test_manual_levels_stay_whatever_comes(rig: Any, ramp: Any) -> None:
    rig.controller.display.set_levels(10.0, 20.0)
    rig.session.deliver(ramp)
    assert rig.controller.tick().picture.levels == (10.0, 20.0)
    rig.session.deliver(ramp * 2)
    state = rig.controller.tick()
    assert state.picture.levels == (10.0, 20.0)
    assert not state.display.auto_levels


def test_manual_levels_cannot_cross(rig: Any, ramp: Any) -> None:
    rig.controller.display.set_levels(50.0, 20.0)
    rig.session.deliver(ramp)
    assert rig.controller.tick().picture.levels == (50.0, 51.0)


def test_a_display_choice_takes_effect_without_a_new_frame(rig: Any, ramp: Any) -> None:
    rig.session.deliver(ramp)
    rig.controller.tick()
    rig.controller.display.colour_map = "viridis"
    assert rig.controller.tick().picture.colour_map == "viridis"


def test_the_histogram_counts_every_good_pixel_between_its_ends(rig: Any, ramp: Any) -> None:
    rig.session.deliver(ramp)
    histogram = rig.controller.tick().histogram
    assert histogram.counts.sum() == ramp.size - 1  # the count of 0 is cut off
    assert histogram.span[0] < 1
    assert histogram.span[1] > ramp.max()


def test_what_is_wrong_with_raw_pixels_is_in_the_legend(rig: Any, ramp: Any) -> None:
    received = np.array([True, False, True, True, False, True])
    rig.session.deliver(ramp, row_received=received)
    assert rig.controller.tick().legend == {PixelFlag.MISSING: 16, PixelFlag.CUT_OFF: 1}


def test_the_cursor_reads_raw_and_shown_value_of_its_pixel(rig: Any, ramp: Any) -> None:
    rig.session.deliver(ramp, values=ramp.astype(np.float32) / 4)
    rig.controller.display.cursor = (2, 5)
    cursor = rig.controller.tick().cursor
    assert (cursor.row, cursor.column, cursor.raw, cursor.value) == (2, 5, 2005, 501.25)
    assert cursor.corrected


def test_the_cursor_says_that_a_row_never_arrived(rig: Any, ramp: Any) -> None:
    rig.session.deliver(ramp, row_received=np.array([True] * 5 + [False]))
    rig.controller.display.cursor = (5, 0)
    cursor = rig.controller.tick().cursor
    assert cursor.raw is None
    assert np.isnan(cursor.value)
    assert cursor.flags is PixelFlag.MISSING


@pytest.mark.parametrize("position", [None, (6, 0), (0, 8), (-1, 0)])
def test_there_is_no_cursor_beside_the_image(rig: Any, ramp: Any, position: Any) -> None:
    rig.session.deliver(ramp)
    rig.controller.display.cursor = position
    assert rig.controller.tick().cursor is None


def test_acquiring_without_frames_is_a_stall_until_a_frame_comes(rig: Any, ramp: Any) -> None:
    rig.session.connect()
    rig.controller.device.start()
    rig.settle()
    rig.clock.now += 1.0
    assert rig.controller.tick().banners == ()
    rig.clock.now += 2.0
    banner = rig.settle().banners[0]
    assert banner.level is Level.WARNING
    assert "No frames" in banner.title
    rig.session.deliver(ramp, at=rig.clock.now)
    assert rig.controller.tick().banners == ()


def test_waiting_for_a_trigger_is_no_stall(rig: Any) -> None:
    rig.session.connect()
    rig.session.source.values["trigger_mode"] = 1
    rig.session.source.known = dict(rig.session.source.values)
    rig.controller.device.start()
    rig.settle()
    rig.clock.now += 60.0
    assert rig.settle().banners == ()


def test_a_lost_link_shows_a_banner_and_recovers_by_itself(rig: Any, ramp: Any) -> None:
    rig.session.connect()
    rig.session.deliver(ramp)
    rig.settle()
    rig.session.set_connection(ConnectionState.RECONNECTING, FpxiError("unplugged"), 2)
    state = rig.controller.tick()
    assert "attempt 2" in state.banners[0].text
    assert state.picture is not None
    assert not state.acquisition.connected
    rig.session.connect()
    state = rig.settle()
    assert state.banners == ()
    assert state.acquisition.connected


def test_the_time_without_a_link_is_no_stall_after_it_is_back(rig: Any, ramp: Any) -> None:
    rig.session.connect()
    rig.controller.device.start()
    rig.session.deliver(ramp, at=rig.clock.now)
    rig.settle()
    rig.session.set_connection(ConnectionState.RECONNECTING, FpxiError("unplugged"), 1)
    rig.clock.now += 60.0
    rig.controller.tick()
    rig.session.connect()
    assert rig.settle().banners == ()


def test_a_pipeline_that_ended_is_told_and_ticks_go_on(rig: Any) -> None:
    rig.session.connect()
    rig.session.preview_error = FpxiError("the pipeline thread ended")
    state = rig.settle()
    assert "the pipeline thread ended" in state.banners[0].text
    assert state.failure is rig.session.preview_error


def test_a_connection_is_a_failure_only_once_it_is_given_up(rig: Any) -> None:
    error = FpxiError("refused")
    rig.session.set_connection(ConnectionState.CONNECTING, error, 1)
    assert rig.controller.tick().failure is None
    rig.session.set_connection(ConnectionState.FAILED, error, 1)
    assert rig.controller.tick().failure is error


def test_acquisition_starts_once_connected_when_wanted(rig: Any) -> None:
    rig.controller._start_pending = True
    rig.settle()
    assert rig.session.source.calls == []
    rig.session.connect()
    rig.settle()
    rig.settle()
    assert rig.session.source.calls == ["start 0 live"]


def test_acquisition_that_shall_start_warm_waits_for_the_kernels(rig: Any) -> None:
    rig.controller._start_pending = rig.controller._start_when_warm = True
    rig.controller._finder.kernels_ready = False
    rig.session.connect()
    rig.settle()
    rig.settle()
    assert rig.session.source.calls == []
    rig.session.pipeline.warm = False
    rig.controller._kernels_ready(None)
    rig.settle()
    rig.settle()
    assert rig.session.source.calls == [], "the preview is not ready"
    rig.session.pipeline.warm = True
    rig.controller.calibration._progress = "Loading cal.h5 …"
    rig.settle()
    rig.settle()
    assert rig.session.source.calls == [], "the first frames would not be corrected"
    rig.controller.calibration._progress = ""
    rig.settle()
    rig.settle()
    assert rig.session.source.calls == ["start 0 live"]


def test_the_picture_is_no_older_than_what_is_told_of_it(
    rig: Any, ramp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame that comes in the middle of a tick may be shown before it is counted, not after."""
    look = rig.session.preview

    def look_when_another_has_come() -> Any:
        seen = look()
        rig.session.deliver(ramp)
        return seen

    monkeypatch.setattr(rig.session, "preview", look_when_another_has_come)
    rig.session.connect()
    rig.session.deliver(ramp)
    state = rig.controller.tick()
    assert state.status.preview_reached == 1
    assert state.picture is not None


def test_losses_and_skips_are_told_apart(rig: Any) -> None:
    from dataclasses import replace

    rig.session.link = replace(rig.session.link, frames_lost=2, rows_lost=3, frames_skipped=4)
    rig.session.counted["preview_skipped"] = 5
    status = rig.controller.tick().status
    assert (status.frames_lost, status.rows_lost) == (2, 3)
    assert (status.frames_skipped, status.preview_skipped) == (4, 5)


def test_the_figures_of_the_radio_and_what_limits_the_rate_are_shown(rig: Any) -> None:
    limit = FrameRateLimit(LimitCause.EXPOSURE, duration_us=50_000)
    radio = RadioFacts("FPXI-64", "F0:0D:00:00:00:01", -58, 87)
    rig.session.counted |= {"link_rate_Bps": 118e3, "limit": limit, "radio": radio}
    status = rig.controller.tick().status
    assert (status.link_rate_Bps, status.limit) == (118e3, limit)
    assert (status.rssi_dBm, status.battery_percent) == (-58, 87)


def test_a_wire_has_no_signal_strength(rig: Any) -> None:
    status = rig.controller.tick().status
    assert (status.rssi_dBm, status.battery_percent) == (None, None)


@pytest.mark.parametrize(
    ("severity", "level"),
    [(Severity.INFO, Level.GOOD), (Severity.FAULT, Level.ERROR), (77, Level.WARNING)],
)
def test_the_newest_event_is_shown_by_its_severity(rig: Any, severity: Any, level: Level) -> None:
    old = DeviceEvent(1, Severity.INFO, EventCode.BOOT, 0, "old")
    rig.session.event_list = [old, DeviceEvent(2, severity, EventCode.BOOT, 0, "new")]
    status = rig.controller.tick().status
    assert (status.last_event, status.event_level) == ("new", level)
