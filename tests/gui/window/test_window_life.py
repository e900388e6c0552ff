"""The window as a whole: lost devices, messages, keys, memory, settings."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
from fpxi.connection import ConnectionState
from fpxi.frame_rate_limit import FrameRateLimit, LimitCause
from fpxi_gui.application import make_application
from fpxi_gui.settings import Settings
from fpxi_gui.state import Level
from fpxi_gui.theme import LEVEL_COLOURS
from fpxi_gui.window import ViewerWindow
from fpxi_imaging import Averaging, Processing
from fpxi_readout.errors import FpxiError
from fpxi_readout.links.base import RadioFacts
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication


def test_an_unplugged_device_leaves_a_usable_window_that_recovers(live: Any, ramp: Any) -> None:
    session = live.rig.session
    session.set_connection(ConnectionState.RECONNECTING, FpxiError("unplugged"), 2)
    live.settle()
    shown = live.window.banners.bars[0]
    assert shown.isVisible()
    assert "attempt 2" in shown.banner.text
    assert not live.window.controls.run.isEnabled()
    live.window.display.colour_map.activated.emit(2)
    assert live.settle().picture.colour_map == "viridis"
    session.connect()
    session.deliver(ramp + 5)
    live.settle()
    assert not shown.isVisible()
    assert live.window.controls.run.isEnabled()
    assert live.window.pictures_drawn == 3


def test_a_device_that_connects_between_resolving_and_drawing_is_drawn_later(viewer: Any) -> None:
    resolve = viewer.rig.controller.tick

    def resolve_then_connect() -> Any:
        state = resolve()
        viewer.rig.session.connect()
        return state

    viewer.rig.controller.tick = resolve_then_connect
    viewer.window.tick()
    assert viewer.window.device.settings is None
    viewer.window.tick()
    assert viewer.window.device.settings.editor("exposure_us").value() == 1000


def test_a_device_that_connects_while_it_is_looked_at_is_whole_or_not_yet_there(rig: Any) -> None:
    from fpxi_gui.snapshot import take_snapshot

    class Connecting(type(rig.session)):  # type: ignore[misc]
        """Connects between the look at its connection and the look at anything else."""

        @property
        def identity(self) -> Any:
            rig.session.connect()
            return rig.session.known_identity

        @identity.setter
        def identity(self, identity: Any) -> None:
            self.known_identity = identity

    rig.session.__class__ = Connecting
    seen = take_snapshot(rig.session)
    assert not seen.connected
    assert take_snapshot(rig.session).connected


def test_a_device_with_other_parameters_builds_the_panel_anew(live: Any) -> None:
    from dataclasses import replace

    old = live.window.device.settings
    known = live.rig.session.dictionary
    fewer = {n: i for n, i in known.parameters.items() if n != "bias_mV"}
    live.rig.session.dictionary = replace(known, parameters=fewer)
    live.settle()
    assert live.window.device.settings is not old
    with pytest.raises(KeyError):
        live.window.device.settings.editor("bias_mV")


def test_settings_with_long_names_are_shown_whole(live: Any) -> None:
    from dataclasses import replace

    known = live.rig.session.dictionary
    long = replace(known.parameters["exposure_us"], unit="conversions of each pixel")
    parameters = {**known.parameters, "exposure_us": long}
    live.rig.session.dictionary = replace(known, parameters=parameters)
    live.settle()
    live.settle()
    card = live.window.device
    seen = card.visibleRegion().boundingRect()
    assert seen.width() == card.width()


def test_the_status_line_tells_how_many_frames_weigh_in_the_average(live: Any, ramp: Any) -> None:
    assert live.window.status.text("average") == ""
    averaging = Processing(averaging=Averaging.recursive(8))
    for frames, text in ((5, "average of 5 of 8 frames"), (8, "average of 8 frames")):
        live.rig.session.deliver(ramp, processing=averaging, averaged_frames=frames)
        live.settle()
        assert live.window.status.text("average") == text


def test_losses_are_coloured_and_skips_are_not(live: Any) -> None:
    from dataclasses import replace

    session = live.rig.session
    session.link = replace(session.link, frames_lost=1, rows_lost=6)
    session.counted["preview_skipped"] = 9
    live.settle()
    assert live.window.status.text("lost") == "1 frames, 6 rows lost"
    assert live.window.status.text("not_drawn") == "9 not drawn"
    assert live.window.status._labels["lost"].styleSheet() != ""


@pytest.mark.parametrize("size", [(1280, 800), (960, 560)])
def test_a_message_is_shown_whole_and_hides_nothing_of_the_image(
    live: Any, size: tuple[int, int]
) -> None:
    live.window.resize(*size)
    live.rig.controller.report("something is wrong with /a/long/path/to/some/file.h5; " * 3)
    live.settle()
    window, toast, image = live.window, live.window._toast, live.window.image
    assert toast.isVisible()
    covered = toast.geometry().translated(toast.parent().mapTo(window, QPoint(0, 0)))
    assert window.rect().contains(covered)
    assert not covered.intersects(image.geometry().translated(image.parent().pos()))
    assert toast.height() >= toast.heightForWidth(toast.width())


def test_frames_that_the_correction_missed_are_told_apart_from_those_not_drawn(live: Any) -> None:
    assert live.window.status.text("not_corrected") == ""
    live.rig.session.counted |= {"preview_skipped": 9, "preview_missed": 2}
    live.settle()
    assert live.window.status.text("not_drawn") == "9 not drawn"
    assert live.window.status.text("not_corrected") == "2 not corrected"
    assert LEVEL_COLOURS[Level.WARNING] in live.window.status._labels["not_corrected"].styleSheet()


def test_what_is_not_drawn_is_explained_as_no_loss(live: Any) -> None:
    assert "no losses" in live.window.status._labels["not_drawn"].toolTip()


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (LimitCause.LINK, "limit: link"),
        (LimitCause.EXPOSURE, "limit: exposure"),
        (LimitCause.NONE_YET, ""),
    ],
)
def test_what_limits_the_frame_rate_is_named(live: Any, cause: LimitCause, text: str) -> None:
    limit = FrameRateLimit(cause, duration_us=50_000)
    live.rig.session.counted["limit"] = limit
    live.settle()
    assert live.window.status.text("limit") == text
    assert str(limit) in live.window.status._labels["limit"].toolTip()


def test_signal_and_battery_are_shown_over_a_radio_link_alone(live: Any) -> None:
    status = live.window.status
    live.settle()
    assert (status.text("signal"), status.text("battery")) == ("", "")
    live.rig.session.counted["radio"] = RadioFacts("FPXI-64", "F0:0D:00:00:00:01", -58, 87)
    live.settle()
    assert (status.text("signal"), status.text("battery")) == ("-58 dBm", "battery 87 %")


def test_a_weak_signal_and_a_low_battery_are_marked(live: Any) -> None:
    styles = {}
    for rssi_dBm, percent in ((-84, 16), (-85, 15)):
        radio = RadioFacts("FPXI-64", "F0:0D:00:00:00:01", rssi_dBm, percent)
        live.rig.session.counted["radio"] = radio
        live.settle()
        labels = live.window.status._labels
        styles[percent] = {labels[name].styleSheet() for name in ("signal", "battery")}
    assert len(styles[16]) == len(styles[15]) == 1
    assert styles[16] != styles[15]


@pytest.mark.parametrize(
    ("key", "flag"), [(Qt.Key.Key_D, "mark_defects"), (Qt.Key.Key_M, "axes_mm")]
)
def test_keys_change_the_display(live: Any, key: Qt.Key, flag: str) -> None:
    live.window.activateWindow()
    live.window.image.setFocus()
    QApplication.processEvents()
    QTest.keyClick(live.window, key)
    assert getattr(live.rig.controller.display, flag)


def test_the_space_key_starts(live: Any) -> None:
    live.window.activateWindow()
    QApplication.processEvents()
    QTest.keyClick(live.window, Qt.Key.Key_Space)
    live.settle()
    assert live.rig.session.source.calls == ["start 0 live"]


def test_help_lists_the_keys(live: Any) -> None:
    live.window._show_help()
    assert "Space" in live.dialogs.asked[-1]


def test_reset_asks_first(live: Any) -> None:
    live.dialogs.agree = False
    live.window.device.reset.click()
    live.settle()
    assert live.rig.session.source.calls == []
    live.dialogs.agree = True
    live.window.device.reset.click()
    live.settle()
    assert live.rig.session.source.calls == ["reset"]


def test_zooming_in_and_back_shows_the_whole_image(live: Any) -> None:
    image = live.window.image
    image._box.scaleBy((0.1, 0.1))
    image.reset_zoom()
    (left, right), (top, bottom) = image._box.viewRange()
    assert left <= -0.5
    assert right >= 7.5
    assert top <= -0.5
    assert bottom >= 5.5


def test_the_colour_map_is_remembered(rig: Any, tmp_path: Path) -> None:
    make_application()
    file = str(tmp_path / "viewer.ini")
    first = ViewerWindow(rig.controller, Settings(QSettings(file, QSettings.Format.IniFormat)))
    rig.controller.display.colour_map = "inferno"
    first.close()
    rig.controller.display.colour_map = "grey"
    again = ViewerWindow(rig.controller, Settings(QSettings(file, QSettings.Format.IniFormat)))
    assert rig.controller.display.colour_map == "inferno"
    again.dispose()
    first.dispose()


def test_settings_of_another_version_are_left_alone(rig: Any, tmp_path: Path) -> None:
    make_application()
    store = QSettings(str(tmp_path / "viewer.ini"), QSettings.Format.IniFormat)
    store.setValue("colour_map", "no such map")
    store.setValue("geometry", "nonsense")
    window = ViewerWindow(rig.controller, Settings(store))
    assert rig.controller.display.colour_map == "grey"
    window.dispose()


def test_thousands_of_redraws_do_not_grow_the_memory(live: Any, ramp: Any) -> None:
    def resident_kib() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4

    def redraw(times: int) -> None:
        for turn in range(times):
            live.rig.session.deliver(ramp + turn % 7)
            live.window.tick()
            if turn % 20 == 0:
                QApplication.processEvents()
        gc.collect()

    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc to see the resident memory")
    redraw(300)
    before = resident_kib()
    redraw(2000)
    assert resident_kib() - before < 20_000
    assert live.window.pictures_drawn == 2301


def test_the_level_of_a_banner_gives_its_colour(live: Any) -> None:
    live.rig.session.set_connection(ConnectionState.FAILED, FpxiError("no"), 1)
    live.settle()
    assert live.window.banners.bars[0].banner.level is Level.ERROR
    assert "e5534b" in live.window.banners.bars[0].styleSheet()
