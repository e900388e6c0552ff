"""What errors of bleak, of the system below it, and of asyncio mean: each becomes one of ours."""

from __future__ import annotations

import shlex

from fpxi_readout.errors import FpxiError
from fpxi_readout.links.base import LinkError, LinkLostError, LinkOpenError
from fpxi_readout.links.ble_errors import BluetoothUnavailableError, NotSecuredError, PairingError
from fpxi_readout.links.ble_names import shown_text

OPEN_REMEDY = "bring the panel nearer and try again"
LOST_REMEDY = "bring the panel nearer, see that its battery is charged, then connect again"
BOUND_REMEDY = (
    "a panel pairs with one computer alone: have it forget that one (its forget button, `unbind` "
    "of a simulated panel), then connect again"
)
LONGEST_REASON = 200

# ATT errors: insufficient authentication, authorization, key size, encryption
# (Bluetooth Core Specification 5.4, Vol 3, Part F, 3.4.1.1).
UNSECURED_ATT_ERRORS = {0x05, 0x08, 0x0C, 0x0F}
# CBError.peerRemovedPairingInformation of Core Bluetooth, which bleak hands on as a text.
UNSECURED_ON_MACOS = "Peer removed pairing information"
UNSECURED_DBUS_ERRORS = {"org.bluez.Error.NotPermitted", "org.bluez.Error.NotAuthorized"}
PAIRING_REFUSED = {
    "org.bluez.Error.AuthenticationFailed",
    "org.bluez.Error.AuthenticationRejected",
}
PAIRING_REFUSED_BY_WINDOWS = ("Could not pair", "Device does not support pairing")
PAIRED_ALREADY = "org.bluez.Error.AlreadyExists"

INSTALL_BLUEZ = "install BlueZ and start it (`systemctl start bluetooth`)"
SWITCH_ON = "switch Bluetooth on in the system's settings (on Linux `bluetoothctl power on`)"
PERMIT = "permit it in the system's privacy settings (on Linux join the group `bluetooth`)"
PLUG_IN = "plug in a Bluetooth adapter that does Low Energy"
UNAVAILABLE_DBUS_ERRORS = {
    "org.freedesktop.DBus.Error.ServiceUnknown": ("BlueZ does not run", INSTALL_BLUEZ),
    "org.freedesktop.DBus.Error.NameHasNoOwner": ("BlueZ does not run", INSTALL_BLUEZ),
    "org.freedesktop.DBus.Error.AccessDenied": ("it is not permitted", PERMIT),
    "org.bluez.Error.NotReady": ("it is switched off", SWITCH_ON),
}
# BleakBluetoothNotAvailableReason, by name: the enumeration is bleak's.
UNAVAILABLE_REASONS = {
    "NO_BLUETOOTH": ("there is no adapter", PLUG_IN),
    "NO_BLE_CENTRAL_ROLE": ("the adapter does no Low Energy", PLUG_IN),
    "POWERED_OFF": ("it is switched off", SWITCH_ON),
    "DENIED_BY_USER": ("it is not permitted", PERMIT),
    "DENIED_BY_SYSTEM": ("it is not permitted", PERMIT),
    "DENIED_BY_UNKNOWN": ("it is not permitted", PERMIT),
}


def scan_failure(error: Exception, url: str) -> BluetoothUnavailableError:
    """Return why nothing can be heard."""
    return unavailable(error, url) or BluetoothUnavailableError(reason_of(error), SWITCH_ON, url)


def open_failure(error: Exception, url: str, stage: str) -> FpxiError:
    """Return why no connection came about at a stage of it, such as "while connecting"."""
    if is_unsecured(error):
        return unsecured(error, url)
    reason = f"{reason_of(error)} ({stage})"
    return unavailable(error, url) or LinkOpenError(url, reason, OPEN_REMEDY)


def pair_failure(error: Exception, url: str) -> FpxiError:
    """Return why no key was agreed on."""
    refused = str(error).startswith(PAIRING_REFUSED_BY_WINDOWS)
    if dbus_name(error) in PAIRING_REFUSED or refused:
        return PairingError(url, f"pairing was refused ({reason_of(error)})", BOUND_REMEDY)
    return open_failure(error, url, "while pairing")


def link_failure(error: Exception, url: str) -> LinkError:
    """Return why an open link does not go on."""
    if is_unsecured(error):
        return unsecured(error, url)
    return lost(url, reason_of(error))


def unsecured(error: Exception, url: str) -> NotSecuredError:
    """Return that the panel wants a connection encrypted with a good key."""
    reason = f"the panel refuses its data ({reason_of(error)})"
    return NotSecuredError(url, reason, new_bond_remedy(url))


def new_bond_remedy(url: str) -> str:
    """Return how to be rid of a key that the panel does not know any more."""
    return (
        f"remove this computer's key by `fpxi forget {shlex.quote(url)}` (on macOS in the "
        "Bluetooth settings), and connect again"
    )


def lost(url: str, reason: str) -> LinkLostError:
    """Return the loss of a link through the air."""
    return LinkLostError(url, reason, LOST_REMEDY)


def unavailable(error: Exception, url: str) -> BluetoothUnavailableError | None:
    """Return what keeps this computer from using Bluetooth at all, if the error says that."""
    reason = getattr(getattr(error, "reason", None), "name", None)
    if reason is not None:
        known = UNAVAILABLE_REASONS.get(reason, (reason_of(error), SWITCH_ON))
        return BluetoothUnavailableError(*known, url)
    known_name = UNAVAILABLE_DBUS_ERRORS.get(dbus_name(error) or "")
    if known_name is not None:
        return BluetoothUnavailableError(*known_name, url)
    if isinstance(error, PermissionError):
        return BluetoothUnavailableError("it is not permitted", PERMIT, url)
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return BluetoothUnavailableError("the system's D-Bus does not run", INSTALL_BLUEZ, url)
    return None


def is_unsecured(error: Exception) -> bool:
    """Return whether the panel wants a connection encrypted with a good key."""
    return (
        getattr(error, "code", None) in UNSECURED_ATT_ERRORS
        or dbus_name(error) in UNSECURED_DBUS_ERRORS
        or UNSECURED_ON_MACOS in str(error)
    )


def is_cut_off(error: BaseException | None) -> bool:
    """Return whether the connection was made and ended while BlueZ was at work on it.

    So it goes with a peripheral that has no key any more, but also with one that is lost just then.
    """
    return "br-connection-canceled" in str(error)


def dbus_name(error: Exception) -> str | None:
    """Return the name of a BleakDBusError."""
    name: str | None = getattr(error, "dbus_error", None)
    return name


def reason_of(error: Exception) -> str:
    """Return an error's text, fit for display; parts of it may come from the air."""
    if isinstance(error, TimeoutError):
        return "it took too long"
    if "Service Discovery has not been performed" in str(error):
        return "not connected"  # what bleak says for that after a drop
    return shown_text(str(error), LONGEST_REASON) or type(error).__name__
