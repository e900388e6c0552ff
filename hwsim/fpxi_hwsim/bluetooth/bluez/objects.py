"""The tree of D-Bus objects: what exists, its properties, and the signals that tell of changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from dbus_fast import Message, Variant

from fpxi_hwsim.bluetooth.bluez.names import INTROSPECTABLE, OBJECT_MANAGER, PROPERTIES, ROOT_PATH

Properties = dict[str, Variant]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a method returns: D-Bus signature, values, and the file descriptors among them."""

    signature: str = ""
    body: list[object] = field(default_factory=list)
    unix_fds: list[int] = field(default_factory=list)
    sent: Callable[[], None] | None = None
    """Called once the reply is on its way, e.g. to close descriptors that it carried."""


Handler = Callable[[Message], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of an interface: its handler and the signatures it takes and returns."""

    handler: Handler
    takes: str = ""
    returns: str = ""


class Interface:
    """One interface of one object.

    Attributes
    ----------
    path
        The object's path.
    name
        The interface's name.
    properties
        The properties that exist now.
    methods
        By member name.
    writable
        What sets a property that clients may set; it raises AnsweredError.

    """

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        self.name = name
        self.properties: Properties = {}
        self.methods: dict[str, Method] = {}
        self.writable: dict[str, Callable[[Variant], None]] = {}


class ObjectTree:
    """All interfaces by object path; changes are told to `send` as signals in their order."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._objects: dict[str, dict[str, Interface]] = {}

    def add(self, interface: Interface) -> None:
        """Export an interface of an object that was not there."""
        self._objects.setdefault(interface.path, {})[interface.name] = interface
        exported = {**_STANDARD, interface.name: interface.properties}
        self._signal(
            ROOT_PATH, OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [interface.path, exported]
        )

    def remove(self, interface: Interface) -> None:
        """Take an interface off the bus."""
        interfaces = self._objects[interface.path]
        del interfaces[interface.name]
        if not interfaces:
            del self._objects[interface.path]
        names = [interface.name, *_STANDARD]
        self._signal(ROOT_PATH, OBJECT_MANAGER, "InterfacesRemoved", "oas", [interface.path, names])

    def change(self, interface: Interface, changed: Properties) -> None:
        """Give properties new values; told even when a value is the same as before."""
        interface.properties.update(changed)
        self._signal(
            interface.path,
            PROPERTIES,
            "PropertiesChanged",
            "sa{sv}as",
            [interface.name, changed, []],
        )

    def withdraw(self, interface: Interface, *names: str) -> None:
        """Drop properties that exist no more."""
        gone = [name for name in names if interface.properties.pop(name, None) is not None]
        if gone:
            self._signal(
                interface.path,
                PROPERTIES,
                "PropertiesChanged",
                "sa{sv}as",
                [interface.name, {}, gone],
            )

    def emit(self, interface: Interface, member: str, signature: str, body: list[object]) -> None:
        """Send a signal of the interface itself."""
        self._signal(interface.path, interface.name, member, signature, body)

    def at(self, path: str) -> dict[str, Interface]:
        """Return the interfaces of the object at `path`, none when there is no such object."""
        return self._objects.get(path, {})

    def children(self, path: str) -> list[str]:
        """List the nodes right below `path`, whether objects or on the way to one."""
        prefix = path.rstrip("/") + "/"
        below = {p[len(prefix) :].split("/")[0] for p in self._objects if p.startswith(prefix)}
        return sorted(below - {""})

    def managed(self) -> dict[str, dict[str, Properties]]:
        """Return every object with its properties, as GetManagedObjects does."""
        return {
            path: {**_STANDARD, **{name: i.properties for name, i in interfaces.items()}}
            for path, interfaces in self._objects.items()
        }

    def _signal(
        self, path: str, interface: str, member: str, signature: str, body: list[object]
    ) -> None:
        self._send(Message.new_signal(path, interface, member, signature, body))


_STANDARD: dict[str, Properties] = {INTROSPECTABLE: {}, PROPERTIES: {}}
