"""The errors that a client sees, by BlueZ's names and in its words.

Names and texts are those of BlueZ's `src/error.c`, `src/error.h`, and of the functions
`create_gatt_dbus_error` (`src/gatt-client.c`) and `new_authentication_return` (`src/device.c`);
those under `org.freedesktop.DBus` are D-Bus's own.
"""

from __future__ import annotations

from bumble import att

from fpxi_hwsim.errors import SimulationError

_DBUS_ERROR = "org.freedesktop.DBus.Error"
OPERATION_FAILED = "Operation failed"
CONNECTION_CANCELED = "br-connection-canceled"
CONNECTION_ABORTED = "le-connection-abort-by-local"


class AnsweredError(SimulationError):
    """What a method call is answered with instead of a result.

    Attributes
    ----------
    name
        The D-Bus error name.
    text
        Its message.

    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        super().__init__(f"{name}: {text}")


class BluezError(AnsweredError):
    """One of `org.bluez.Error.*`; `kind` is the last part of its name."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"org.bluez.Error.{kind}", text)


def failed(text: str) -> BluezError:
    """Return the error Failed, whose text tells what it is."""
    return BluezError("Failed", text)


def not_connected() -> BluezError:
    """Answer for a GATT object whose device has no link."""
    return failed("Not connected")


def in_progress() -> BluezError:
    """Answer that the same is under way already."""
    return BluezError("InProgress", "In Progress")


def busy() -> BluezError:
    """Answer that this client has started the same already."""
    return BluezError("InProgress", "Operation already in progress")


def invalid_arguments(text: str = "Invalid arguments in method call") -> BluezError:
    """Answer that the arguments do not fit the method."""
    return BluezError("InvalidArguments", text)


def not_supported() -> BluezError:
    """Answer that the object cannot do this."""
    return BluezError("NotSupported", "Operation is not supported")


def not_permitted(text: str) -> BluezError:
    """Answer that the object does not allow this."""
    return BluezError("NotPermitted", text)


def not_ready() -> BluezError:
    """Answer that the adapter is off."""
    return BluezError("NotReady", "Resource Not Ready")


def does_not_exist() -> BluezError:
    """Answer that the thing named does not exist."""
    return BluezError("DoesNotExist", "Does Not Exist")


def already_exists() -> BluezError:
    """Answer that the thing to be made exists."""
    return BluezError("AlreadyExists", "Already Exists")


_OF_ATT: dict[int, tuple[str, str]] = {
    att.ATT_READ_NOT_PERMITTED_ERROR: ("NotPermitted", "Read not permitted"),
    att.ATT_WRITE_NOT_PERMITTED_ERROR: ("NotPermitted", "Write not permitted"),
    att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR: ("NotPermitted", "Not paired"),
    att.ATT_INSUFFICIENT_ENCRYPTION_ERROR: ("NotPermitted", "Not paired"),
    att.ATT_INSUFFICIENT_ENCRYPTION_KEY_SIZE_ERROR: ("NotPermitted", "Not paired"),
    att.ATT_INVALID_OFFSET_ERROR: ("InvalidArguments", "Invalid offset"),
    att.ATT_INVALID_ATTRIBUTE_LENGTH_ERROR: ("InvalidArguments", "Invalid Length"),
    att.ATT_INSUFFICIENT_AUTHORIZATION_ERROR: ("NotAuthorized", "Operation Not Authorized"),
    att.ATT_REQUEST_NOT_SUPPORTED_ERROR: ("NotSupported", "Operation is not supported"),
    0: ("Failed", OPERATION_FAILED),
}


def of_att(code: int) -> BluezError:
    """Answer a GATT method whose attribute answered with ATT error `code`."""
    if known := _OF_ATT.get(code):
        return BluezError(*known)
    return failed(f"{OPERATION_FAILED} with ATT error: 0x{code:02x}")


def authentication(kind: str) -> BluezError:
    """Answer that pairing gave no key; `kind` is Failed, Canceled, Rejected or Timeout."""
    return BluezError(f"Authentication{kind}", f"Authentication {kind}")


def unknown_object(path: str) -> AnsweredError:
    """Answer that no object has this path."""
    return AnsweredError(f"{_DBUS_ERROR}.UnknownObject", f"There is no object at {path}")


def unknown_method(member: str, signature: str, interface: str | None) -> AnsweredError:
    """Answer that the object has no such method."""
    return AnsweredError(
        f"{_DBUS_ERROR}.UnknownMethod",
        f'Method "{member}" with signature "{signature}" on interface "{interface or "(null)"}" '
        "doesn't exist\n",
    )


def dbus_invalid_args(text: str) -> AnsweredError:
    """Answer with D-Bus's own complaint of arguments."""
    return AnsweredError(f"{_DBUS_ERROR}.InvalidArgs", text)


def unknown_property(name: str) -> AnsweredError:
    """Answer that the interface has no such property."""
    return AnsweredError(f"{_DBUS_ERROR}.UnknownProperty", f"No such property '{name}'")


def read_only(name: str) -> AnsweredError:
    """Answer that the property cannot be set."""
    return AnsweredError(f"{_DBUS_ERROR}.PropertyReadOnly", f"Property '{name}' is not writable")
