"""What tests of every room share: a simulated panel on Bluetooth, served by another process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from fpxi_hwsim import presets
from fpxi_hwsim.physics.array.settings import ArraySettings
from fpxi_hwsim.physics.film.dark_current import DarkCurrent
from fpxi_readout.protocol.generated import PANELS

BUS_VARIABLE = "DBUS_SYSTEM_BUS_ADDRESS"


def pytest_configure() -> None:
    """Let Ctrl-C end a command under test, also where the tests run in a shell's background.

    A shell has its background jobs ignore SIGINT, and they hand this on to their children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def thorough() -> bool:
    """Whether soak tests run at their full length: where `FPXI_THOROUGH` is 1.

    Elsewhere they make the same observations of shorter runs.
    """
    return os.environ.get("FPXI_THOROUGH") == "1"


@dataclass(frozen=True, slots=True)
class BluetoothServer:
    """`fpxi sim serve --ble` at work. Bleak in this process and its children hears its radio."""

    url: str
    """`ble:` and the advertised name"""
    process: subprocess.Popen[str]

    def tell(self, line: str) -> None:
        """Give the simulator a control line, such as `drop remote` or `radio packet_errors 0.1`.

        Return when it has been obeyed.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer == line, answer


@pytest.fixture
def bare_panel(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Make `sim:<name>` a panel of the definition, without defects; return the name."""

    def register(panel: str) -> str:
        name = f"bare-{panel}"
        model = presets.TFT64
        scale = min(1.0, PANELS[panel].full_scale_fC[0] / model.geometry.full_scale_fC[0])
        array = ArraySettings(
            response_spread=model.array.response_spread,
            dark_spread=model.array.dark_spread,
            pedestal_fC=model.array.pedestal_fC * scale,
        )
        front_end = replace(
            model.front_end,
            outputs=1,
            pixel_noise_e=model.front_end.pixel_noise_e * scale,
            line_noise_e=model.front_end.line_noise_e * scale,
            cds_interval_us=min(model.front_end.cds_interval_us, PANELS[panel].line_time_us / 2),
        )
        film = replace(
            model.film,
            dark=DarkCurrent(conductivity_S_cm=model.film.dark.conductivity_S_cm * scale**2),
        )
        converter = replace(model.converter, pair_energy_eV=4.61 / scale**2)
        bare = replace(
            model,
            name=name,
            geometry=PANELS[panel],
            film=film,
            converter=converter,
            front_end=front_end,
            array=array,
        )
        monkeypatch.setitem(presets.PRESETS, name, bare)
        return name

    return register


ServeBluetooth = Callable[..., contextlib.AbstractContextManager[BluetoothServer]]


@pytest.fixture
def virtual_radio() -> None:
    """Skip the test where the virtual radio cannot be, but not on the project's own machines."""
    if sys.platform != "linux" or shutil.which("dbus-daemon") is None:
        assert os.environ.get("CI") != "true" or sys.platform != "linux", "dbus-daemon is missing"
        pytest.skip("the virtual radio needs Linux and dbus-daemon")


@pytest.fixture
def serve_bluetooth(virtual_radio: None, monkeypatch: pytest.MonkeyPatch) -> ServeBluetooth:
    """Serve a simulated panel on a virtual radio: `with serve_bluetooth("sim:tft64") as server`.

    Further arguments are those of the command, such as `"--radio", "interval_ms=7.5"`.
    """

    @contextlib.contextmanager
    def serve(url: str, *arguments: str) -> Iterator[BluetoothServer]:
        words = ["sim", "serve", url, "--ble", "--control-stdin", *arguments]
        command = [sys.executable, "-m", "fpxi", *words]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                place = process.stdout.readline().strip()
                bus = process.stdout.readline().strip()
                assert bus.startswith(f"{BUS_VARIABLE}="), "the simulator printed no bus address"
                monkeypatch.setenv(BUS_VARIABLE, bus.removeprefix(f"{BUS_VARIABLE}="))
                yield BluetoothServer(place, process)
            finally:
                process.send_signal(signal.SIGTERM)
                status = process.wait(20)
        assert status == 0

    return serve
