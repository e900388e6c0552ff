"""Why a link ended, in the words of Device1's signal Disconnected (org.bluez.Device)."""

from __future__ import annotations

from bumble import hci

_BY_HCI_REASON = {
    hci.HCI_CONNECTION_TIMEOUT_ERROR: ("Timeout", "Connection timeout"),
    hci.HCI_CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR: (
        "Local",
        "Connection terminated by local host",
    ),
    hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR: (
        "Remote",
        "Connection terminated by remote user",
    ),
}
_UNSECURED = ("Authentication", "Connection terminated due to authentication failure")
_UNKNOWN = ("Unknown", "Unspecified")


def disconnect_reason(hci_reason: int, *, unsecured: bool) -> list[object]:
    """Return the signal's two values: a name and a text.

    Parameters
    ----------
    hci_reason
        Of the HCI event Disconnection Complete.
    unsecured
        We ended the link because nothing could encrypt it.

    """
    name, text = _UNSECURED if unsecured else _BY_HCI_REASON.get(hci_reason, _UNKNOWN)
    return [f"org.bluez.Reason.{name}", text]
