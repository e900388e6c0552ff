"""A simulated panel on the air, at work in two threads: its device's and its radio's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from fpxi_readout.protocol.framing import PacketDecoder, encode_packet
from fpxi_readout.protocol.generated import Identify, Identity

from fpxi_hwsim.battery import cell_mV, charge_percent
from fpxi_hwsim.bluetooth.bond import BondStore
from fpxi_hwsim.bluetooth.conditions import RadioConditions, with_condition
from fpxi_hwsim.bluetooth.medium import BluetoothMedium
from fpxi_hwsim.bluetooth.module import ModuleCounts, ModuleSetup
from fpxi_hwsim.bluetooth.peripheral import PanelFacts, advertising_data
from fpxi_hwsim.bluetooth.station import Station, adapter_station, virtual_station
from fpxi_hwsim.bluetooth.statistics import RadioStatistics
from fpxi_hwsim.bluetooth.thread import RadioThread
from fpxi_hwsim.device import MODULE, SimulatedDevice
from fpxi_hwsim.errors import BadValueError, ServeError
from fpxi_hwsim.loop import DeviceLoop
from fpxi_hwsim.specification import SimulationSpecification, panel_name

IDENTITY_TIMEOUT_S = 5.0
MAINS_PERCENT = 100
"""charge told of a board without a battery"""


@dataclass(frozen=True, slots=True)
class BluetoothStatistics:
    """What has happened since the panel was switched on."""

    module: ModuleCounts
    pairings: int
    pairings_refused: int
    radio: RadioStatistics | None
    """None: the adapter is real"""


class BleServer:
    """A panel on the air until `close`; also a context manager. Its controls are for any thread.

    Parameters
    ----------
    specification
        The panel.
    conditions
        The virtual radio, and what the panel asks of a host's adapter.
    name
        Advertised name; None: one made from the panel's size.
    hci
        Real adapter, such as `usb:0`; None: a virtual radio.
    keys
        File that keeps the bond; None: forgotten in the end.
    bus
        Path of the D-Bus socket of the virtual radio's host; None: a new one.

    """

    def __init__(
        self,
        specification: SimulationSpecification,
        *,
        conditions: RadioConditions,
        name: str | None = None,
        hci: str | None = None,
        keys: Path | None = None,
        bus: Path | None = None,
    ) -> None:
        if specification.time == "virtual":
            raise ServeError(
                "Bluetooth LE", "a radio has only real time: leave time=virtual out of the URL"
            )
        if hci is not None and bus is not None:
            raise ServeError(f"adapter {hci}", "a real adapter has no bus of its own: leave it out")
        self.name = default_name(specification) if name is None else name
        advertising_data(self.name)
        store = BondStore(keys)
        self._conditions = conditions
        self.device = SimulatedDevice(specification, MODULE)
        self.url = f"ble:{self.name}"
        """how a host opens it"""
        self._medium = BluetoothMedium(self.url)
        self._medium.wake = self._wake_device
        try:
            setup = ModuleSetup(self._facts(), store, conditions, self._battery_percent)
            self._radio: RadioThread[Station] = RadioThread(
                lambda: (
                    virtual_station(self._medium, setup, bus)
                    if hci is None
                    else adapter_station(self._medium, setup, hci)
                )
            )
        except BaseException:
            self._medium.dispose()
            raise
        self._loop = DeviceLoop(self.device, self._medium)

    @property
    def bus_address(self) -> str | None:
        """What hosts on this computer set DBUS_SYSTEM_BUS_ADDRESS to; None: the adapter is real."""
        return self._radio.value.bus_address

    @property
    def failure(self) -> Exception | None:
        """What stopped device or radio before `close`; None: they are at work."""
        return self._loop.failure or self._radio.failure

    @property
    def conditions(self) -> RadioConditions:
        """The radio's conditions in force."""
        return self._conditions

    def set_condition(self, name: str, text: str) -> None:
        """Change one of the radio's conditions; UnknownKeyError or BadValueError."""
        conditions = with_condition(self._conditions, name, text)
        self._radio.call(lambda station: station.set_conditions(conditions))
        self._conditions = conditions

    def drop(self, reason: str) -> None:
        """End the connection, if there is one; return when it has ended.

        Parameters
        ----------
        reason
            "remote": the panel says good-bye; "supervision": the two lose each other, and notice
            when the supervision time-out has passed.

        Raises
        ------
        BadValueError
            Another reason, or "supervision" on a real adapter.

        """
        if reason == "remote":
            self._radio.run(lambda station: station.module.drop())
        elif reason == "supervision":
            self._radio.run(lambda station: station.lose_each_other())
        else:
            raise BadValueError("drop", reason, "remote or supervision")

    def unbind(self) -> None:
        """Forget the panel's host, as the module's button does; the next that pairs is the host.

        Raises
        ------
        KeysFileError
            The bond cannot be removed from its file; it stays.

        """
        self._radio.run(lambda station: station.module.forget())

    def set_battery(self, percent: int) -> None:
        """Charge or discharge the battery, for the host and for the board; BadValueError."""
        if not 0 <= percent <= 100:
            raise BadValueError("battery", str(percent), "a charge from 0 to 100 percent")
        self.device.battery_mV = cell_mV(percent)

    def statistics(self) -> BluetoothStatistics:
        """Return what has happened so far."""
        return self._radio.call(_statistics)

    def close(self) -> None:
        """Leave the air and switch the device off; a second call does nothing."""
        self._radio.close()
        self._loop.close()
        self._medium.dispose()

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the server."""
        self.close()

    def _wake_device(self) -> None:
        self.device.wake()  # whoever owns the device's line by now

    def _battery_percent(self) -> int:
        percent = charge_percent(self.device.battery_mV)
        return MAINS_PERCENT if percent is None else percent

    def _facts(self) -> PanelFacts:
        """Ask the firmware at its other link, as whoever sets a module up at the bench does."""
        identity = identify(self.device.exchange)
        return PanelFacts(
            name=self.name,
            model=panel_name(self.device.specification.preset.geometry),
            serial_number=identity.serial_number.rstrip(b"\0").decode("ascii"),
            firmware=(
                f"{identity.firmware_major}.{identity.firmware_minor}.{identity.firmware_patch}"
            ),
        )


def default_name(specification: SimulationSpecification) -> str:
    """Return a panel's advertised name, such as FPXI-64 for 64 columns."""
    return f"FPXI-{specification.preset.geometry.shape[1]}"


def identify(exchange: Callable[[bytes], bytes]) -> Identity:
    """Ask a device who it is; `exchange` sends bytes and returns what has come.

    Raises
    ------
    ServeError
        It does not answer.

    """
    decoder = PacketDecoder()
    arrived = exchange(encode_packet(Identify.TYPE, 1, Identify(0, 0).pack()))
    end_s = time.monotonic() + IDENTITY_TIMEOUT_S
    while time.monotonic() < end_s:
        for packet in decoder.feed(arrived):
            if packet.type == Identity.TYPE:
                return Identity.unpack(packet.payload)
        time.sleep(0.001)
        arrived = exchange(b"")
    raise ServeError("Bluetooth LE", "the firmware does not say who it is")


def _statistics(station: Station) -> BluetoothStatistics:
    module, radio = station.module, station.radio
    return BluetoothStatistics(
        module=replace(module.counts),
        pairings=module.access.pairings,
        pairings_refused=module.access.pairings_refused,
        radio=None if radio is None else replace(radio.statistics),
    )
