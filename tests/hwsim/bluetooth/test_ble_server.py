"""A served panel on the virtual radio, with the panel client at the other end of BlueZ's bus."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from fpxi_hwsim import SimulationSpecification, serve_ble
from fpxi_hwsim.bluetooth.errors import (
    AdvertisedNameError,
    BluetoothStackMissingError,
    KeysFileError,
    RadioStoppedError,
)
from fpxi_hwsim.bluetooth.server import BleServer
from fpxi_hwsim.control import execute
from fpxi_hwsim.errors import BadValueError, ServeError, UnknownKeyError
from fpxi_readout.links import ble_scan, open_link
from fpxi_readout.links.base import Link, LinkError, LinkLostError
from fpxi_readout.links.ble_errors import PairingError
from fpxi_readout.panel import Panel

from_url = SimulationSpecification.from_url
Connect = Callable[[Link], Panel]
Serve = Callable[..., contextlib.AbstractContextManager[BleServer]]

needs_bus = pytest.mark.usefixtures("virtual_radio")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Serve a panel whose bus is this process's system bus."""

    @contextlib.contextmanager
    def serve_panel(url: str = "sim:tft64", **setup: object) -> Iterator[BleServer]:
        with serve_ble(from_url(url), **setup) as server:
            monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", server.bus_address or "")
            yield server

    return serve_panel


def poll_for_ever(panel: Panel) -> None:
    while True:
        panel.poll(0.2)


def frames_of(panel: Panel, count: int) -> list[bytes]:
    panel.start(count, reliable=True)
    frames = list(panel.frames(count, timeout_s=20))
    assert [frame.number - frames[0].number for frame in frames] == list(range(count))
    assert all(frame.row_received.all() for frame in frames)
    return [frame.samples.tobytes() for frame in frames]


@needs_bus
@pytest.mark.parametrize("board", ["native", "stm32f405"])
def test_frames_cross_the_air_from_either_board(serve: Serve, connect: Connect, board: str) -> None:
    with serve(f"sim:cmos32?board={board}&beam=off") as server:
        assert server.url == "ble:FPXI-32"
        panel = connect(open_link(server.url))
        frames_of(panel, 10)
        panel.close()
        statistics = server.statistics()
        assert statistics.pairings == 1
        assert statistics.module.bytes_to_host > 10 * 1000
        assert statistics.radio is not None
        assert statistics.radio.bytes_to_central > statistics.module.bytes_to_host
    assert server.failure is None


@needs_bus
def test_a_stranger_is_told_who_the_panel_is_and_not_paired(serve: Serve) -> None:
    with serve("sim:tft64?serial=MINE", name="LAB-7") as server:
        server.set_battery(40)
        (found,) = ble_scan.scan(1.0)
        details = ble_scan.ask(found, 10.0)
        assert found.name == "LAB-7"
        assert (details.panel, details.serial_number) == ("tft64", "MINE")
        assert details.firmware.count(".") == 2
        assert details.battery_percent == 40
        assert server.statistics().pairings == 0


