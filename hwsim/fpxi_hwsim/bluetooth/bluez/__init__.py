"""`org.bluez` on a private D-Bus, spoken for by a Bumble central.

A Bluetooth client of Linux talks to the daemon bluetoothd over D-Bus. Here the same objects,
methods, signals and errors are served by a central of Bumble on whatever controller it is given,
so that such a client runs unmodified, in its own process, on a radio that does not exist.
The model is BlueZ 5 as documented in its `doc/org.bluez.*.rst` and as its daemon behaves.
"""

from fpxi_hwsim.bluetooth.bluez.bridge import BluezBridge
from fpxi_hwsim.bluetooth.bluez.bus import (
    BusPathError,
    BusStartError,
    DbusDaemonMissingError,
    PrivateBus,
)

__all__ = [
    "BluezBridge",
    "BusPathError",
    "BusStartError",
    "DbusDaemonMissingError",
    "PrivateBus",
]
