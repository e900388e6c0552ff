from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fpxi
import pytest
from fpxi import ConnectionState
from fpxi.errors import DeviceChangedError, NotConnectedError, SessionClosedError
from fpxi_hwsim.serve import Server, serve_serial, serve_tcp
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_readout.device_errors import DeviceResetError
from fpxi_readout.links import LinkError, LinkLostError, LinkUrlError

WAIT_S = 30.0


@pytest.fixture
def port(tmp_path: Path) -> str:
    """A name that stands for whichever pseudo-terminal the panel is plugged into."""
    return str(tmp_path / "ttyPanel")


@pytest.fixture
def plug(port: str) -> Iterator[Callable[..., Server]]:
    """Plug a simulated panel into the port."""
    plugged: list[Server] = []

    def connect(settings: str = "serial=ONE") -> Server:
        server = serve_serial(SimulationSpecification.from_url(f"sim:cmos32?{settings}"))
        plugged.append(server)
        fresh = Path(f"{port}.new")
        fresh.symlink_to(server.url.removeprefix("serial:"))
        fresh.replace(port)
        return server

    yield connect
    for server in plugged:
        server.close()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_unplugged_panel_comes_back_with_settings_run_and_recording(
    plug: Callable[..., Server], port: str, tmp_path: Path
) -> None:
    panel = plug()
    with fpxi.open(f"serial:{port}") as session:
        session.set("exposure_us", 2000)
        recording = session.record(tmp_path / "run.h5")
        with session.frames(timeout_s=WAIT_S) as frames:
            session.start()
            next(frames)
            panel.close()
            wait_until(lambda: session.connection.state is ConnectionState.RECONNECTING)
            assert isinstance(session.connection.error, LinkError)
            with pytest.raises(NotConnectedError):
                session.get("state")
            plug()
            wait_until(lambda: session.connection.state is ConnectionState.CONNECTED)
            before = session.statistics().link.frames_received
            wait_until(lambda: session.statistics().link.frames_received > before + 3)
        assert session.parameters["exposure_us"] == 2000
        assert session.statistics().reconnections == 1
        recording.stop()
        recording.wait(WAIT_S)
    with fpxi.read_recording(tmp_path / "run.h5") as reader:
        texts = [event.text for event in reader.events()]
        numbers = reader.column("sequence_number").tolist()
        exposures = set(reader.column("exposure_time").tolist())
    assert any("lost" in text for text in texts)
    assert any("connected again" in text and "begun anew" in text for text in texts)
    assert 0 in numbers[1:]  # the panel counts from 0 again; nothing was invented in between
    assert exposures == {0.002}


def test_a_capture_that_gives_up_at_once_ends_with_the_error_and_keeps_its_frames(
    plug: Callable[..., Server], port: str, tmp_path: Path
) -> None:
    panel = plug()

    def pull(done: int) -> None:
        if done == 5:
            panel.close()

    with fpxi.open(f"serial:{port}") as session, pytest.raises(LinkLostError):
        session.capture(10_000, tmp_path / "run.h5", give_up_s=0, progress=pull)
    with fpxi.read_recording(tmp_path / "run.h5") as reader:
        assert reader.complete
        assert len(reader) >= 5


def test_another_panel_in_its_place_is_refused(plug: Callable[..., Server], port: str) -> None:
    panel = plug("serial=ONE")
    with fpxi.open(f"serial:{port}") as session:
        panel.close()
        plug("serial=TWO")
        wait_until(lambda: session.connection.state is ConnectionState.FAILED)
        with pytest.raises(DeviceChangedError) as caught:
            session.get("state")
        assert (caught.value.expected, caught.value.actual) == ("ONE", "TWO")


def test_without_reconnection_a_lost_panel_is_final(plug: Callable[..., Server], port: str) -> None:
    panel = plug()
    with fpxi.open(f"serial:{port}", reconnect=False) as session:
        frames = session.frames(timeout_s=WAIT_S)
        panel.close()
        with pytest.raises(LinkLostError):
            next(frames)
        assert session.connection.state is ConnectionState.FAILED


def test_closing_while_the_panel_is_away_is_quick_and_clean(
    plug: Callable[..., Server], port: str
) -> None:
    panel = plug()
    with fpxi.open(f"serial:{port}") as session:
        panel.close()
        wait_until(lambda: session.connection.state is ConnectionState.RECONNECTING)
    assert session.connection.state is ConnectionState.CLOSED
    with pytest.raises(SessionClosedError):
        session.get("state")


def test_a_reset_in_mid_stream_is_survived_by_the_same_simulated_panel() -> None:
    with fpxi.open("sim:cmos32") as session:
        session.set("exposure_us", 3000)
        scene = session.scene
        session.start()
        with session.frames(timeout_s=WAIT_S) as frames:
            next(frames)
            device = session._connector._link.device  # type: ignore[attr-defined]
            device.reset()
            wait_until(lambda: session.statistics().reconnections == 1)
            before = session.statistics().link.frames_received
            wait_until(lambda: session.statistics().link.frames_received > before)
        assert session.scene is scene
        assert session.parameters["exposure_us"] == 3000
        assert session.connection.state is ConnectionState.CONNECTED


def test_a_capture_that_gives_up_at_once_is_ended_by_a_reset_of_the_device() -> None:
    with fpxi.open("sim:cmos32") as session:
        device = session._connector._link.device  # type: ignore[attr-defined]

        def reset(done: int) -> None:
            if done == 3:
                device.reset()

        with pytest.raises(DeviceResetError):
            session.capture(10_000, give_up_s=0, progress=reset)


def test_a_panel_behind_tcp_comes_back(tmp_path: Path) -> None:
    specification = SimulationSpecification.from_url("sim:cmos32?serial=NET")
    with serve_tcp(specification) as server:
        number = int(server.url.rpartition(":")[2])
        session = fpxi.open(server.url)
        session.start()
    with session:
        wait_until(lambda: session.connection.state is ConnectionState.RECONNECTING)
        with serve_tcp(specification, port=number):
            wait_until(lambda: session.connection.state is ConnectionState.CONNECTED)
            with session.frames(3, timeout_s=WAIT_S) as frames:
                assert len(list(frames)) == 3


@pytest.mark.parametrize(
    "url", ["ble:FPXI-64?baud=9600", "serial:COM3?parity=even", "socket://localhost:none"]
)
def test_a_url_that_says_nonsense_ends_the_session(url: str) -> None:
    with fpxi.Session(url, reconnect=True) as session:
        with pytest.raises(LinkUrlError):
            session.wait_connected(patient=True)
        assert session.connection.state is ConnectionState.FAILED
