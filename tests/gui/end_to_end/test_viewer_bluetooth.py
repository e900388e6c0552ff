"""The viewer on a simulated panel on Bluetooth: bleak, BlueZ's interface, a virtual radio."""

from __future__ import annotations

from typing import Any


def test_frames_come_by_radio_with_signal_battery_and_limit_and_come_again_after_a_drop(
    run: Any, serve_bluetooth: Any
) -> None:
    with serve_bluetooth("sim:cmos32?battery_mV=3900") as server:
        running = run(server.url)
        state = running.until(lambda state: running.window.pictures_drawn >= 3)
        assert state.status.rssi_dBm is not None
        assert state.status.battery_percent is not None
        assert running.window.status.text("signal").endswith(" dBm")
        assert running.window.panels.texts()[0][0] == "FPXI-32"
        running.until(lambda _: running.window.status.text("limit"))
        server.tell("drop remote")
        lost = running.until(lambda state: state.banners)
        assert lost.status.rssi_dBm is None
        assert lost.picture is not None
        drawn = running.window.pictures_drawn
        back = running.until(lambda s: s.message.startswith("Connected again after"))
        assert not back.banners
        running.until(lambda _: running.window.pictures_drawn > drawn)
        running.close()
