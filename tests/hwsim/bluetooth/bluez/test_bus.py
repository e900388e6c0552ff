"""A private bus comes and goes without a trace."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fpxi_hwsim.bluetooth.bluez import (
    BusPathError,
    BusStartError,
    DbusDaemonMissingError,
    PrivateBus,
    bus,
)

# A process that has a bus and says where, then waits to be killed.
OWNER = """
import sys, time
from pathlib import Path
from fpxi_hwsim.bluetooth.bluez import PrivateBus

bus = PrivateBus(Path(sys.argv[1]))
print(bus._directory, flush=True)
time.sleep(1000)
"""


def answers(path):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        return True


def until(condition):
    while not condition():
        time.sleep(0.01)


@pytest.fixture
def short_path(private_bus):
    """A place for a socket: its path may not be long. The bus beside it is another one."""
    directory = Path("/tmp") / f"fpxi-test-{os.getpid()}"
    directory.mkdir()
    yield directory / "bus"
    shutil.rmtree(directory)


def test_a_bus_listens_at_its_path_and_leaves_nothing(short_path):
    with PrivateBus(short_path) as made:
        assert made.address == f"unix:path={short_path}"
        assert answers(short_path)
        directory = made._directory
    assert not short_path.exists()
    assert not directory.exists()
    made.close()


def test_a_relative_path_is_told_in_full(short_path, monkeypatch):
    monkeypatch.chdir(short_path.parent)
    with PrivateBus(Path("bus")) as made:
        assert made.address.startswith(f"unix:path={short_path}")


def test_a_bus_without_a_path_is_in_a_directory_of_its_own(private_bus):
    path = Path(private_bus.address.removeprefix("unix:path=").split(",")[0])
    assert answers(path)
    private_bus.close()
    assert not path.parent.exists()


def test_a_bus_ends_with_its_process_however_that_dies(short_path):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(short_path)], stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        directory = Path(owner.stdout.readline().strip())
        assert answers(short_path)
        owner.send_signal(signal.SIGKILL)
    until(lambda: not answers(short_path))
    until(lambda: not short_path.exists() and not directory.exists())


def test_a_socket_that_a_dead_bus_left_is_replaced(short_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(short_path))
    with PrivateBus(short_path):
        assert answers(short_path)


def test_a_path_in_use_is_not_taken(short_path):
    with PrivateBus(short_path):
        with pytest.raises(BusPathError, match="another bus is there"):
            PrivateBus(short_path)
        assert answers(short_path)
    short_path.write_text("a file")
    with pytest.raises(BusPathError, match="there is a file of that name"):
        PrivateBus(short_path)


def test_a_path_that_cannot_be_says_why(private_bus):
    with pytest.raises(BusPathError, match="at most 107 bytes"):
        PrivateBus(Path("/tmp") / ("x" * 120))
    with pytest.raises(BusPathError, match="directory does not exist"):
        PrivateBus(Path("/nowhere/bus"))


def test_without_dbus_daemon_the_error_tells_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(DbusDaemonMissingError, match="apt install dbus"):
        PrivateBus()


def test_a_daemon_that_does_not_start_is_quoted(private_bus, monkeypatch):
    monkeypatch.setattr(bus, "CONFIGURATION", "nonsense {socket}")
    with pytest.raises(BusStartError, match=r"[Ff]ailed"):
        PrivateBus()
