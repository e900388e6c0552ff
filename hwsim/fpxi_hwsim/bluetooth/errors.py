"""Errors of the simulated panel's Bluetooth."""

from __future__ import annotations

from fpxi_hwsim.errors import SimulationError


class BluetoothError(SimulationError):
    """Base of every error of the simulated Bluetooth module and its radio."""


class BluetoothStackMissingError(BluetoothError):
    """The Bluetooth stack behind the simulated module is not installed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f'the simulated Bluetooth module cannot be made ({reason}): pip install "fpxi[radio]"'
        )


class AdvertisedNameError(BluetoothError):
    """A panel's name does not fit its advertisement."""

    def __init__(self, name: str, longest: int) -> None:
        self.name = name
        self.longest = longest
        super().__init__(
            f"the name {name!r} cannot be advertised: "
            f"give 1 to {longest} printable ASCII characters"
        )


class AdapterError(BluetoothError):
    """A Bluetooth adapter cannot be opened, does not answer, or went away."""

    def __init__(self, transport: str, reason: str) -> None:
        self.transport = transport
        self.reason = reason
        super().__init__(
            f"Bluetooth adapter {transport}: {reason}; plug it in, end what else uses it (on Linux "
            "`sudo hciconfig hci0 down` takes a USB adapter from the system), and name it as "
            "usb:0, serial:/dev/ttyACM0,1000000 or tcp-client:HOST:PORT"
        )


class KeysFileError(BluetoothError):
    """The file that keeps the bond cannot be read, written, or understood."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"keys file {path}: {reason}; name another file, or remove it: the next host that "
            "pairs is then the panel's host"
        )


class RadioStoppedError(BluetoothError):
    """The thread that runs the radio has ended: nothing can be asked of it."""

    def __init__(self, failure: BaseException | None) -> None:
        self.failure = failure
        reason = f": {failure}" if failure is not None else ""
        super().__init__(f"the simulated radio is switched off{reason}")