@needs_bus
def test_a_kept_bond_is_known_again_and_the_panel_is_its_next_host_s_once_unbound(
    serve: Serve, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys.json"
    with serve(keys=keys) as server:
        panel = connect(open_link(server.url))
        panel.close()
    assert keys.exists()
    with serve(keys=keys) as server:  # both know each other again
        open_link(server.url).close()
        assert server.statistics().pairings == 0
    bond = json.loads(keys.read_text())
    keys.write_text(json.dumps({**bond, "address": "F1:F1:F1:F1:F1:F1", "key": "42" * 16}))
    with serve(keys=keys) as server:  # another host's
        with pytest.raises(PairingError):
            open_link(server.url)
        assert server.statistics().pairings_refused > 0
        server.unbind()
        assert not keys.exists()
        panel = connect(open_link(server.url))
        panel.close()
    assert keys.exists()


@needs_bus
@pytest.mark.parametrize("reason", ["remote", "supervision"])
def test_a_drop_is_a_lost_link_and_the_panel_is_there_again(
    serve: Serve, connect: Connect, reason: str
) -> None:
    with serve() as server:
        server.set_condition("supervision_s", "0.5")
        link = open_link(server.url)
        panel = connect(link)
        panel.start()
        next(iter(panel.frames(1, timeout_s=10)))
        server.drop(reason)
        with pytest.raises(LinkLostError):
            poll_for_ever(panel)
        link.close()
        panel = connect(open_link(server.url))
        panel.stop()
        frames_of(panel, 2)
        panel.close()


@needs_bus
def test_control_lines_reach_the_radio(serve: Serve) -> None:
    with serve() as server:

        def told(line: str) -> str:
            return execute(server.device, line, server)

        assert told("radio packet_errors 0.25") == "radio packet_errors 0.25"
        assert server.conditions.packet_errors == 0.25
        assert told("battery 30") == "battery 30"
        assert told("unbind") == "unbind"
        assert told("drop remote") == "drop remote"
        assert told("beam off") == "beam off"
        assert "unbind" in told("help")
        assert "beam" in told("help")
        assert told("radio weather bad").startswith("error: ")
        assert told("drop gently").startswith("error: drop=gently")
        assert told("battery 101").startswith("error: battery=101")
        assert told("battery").startswith("error: ")
        assert told("unbind now").startswith("error: ")
        with pytest.raises(UnknownKeyError):
            server.set_condition("weather", "bad")
        with pytest.raises(BadValueError):
            server.set_battery(-1)


@needs_bus
def test_closing_leaves_no_thread_and_is_a_lost_link(serve: Serve, connect: Connect) -> None:
    before = set(threading.enumerate())
    with serve() as server:
        link = open_link(server.url)
        panel = connect(link)
        server.close()
        with pytest.raises(LinkError):
            poll_for_ever(panel)
        link.close()
        with pytest.raises(RadioStoppedError):
            server.statistics()
    assert set(threading.enumerate()) == before


@needs_bus
def test_a_bond_that_cannot_be_kept_stops_the_server(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "taken away"
    folder.mkdir()
    with serve(keys=folder / "keys.json") as server:
        folder.rmdir()
        with pytest.raises(LinkError):
            open_link(server.url).read(5.0)
        assert isinstance(server.failure, KeysFileError)


def test_what_cannot_be_served_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    with pytest.raises(ServeError, match="time=virtual"):
        serve_ble(from_url("sim:tft64?time=virtual"))
    with pytest.raises(AdvertisedNameError, match="8"):
        serve_ble(from_url("sim:tft64"), name="FPXI-64-LAB")
    with pytest.raises(ServeError, match="bus"):
        serve_ble(from_url("sim:tft64"), hci="usb:0", bus=tmp_path / "bus")
    with pytest.raises(KeysFileError, match="folder"):
        serve_ble(from_url("sim:tft64"), keys=tmp_path / "absent" / "keys.json")
    (tmp_path / "keys.json").write_text("{}")
    with pytest.raises(KeysFileError):
        serve_ble(from_url("sim:tft64"), keys=tmp_path / "keys.json")
    with monkeypatch.context() as patch:
        elsewhere = SimpleNamespace(platform="darwin")
        patch.setattr("fpxi_hwsim.bluetooth.station.sys", elsewhere)
        with pytest.raises(ServeError, match="--hci"):
            serve_ble(from_url("sim:tft64"))
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "fpxi_hwsim.bluetooth.bluez", None)
        with pytest.raises(BluetoothStackMissingError, match=r"fpxi\[radio\]"):
            serve_ble(from_url("sim:tft64"))
    monkeypatch.setitem(sys.modules, "fpxi_hwsim.bluetooth.server", None)
    with pytest.raises(BluetoothStackMissingError, match=r"pip install \"fpxi\[radio\]\""):
        serve_ble(from_url("sim:tft64"))
    assert set(threading.enumerate()) == before
